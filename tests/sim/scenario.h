/* A scenario: one story that is played under many seeds, and what must be true of each playing.
 * Used by the files of this folder. A scenario runs inside a simulated world (base/sim.h): it
 * is that world's first thread, and may start more.
 * Never reads a clock or a random number but the world's. */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "runtime/base/sim.h"

#include <cogo/cogo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a seed may do to a scenario besides interleaving it. */
enum {
    SCENARIO_JUMPS = 1 << 0,   /**< The clock jumps forward. */
    SCENARIO_MEMORY = 1 << 1,  /**< Some allocations fail, from scenario_hunger() on. */
    SCENARIO_THREADS = 1 << 2, /**< Some threads do not start. */
    SCENARIO_CALM = 1 << 3,    /**< It counts on a machine that is not overloaded. */
};

typedef struct scenario {
    const char *name;
    const char *story;
    uint32_t faults;
    void (*run)(void);
} scenario;

/** All of them, in a fixed order. Ends with a NULL name. */
extern const scenario scenarios[];

#define SCENARIO_MS   UINT64_C(1000000)
#define SCENARIO_S    UINT64_C(1000000000)
#define SCENARIO_LONG (UINT64_C(3600) * SCENARIO_S)

/** Ends the playing as failed unless @p condition; then comes a format and what it needs. */
#define scenario_check(condition, ...)                      \
    do {                                                    \
        if (!(condition)) {                                 \
            scenario_fail(__FILE__, __LINE__, __VA_ARGS__); \
        }                                                   \
    } while (0)
/** As scenario_check(), with the condition as its text. */
#define scenario_must(condition) scenario_check(condition, "%s", #condition)

_Noreturn void scenario_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Below @p end, by the seed. */
uint64_t scenario_pick(uint64_t end);
/** True in @p percent of 100 cases. */
bool scenario_maybe(uint32_t percent);
/** The calling thread sleeps. */
void scenario_sleep(uint64_t duration_ns);

/** A thread that the runtime knows nothing of. */
cogo__thread *scenario_thread(const char *name, void (*run)(void *arg), void *arg);
void scenario_join(cogo__thread *thread);

/** A system with 1 to 4 lanes and other settings by the seed. */
cogo_system *scenario_open(void);
/** Stops and destroys it, after looking at I4, I9 and I11: nobody lives, no timer is armed, and
 * every message that was sent was handled or is a counted dead letter. */
void scenario_close(cogo_system *system);
/** The second half of scenario_close(), for systems that were stopped already. Up to @p late
 * messages may wait: those that foreign threads sent after the lanes had ended. */
void scenario_destroy(cogo_system *system, uint64_t late);

cogo_actor_id scenario_spawn(cogo_system *system, const cogo_behavior *behavior,
                             const void *args, size_t args_size, uint32_t flags);
/** A message with one number. */
cogo_msg *scenario_msg(cogo_system *system, cogo_msg_type type, uint64_t value);
uint64_t scenario_value(cogo_msg *msg);
void scenario_send(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type, uint64_t value);
void scenario_tell(cogo_system *system, cogo_actor_id to, cogo_msg_type type, uint64_t value);
/** Waits for the end of @p id. */
cogo_reason scenario_await(cogo_system *system, cogo_actor_id id);

/** From here on to scenario_feed() some allocations fail, if the seed and the scenario's faults
 * say so. */
void scenario_hunger(void);
void scenario_feed(void);

#endif
