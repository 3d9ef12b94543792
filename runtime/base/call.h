/* The system calls of a round trip without what libc does around each of them for threads that
 * may be cancelled, which is two locked instructions and 40 others: lanes never are.
 * Used by links and by the poller.
 * Not where somebody stands between us and libc: a simulated network, a sanitizer. */
#ifndef COGO_BASE_CALL_H
#define COGO_BASE_CALL_H

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(COGO_ATOMIC_CHECKED) || defined(__SANITIZE_ADDRESS__) \
    || defined(__SANITIZE_THREAD__)
#    define COGO__CALL_DIRECT 0
#else
#    define COGO__CALL_DIRECT 1
#endif

static inline ssize_t cogo__call_recv(int fd, void *into, size_t room)
{
    return COGO__CALL_DIRECT ? (ssize_t)syscall(SYS_recvfrom, fd, into, room, 0, NULL, NULL)
                             : recv(fd, into, room, 0);
}

static inline ssize_t cogo__call_send(int fd, const void *bytes, size_t size)
{
    return COGO__CALL_DIRECT
               ? (ssize_t)syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, NULL, 0)
               : send(fd, bytes, size, MSG_NOSIGNAL);
}

static inline ssize_t cogo__call_recv_pieces(int fd, struct iovec *into, int count)
{
    struct msghdr all = {.msg_iov = into, .msg_iovlen = (size_t)count};
    return COGO__CALL_DIRECT ? (ssize_t)syscall(SYS_recvmsg, fd, &all, 0)
                             : recvmsg(fd, &all, 0);
}

static inline ssize_t cogo__call_send_pieces(int fd, struct iovec *pieces, int count)
{
    struct msghdr all = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    return COGO__CALL_DIRECT ? (ssize_t)syscall(SYS_sendmsg, fd, &all, MSG_NOSIGNAL)
                             : sendmsg(fd, &all, MSG_NOSIGNAL);
}

static inline int cogo__call_epoll_wait(int epoll, struct epoll_event *events, int most,
                                        int timeout_ms)
{
    return COGO__CALL_DIRECT
               ? (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, NULL, 0)
               : epoll_wait(epoll, events, most, timeout_ms);
}

#endif
