/* Polled systems: no lanes of their own, run by an event loop that the program has already.
 * Used by programs with a main loop (epoll, libev, a GUI) that want actors on its thread.
 * Never starts a thread, except for detached actors and offloaded functions.
 *
 *     config.flags = COGO_SYSTEM_POLLED;
 *     ... cogo_system_create(&config, &system) ...
 *     for (;;) { // Or what your loop calls it: see runtime/examples/embed_*.c
 *         cogo_system_poll(system, 1000000, &timeout_ns);
 *         wait until cogo_system_poll_fd(system) is readable, at most timeout_ns
 *     }
 *
 * The host's thread is the one that made the system, then the one that polled last. On it
 * cogo_system_ask(), cogo_system_await() and cogo_system_stop() run the system while they wait;
 * on any other thread they sleep, and the host has to go on polling. */
#ifndef COGO_POLL_H
#define COGO_POLL_H

#include <cogo/system.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs actors that are ready, and due timers, on the calling thread: at least one turn, then
 * for at most @p max_ns (0: one turn; UINT64_MAX: until nothing is ready). Never sleeps.
 *
 * Threads: any, one at a time; not inside a callback of this system.
 * @param out_timeout_ns may be NULL; as cogo_system_poll_timeout_ns() gives afterwards.
 * @return COGO_OK; COGO_ESTATE when the system is not polled, or another thread polls it now,
 * or in a callback of it.
 */
COGO_API cogo_err cogo_system_poll(cogo_system *system, uint64_t max_ns,
                                   uint64_t *out_timeout_ns);
/**
 * A descriptor that becomes readable when something is ready that the host does not know of: a
 * message from another thread, a result. It is written only when the system goes from idle to
 * ready, and is silent after the next cogo_system_poll(). Only wait on it: it is the system's.
 *
 * Threads: any thread.
 * @return -1 when the system is not polled.
 */
COGO_API int cogo_system_poll_fd(const cogo_system *system);
/**
 * How long the host may wait for the descriptor: 0 when something is ready now, else the ns
 * until the first timer wants to fire, UINT64_MAX when there is none.
 *
 * Threads: the one that polls.
 */
COGO_API uint64_t cogo_system_poll_timeout_ns(cogo_system *system);

#ifdef __cplusplus
}
#endif
#endif
