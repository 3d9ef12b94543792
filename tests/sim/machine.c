/* What unit tests ask of the machine, as the simulated world gives it: threads, semaphores and
 * pauses. The linker gives it their calls. Outside of a run it is the machine's own. */
#include "runtime/base/lock.h"
#include "tests/sim/scenario.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

int __real_sem_init(sem_t *sem, int shared, unsigned int value);
int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_sem_init(sem_t *sem, int shared, unsigned int value);
int __wrap_sem_wait(sem_t *sem);
int __wrap_sem_trywait(sem_t *sem);
int __wrap_sem_post(sem_t *sem);
int __wrap_sem_destroy(sem_t *sem);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                          void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t thread, void **out);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);

/* A semaphore is a number in the first bytes of a sem_t. */
static cogo__au32 *word(sem_t *sem)
{
    return (cogo__au32 *)(void *)sem;
}

int __wrap_sem_init(sem_t *sem, int shared, unsigned int value)
{
    (void)shared;
    cogo__u32_store_release(word(sem), value);
    return 0;
}

int __wrap_sem_trywait(sem_t *sem)
{
    uint32_t seen = cogo__u32_load_relaxed(word(sem));
    return seen != 0 && cogo__u32_cas_acq_rel(word(sem), &seen, seen - 1) ? 0 : -1;
}

int __wrap_sem_wait(sem_t *sem)
{
    while (__wrap_sem_trywait(sem) != 0) {
        cogo__atomic_pause();
    }
    return 0;
}

int __wrap_sem_post(sem_t *sem)
{
    (void)cogo__u32_add_seq_cst(word(sem), 1);
    return 0;
}

int __wrap_sem_destroy(sem_t *sem)
{
    (void)sem;
    return 0;
}

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (!cogo__sim_active()) {
        return __real_nanosleep(wanted, left);
    }
    scenario_sleep((uint64_t)wanted->tv_sec * NS_PER_S + (uint64_t)wanted->tv_nsec);
    return 0;
}

/* A mutex is a word in its first bytes, and not taken while it is all zero. */
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    cogo__lock_take((cogo__lock *)(void *)mutex);
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    cogo__lock_give((cogo__lock *)(void *)mutex);
    return 0;
}

/* Everyone who waits may look again at any time: a caller has to bear that. */
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    (void)condition;
    (void)__wrap_pthread_mutex_unlock(mutex);
    cogo__atomic_pause();
    return __wrap_pthread_mutex_lock(mutex);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
    (void)condition;
    return 0;
}

typedef struct start {
    void *(*run)(void *arg);
    void *arg;
} start;

static void thread_main(void *arg)
{
    start s = *(start *)arg;
    free(arg);
    (void)s.run(s.arg);
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                          void *(*run)(void *arg), void *arg)
{
    (void)attributes;
    start *s = malloc(sizeof *s);
    scenario_check(s != NULL, "no memory for a thread");
    *s = (start){run, arg};
    *out = (pthread_t)(uintptr_t)scenario_thread("thread", thread_main, s);
    return 0;
}

int __wrap_pthread_join(pthread_t thread, void **out)
{
    (void)out;
    scenario_join((cogo__thread *)(uintptr_t)thread);
    return 0;
}
