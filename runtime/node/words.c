/* The last words of a child process: which signal, in whose callback, and where. Said from a
 * signal handler, so with nothing that takes a lock or memory: the unwinder of libgcc has been
 * used once before, and the text is made by hand. */
#include "runtime/actor/context.h"
#include "runtime/node/process.h"

#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES_MAX = 32, TEXT_MAX = 160, NAME_SHOWN = 40 };

typedef struct line {
    char text[TEXT_MAX];
    size_t size;
} line;

static void put(line *l, const char *text, size_t most)
{
    for (size_t i = 0; i < most && text[i] != '\0' && l->size < TEXT_MAX; i++) {
        l->text[l->size++] = text[i];
    }
}

static void put_number(line *l, uint64_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    put(l, digits + at, sizeof digits - at);
}

static void say(const line *l)
{
    // Nobody may be there to hear it: then nothing can be done.
    (void)!write(COGO__CHILD_WORDS, l->text, l->size);
}

static const char *name_of(int number)
{
    return number == SIGSEGV  ? "SIGSEGV"
           : number == SIGBUS ? "SIGBUS"
           : number == SIGILL ? "SIGILL"
           : number == SIGFPE ? "SIGFPE"
                              : "SIGABRT";
}

/* Whose callback this thread is in. */
static void put_place(line *l)
{
    const cogo_context *here = cogo__here;
    const cogo__cell *cell = here != NULL ? here->cell : NULL;
    if (cell == NULL) {
        put(l, " outside of actors", TEXT_MAX);
        return;
    }
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    put(l, " in ", TEXT_MAX);
    put(l, behavior->name, NAME_SHOWN);
}

static void on_fatal(int number, siginfo_t *info, void *machine)
{
    void *frames[FRAMES_MAX];
    line l = {.size = 0};
    (void)machine;
    put(&l, name_of(number), TEXT_MAX);
    put_place(&l);
    put(&l, "\naddress 0x", TEXT_MAX);
    put_number(&l, (uint64_t)(uintptr_t)info->si_addr, 16);
    const cogo_context *here = cogo__here;
    if (here != NULL && here->cell != NULL) {
        put(&l, ", actor ", TEXT_MAX);
        put_number(&l, here->self.slot, 10);
        put(&l, ", message type ", TEXT_MAX);
        put_number(&l, cogo__u32_load_relaxed(&here->doing), 10);
    }
    put(&l, "\n", 1);
    say(&l);
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), COGO__CHILD_WORDS);
    (void)raise(number); // As it would have ended without us; see SA_RESETHAND.
}

void cogo__words_install(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    void *frame = NULL;
    (void)backtrace(&frame, 1); // Loads what it needs, so that the handler does not.
    struct sigaction ours = {.sa_sigaction = on_fatal,
                             .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER)};
    (void)sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        (void)sigaction(fatal[i], &ours, NULL);
    }
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignored, NULL);
}
