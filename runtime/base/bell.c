#include "runtime/base/bell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, SECONDS_MOST = 1000000 };

cogo_err cogo__bell_open(cogo__bell *bell)
{
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return bell->fd >= 0 ? COGO_OK : COGO_EIO;
}

void cogo__bell_close(cogo__bell *bell)
{
    if (bell->fd >= 0) {
        (void)close(bell->fd);
        bell->fd = -1;
    }
}

/* acq_rel: pairs with answer(). A ring that finds the mark set is heard with the one before:
 * that one's answer comes after our exchange, and its caller looks for work after that. */
void cogo__bell_ring(cogo__bell *bell)
{
    if (cogo__u32_swap_acq_rel(&bell->rings, 1) == 0) {
        const uint64_t one = 1;
        ssize_t done = write(bell->fd, &one, sizeof one); // Can't be full: it is 0 or 1.
        (void)done;
    }
}

/* First the descriptor, then the mark: the other way round a ring in between would set the mark
 * and have its write read away, and no later ring would write. */
bool cogo__bell_answer(cogo__bell *bell)
{
    if (cogo__u32_load_acquire(&bell->rings) == 0) {
        return false;
    }
    uint64_t count = 0;
    ssize_t done = read(bell->fd, &count, sizeof count); // Empty: the write is to come.
    (void)done;
    (void)cogo__u32_swap_acq_rel(&bell->rings, 0);
    return true;
}

void cogo__bell_wait(const cogo__bell *bell, uint64_t timeout_ns)
{
    struct pollfd wanted = {.fd = bell->fd, .events = POLLIN};
    uint64_t seconds = timeout_ns / NS_PER_S;
    struct timespec t = {
        .tv_sec = (time_t)(seconds < SECONDS_MOST ? seconds : SECONDS_MOST),
        .tv_nsec = (long)(timeout_ns % NS_PER_S),
    };
    (void)ppoll(&wanted, 1, timeout_ns != UINT64_MAX ? &t : NULL, NULL);
}
