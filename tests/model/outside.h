/* Put before every source of the runtime and of the programs by the build: what they call of
 * the C library and of the system, as far as the explorer has to know of it.
 * Used by the compiler only (-include).
 * Never changes the sources: threads, futexes, time and memory keep their names. */
#ifndef TESTS_MODEL_OUTSIDE_H
#define TESTS_MODEL_OUTSIDE_H

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void *outside_malloc(size_t size);
void *outside_calloc(size_t count, size_t size);
void *outside_realloc(void *block, size_t size);
void *outside_aligned_alloc(size_t alignment, size_t size);
void outside_free(void *block);
void *outside_memset(void *to, int value, size_t size);
void *outside_memcpy(void *to, const void *from, size_t size);
void *outside_memmove(void *to, const void *from, size_t size);
int outside_clock_gettime(clockid_t clock, struct timespec *out);
ssize_t outside_getrandom(void *out, size_t size, unsigned flags);
long outside_syscall(long number, ...);
int outside_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                           void *(*run)(void *arg), void *arg);
int outside_pthread_join(pthread_t thread, void **out);

#define malloc(size)                outside_malloc(size)
#define calloc(count, size)         outside_calloc(count, size)
#define realloc(block, size)        outside_realloc(block, size)
#define aligned_alloc(align, size)  outside_aligned_alloc(align, size)
#define free(block)                 outside_free(block)
#define memset(to, value, size)     outside_memset(to, value, size)
#define memcpy(to, from, size)      outside_memcpy(to, from, size)
#define memmove(to, from, size)     outside_memmove(to, from, size)
#define clock_gettime(clock, out)   outside_clock_gettime(clock, out)
#define getrandom(out, size, flags) outside_getrandom(out, size, flags)
#define syscall(...)                outside_syscall(__VA_ARGS__)
#define pthread_create(t, a, r, x)  outside_pthread_create(t, a, r, x)
#define pthread_join(thread, out)   outside_pthread_join(thread, out)
#define pthread_setname_np(t, name) ((void)(t), (void)(name), 0)
#define pthread_sigmask(how, a, b)  ((void)(a), (void)(b), 0)

#endif
