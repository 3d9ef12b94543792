/* The unwinder of libgcc allocates on its first use only: install() does that, so that the
 * handler does not. The value that comes with the signal says where to write, so that nothing
 * is global and many systems share one handler. */
#include "runtime/base/stack.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_signal(int number, siginfo_t *info, void *machine)
{
    (void)number, (void)machine;
    if (info->si_code != SI_QUEUE || info->si_pid != getpid()) {
        return; // Not ours: somebody else may send this signal, too.
    }
    cogo__stack *stack = info->si_value.sival_ptr;
    const cogo__world *world = cogo__world_os();
    stack->count = (uint32_t)backtrace(stack->frames, COGO__STACK_FRAMES);
    cogo__u32_store_release(&stack->done, 1);
    cogo__world_wake(world, stack->parker); // An exchange and a system call: allowed here.
}

cogo_err cogo__stack_install(int signal)
{
    struct sigaction now = {0};
    if (sigaction(signal, NULL, &now) != 0) {
        return COGO_EINVAL;
    }
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal) {
        return COGO_OK;
    }
    if ((now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL) {
        return COGO_EEXIST;
    }
    void *frame = NULL;
    (void)backtrace(&frame, 1);
    struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    (void)sigfillset(&ours.sa_mask);
    return sigaction(signal, &ours, NULL) == 0 ? COGO_OK : COGO_EINVAL;
}

void cogo__stack_listen(int signal)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void cogo__stack_text(const void *frame, char out[COGO__STACK_TEXT])
{
    Dl_info info = {0};
    if (dladdr(frame, &info) == 0 || info.dli_fname == NULL) {
        (void)snprintf(out, COGO__STACK_TEXT, "%p", frame);
    } else if (info.dli_sname != NULL) {
        (void)snprintf(out, COGO__STACK_TEXT, "%s+0x%zx", info.dli_sname,
                       (size_t)((const char *)frame - (const char *)info.dli_saddr));
    } else {
        const char *slash = strrchr(info.dli_fname, '/');
        (void)snprintf(out, COGO__STACK_TEXT, "%s+0x%zx",
                       slash != NULL ? slash + 1 : info.dli_fname,
                       (size_t)((const char *)frame - (const char *)info.dli_fbase));
    }
}
