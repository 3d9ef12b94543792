#include "bench/burners.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void burn(pid_t parent)
{
    // A parent that has died before this call would never be noticed.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(1);
    }
    for (volatile uint64_t n = 0;; n++) {
    }
}

bool burners_start(uint32_t count, burners *out)
{
    const pid_t parent = getpid();
    out->count = 0;
    while (out->count < count) {
        pid_t pid = out->count < BURNERS_MAX ? fork() : -1;
        if (pid == 0) {
            burn(parent);
        }
        if (pid < 0) {
            int saved = errno;
            burners_stop(out);
            errno = saved;
            return false;
        }
        out->pids[out->count++] = pid;
    }
    return true;
}

void burners_stop(burners *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        (void)kill(b->pids[i], SIGKILL);
        while (waitpid(b->pids[i], NULL, 0) < 0 && errno == EINTR) {
        }
    }
    b->count = 0;
}
