/* The C library and the system as the explorer plays them: memory that is watched, a clock that
 * goes on when nobody can run, threads and futexes. */
#include "tests/model/engine.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS_MAX = 4096 };

#define NS_PER_S UINT64_C(1000000000)

typedef struct block {
    void *memory;
    size_t size_bytes;
    bool freed;
} block;

static block blocks[BLOCKS_MAX];
static uint32_t block_count;
static uint64_t random_state;

void outside_begin(void)
{
    block_count = 0;
    random_state = 1;
}

/* What was freed was kept so far, so that a late access is seen. */
void outside_end(void)
{
    for (uint32_t i = 0; i < block_count; i++) {
        if (!blocks[i].freed) {
            run_fail("%zu bytes at %p were never freed", blocks[i].size_bytes,
                     blocks[i].memory);
        }
        free(blocks[i].memory);
    }
}

static void *remember(void *memory, size_t size)
{
    if (memory == NULL || !thread_inside()) {
        return memory;
    }
    if (block_count == BLOCKS_MAX) {
        run_fail("more than %d blocks of memory", BLOCKS_MAX);
    }
    races_fresh(memory, size);
    blocks[block_count++] = (block){memory, size, false};
    return memory;
}

static block *find(const void *memory)
{
    for (uint32_t i = block_count; i-- > 0;) {
        if (blocks[i].memory == memory) {
            return &blocks[i];
        }
    }
    return NULL;
}

void *outside_malloc(size_t size);
void *outside_calloc(size_t count, size_t size);
void *outside_realloc(void *memory, size_t size);
void *outside_aligned_alloc(size_t alignment, size_t size);
void outside_free(void *memory);
void *outside_memset(void *to, int value, size_t size);
void *outside_memcpy(void *to, const void *from, size_t size);
void *outside_memmove(void *to, const void *from, size_t size);
int outside_clock_gettime(clockid_t clock, struct timespec *out);
ssize_t outside_getrandom(void *out, size_t size, unsigned flags);
long outside_syscall(long number, ...);
int outside_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                           void *(*start)(void *arg), void *arg);
int outside_pthread_join(pthread_t handle, void **out);

void *outside_malloc(size_t size)
{
    return remember(malloc(size), size);
}

void *outside_calloc(size_t count, size_t size)
{
    return remember(calloc(count, size), count * size);
}

void *outside_realloc(void *memory, size_t size)
{
    const block *old = memory != NULL ? find(memory) : NULL;
    if (memory != NULL && old == NULL) {
        return realloc(memory, size);
    }
    void *bigger = outside_malloc(size);
    if (bigger != NULL && old != NULL) {
        memcpy(bigger, memory, old->size_bytes < size ? old->size_bytes : size);
        outside_free(memory);
    }
    return bigger;
}

void *outside_aligned_alloc(size_t alignment, size_t size)
{
    return remember(aligned_alloc(alignment, size), size);
}

void outside_free(void *memory)
{
    block *b = memory != NULL && thread_inside() ? find(memory) : NULL;
    if (b == NULL) {
        free(memory);
        return;
    }
    if (b->freed) {
        run_fail("%p is freed twice", memory);
    }
    races_freed(memory, b->size_bytes, __builtin_return_address(0));
    b->freed = true;
}

void *outside_memset(void *to, int value, size_t size)
{
    races_range(to, size, true, __builtin_return_address(0));
    return memset(to, value, size);
}

void *outside_memcpy(void *to, const void *from, size_t size)
{
    races_range(from, size, false, __builtin_return_address(0));
    races_range(to, size, true, __builtin_return_address(0));
    return memcpy(to, from, size);
}

void *outside_memmove(void *to, const void *from, size_t size)
{
    races_range(from, size, false, __builtin_return_address(0));
    races_range(to, size, true, __builtin_return_address(0));
    return memmove(to, from, size);
}

int outside_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (!thread_inside()) {
        return clock_gettime(clock, out);
    }
    uint64_t now = model_now_ns();
    out->tv_sec = (time_t)(now / NS_PER_S);
    out->tv_nsec = (long)(now % NS_PER_S);
    return 0;
}

ssize_t outside_getrandom(void *out, size_t size, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < size; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1;
        ((unsigned char *)out)[i] = (unsigned char)(random_state >> 56);
    }
    return (ssize_t)size;
}

/* A deadline more than this many seconds away never comes. */
enum { SECONDS_MAX = 1000000 };

/* Futexes compare with what is in memory now, and order nothing. */
static long futex(void *word, int operation, unsigned value, const struct timespec *timeout)
{
    int what = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    thread_step();
    if (what == FUTEX_WAKE || what == FUTEX_WAKE_BITSET) {
        return (long)thread_wake(word, value);
    }
    if (what != FUTEX_WAIT && what != FUTEX_WAIT_BITSET) {
        run_fail("futex operation %d is not known to the explorer", what);
    }
    if (*(const uint32_t *)word != value) {
        errno = EAGAIN;
        return -1;
    }
    uint64_t deadline = 0;
    if (timeout != NULL && timeout->tv_sec < SECONDS_MAX) {
        deadline = (uint64_t)timeout->tv_sec * NS_PER_S + (uint64_t)timeout->tv_nsec;
        deadline += what == FUTEX_WAIT ? model_now_ns() : 0;
    }
    if (!thread_block(word, deadline, "on a futex")) {
        errno = ETIMEDOUT;
        return -1;
    }
    return 0;
}

long outside_syscall(long number, ...)
{
    if (number == SYS_gettid) {
        return (long)thread_now() + 1;
    }
    if (number == SYS_sched_getattr) { // How long a thread runs at a time is chosen here.
        errno = ENOSYS;
        return -1;
    }
    if (number != SYS_futex) {
        run_fail("system call %ld is not known to the explorer", number);
    }
    va_list args;
    va_start(args, number);
    void *word = va_arg(args, void *);
    int operation = va_arg(args, int);
    unsigned value = va_arg(args, unsigned);
    const struct timespec *timeout = va_arg(args, const struct timespec *);
    va_end(args);
    return futex(word, operation, value, timeout);
}

typedef struct start {
    void *(*run)(void *arg);
    void *arg;
} start;

static start starts[MODEL_THREADS];
static unsigned start_count;

static void run_start(void *arg)
{
    const start *s = arg;
    (void)s->run(s->arg);
}

int outside_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                           void *(*run)(void *arg), void *arg)
{
    (void)attributes;
    start *s = &starts[start_count++ % MODEL_THREADS];
    *s = (start){run, arg};
    *out = model_start(run_start, s);
    return 0;
}

int outside_pthread_join(pthread_t handle, void **out)
{
    (void)out;
    model_join((unsigned)handle);
    return 0;
}
