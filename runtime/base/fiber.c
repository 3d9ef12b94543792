/* ucontext makes a stack and enters it the first time. All later switches are _setjmp and
 * _longjmp, because swapcontext() asks the kernel for the signal mask each time (20 times
 * slower). longjmp's check of _FORTIFY_SOURCE takes a jump to another stack for an error. */
#undef _FORTIFY_SOURCE
#include "runtime/base/fiber.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#    define FIBER_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define FIBER_ASAN 1
#    endif
#endif
#ifdef FIBER_ASAN
#    include <sanitizer/asan_interface.h>
#    include <sanitizer/common_interface_defs.h>
#endif

struct cogo__fiber {
    jmp_buf place; // Where it goes on.
    void (*run)(void *arg);
    void *arg;
    char *memory; // Guard page, then the stack. NULL: adopted.
    size_t memory_size_bytes;
    bool entered; // Its stack is in use: go on at `place`.
    bool left;
    ucontext_t first;  // How to enter it.
    cogo__fiber *last; // Who switched to us.
    // For AddressSanitizer; the stack of an adopted one is learned when it is left first.
    const void *stack_bottom;
    size_t stack_size_bytes;
    void *fake_stack;
};

#ifdef FIBER_ASAN
static void before_switch(cogo__fiber *from, const cogo__fiber *to)
{
    __sanitizer_start_switch_fiber(from->left ? NULL : &from->fake_stack, to->stack_bottom,
                                   to->stack_size_bytes);
}

static void after_switch(cogo__fiber *now)
{
    __sanitizer_finish_switch_fiber(now->fake_stack, &now->last->stack_bottom,
                                    &now->last->stack_size_bytes);
}

/* Frames that were never returned from have left marks. */
static void forget_stack(const cogo__fiber *fiber)
{
    ASAN_UNPOISON_MEMORY_REGION(fiber->stack_bottom, fiber->stack_size_bytes);
}
#else
static void before_switch(cogo__fiber *from, const cogo__fiber *to)
{
    (void)from;
    (void)to;
}

static void after_switch(cogo__fiber *now)
{
    (void)now;
}

static void forget_stack(const cogo__fiber *fiber)
{
    (void)fiber;
}
#endif

cogo__fiber *cogo__fiber_adopt(void)
{
    cogo__fiber *fiber = calloc(1, sizeof *fiber);
    if (fiber != NULL) {
        fiber->entered = true;
    }
    return fiber;
}

/* makecontext() passes ints only: a pointer goes as two halves. */
static void enter(unsigned int high, unsigned int low)
{
    cogo__fiber *fiber = (cogo__fiber *)((uintptr_t)high << 32 | low);
    after_switch(fiber);
    fiber->run(fiber->arg);
    abort(); // It has to leave.
}

cogo__fiber *cogo__fiber_create(size_t stack_size_bytes, void (*run)(void *arg), void *arg)
{
    cogo__fiber *fiber = calloc(1, sizeof *fiber);
    if (fiber == NULL) {
        return NULL;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t wanted = stack_size_bytes != 0 ? stack_size_bytes : COGO__FIBER_STACK_DEFAULT;
    fiber->stack_size_bytes = (wanted + page - 1) / page * page;
    fiber->memory_size_bytes = fiber->stack_size_bytes + page;
    char *memory = mmap(NULL, fiber->memory_size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        free(fiber);
        return NULL;
    }
    fiber->memory = memory;
    fiber->stack_bottom = memory + page;
    if (mprotect(memory, page, PROT_NONE) != 0) {
        cogo__fiber_destroy(fiber);
        return NULL;
    }
    cogo__fiber_reuse(fiber, run, arg);
    return fiber;
}

void cogo__fiber_reuse(cogo__fiber *fiber, void (*run)(void *arg), void *arg)
{
    fiber->run = run;
    fiber->arg = arg;
    fiber->entered = false;
    fiber->left = false;
    fiber->fake_stack = NULL;
    forget_stack(fiber);
    (void)getcontext(&fiber->first);
    fiber->first.uc_stack.ss_sp =
        fiber->memory + fiber->memory_size_bytes - fiber->stack_size_bytes;
    fiber->first.uc_stack.ss_size = fiber->stack_size_bytes;
    fiber->first.uc_link = NULL;
    makecontext(&fiber->first, (void (*)(void))enter, 2, (unsigned int)((uintptr_t)fiber >> 32),
                (unsigned int)(uintptr_t)fiber);
}

void cogo__fiber_destroy(cogo__fiber *fiber)
{
    if (fiber == NULL) {
        return;
    }
    if (fiber->memory != NULL) {
        forget_stack(fiber);
        (void)munmap(fiber->memory, fiber->memory_size_bytes);
    }
    free(fiber);
}

static _Noreturn void go_to(cogo__fiber *from, cogo__fiber *to)
{
    to->last = from;
    before_switch(from, to);
    if (to->entered) {
        _longjmp(to->place, 1);
    }
    to->entered = true;
    (void)setcontext(&to->first);
    abort(); // It came back: the context is broken.
}

void cogo__fiber_switch(cogo__fiber *from, cogo__fiber *to)
{
    if (from != to && _setjmp(from->place) == 0) {
        go_to(from, to);
    }
    if (from != to) {
        after_switch(from);
    }
}

void cogo__fiber_leave(cogo__fiber *from, cogo__fiber *to)
{
    from->left = true;
    go_to(from, to);
}

bool cogo__fiber_left(const cogo__fiber *fiber)
{
    return fiber->left;
}
