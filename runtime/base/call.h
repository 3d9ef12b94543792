/* The system calls of a round trip without what libc does around each of them for threads that
 * may be cancelled, which is two locked instructions and 40 others: lanes never are. And
 * without a function around the instruction: when another process ran meanwhile, the processor
 * has forgotten where calls came from, and guesses each return to be elsewhere. Used by links
 * and by the poller. Not where somebody stands between us and libc: a simulated network, a
 * sanitizer. */
#ifndef COGO_BASE_CALL_H
#define COGO_BASE_CALL_H

#include <errno.h>
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

#if defined(SYS_epoll_wait) // Not everywhere; it has no mask of signals to look at.
#    define COGO__CALL_WAIT SYS_epoll_wait
#else
#    define COGO__CALL_WAIT SYS_epoll_pwait
#endif

#if COGO__CALL_DIRECT && defined(__x86_64__)
static inline long cogo__call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (__builtin_expect(result < 0, 0)) {
        errno = (int)-result;
        result = -1;
    }
    return result;
}
#else
static inline long cogo__call(long number, long a, long b, long c, long d, long e, long f)
{
    return syscall(number, a, b, c, d, e, f);
}
#endif

static inline ssize_t cogo__call_recv(int fd, void *into, size_t room)
{
    return COGO__CALL_DIRECT ? cogo__call(SYS_recvfrom, fd, (long)into, (long)room, 0, 0, 0)
                             : recv(fd, into, room, 0);
}

static inline ssize_t cogo__call_send(int fd, const void *bytes, size_t size)
{
    return COGO__CALL_DIRECT
               ? cogo__call(SYS_sendto, fd, (long)bytes, (long)size, MSG_NOSIGNAL, 0, 0)
               : send(fd, bytes, size, MSG_NOSIGNAL);
}

static inline ssize_t cogo__call_recv_pieces(int fd, struct iovec *into, int count)
{
    struct msghdr all = {.msg_iov = into, .msg_iovlen = (size_t)count};
    return COGO__CALL_DIRECT ? cogo__call(SYS_recvmsg, fd, (long)&all, 0, 0, 0, 0)
                             : recvmsg(fd, &all, 0);
}

static inline ssize_t cogo__call_send_pieces(int fd, struct iovec *pieces, int count)
{
    struct msghdr all = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    return COGO__CALL_DIRECT ? cogo__call(SYS_sendmsg, fd, (long)&all, MSG_NOSIGNAL, 0, 0, 0)
                             : sendmsg(fd, &all, MSG_NOSIGNAL);
}

static inline int cogo__call_epoll_wait(int epoll, struct epoll_event *events, int most,
                                        int timeout_ms)
{
    return COGO__CALL_DIRECT
               ? (int)cogo__call(COGO__CALL_WAIT, epoll, (long)events, most, timeout_ms, 0, 0)
               : epoll_wait(epoll, events, most, timeout_ms);
}

#endif
