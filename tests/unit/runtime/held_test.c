/* A sender that stands still in the middle of a send, and memory that is used again at once. */
#include "runtime/actor/core.h"
#include "tests/unit/runtime/scene.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
enum { SIGNALS_ARE_LATE = 1 }; // ThreadSanitizer delivers them between its own calls.
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
enum { SIGNALS_ARE_LATE = 1 };
#    else
enum { SIGNALS_ARE_LATE = 0 };
#    endif
#else
enum { SIGNALS_ARE_LATE = 0 };
#endif

enum {
    WORD = COGO_MSG_USER,
    END,
    OTHERS = 2,
    HOLDS = 10,
    HOLD_NS = 2000000,
    SEND_NS_MAX = 50000,
    ROUNDS = 3,
    ROUND_US_MAX = 3000000,
    PAUSE_NS = 30000,
    BACKLOG = 200000, // Messages of one sender in one round.
};

typedef struct word {
    uint32_t sender, number;
} word;

static struct {
    cogo_system *system;
    cogo_actor_id id;
    cogo__cell *cell;
    cogo__aptr current; // What the victim sends now.
    cogo__au32 holds, held, done;
    uint32_t next[OTHERS + 1], wrong; // The actor's.
    uint32_t sent[OTHERS + 1];
    uint64_t worst_ns[OTHERS + 1];
    uint64_t beside[OTHERS + 1]; // Sends while the victim was held.
} w;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static cogo_err note_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == END) {
        return cogo_reply(ctx, msg, cogo_msg_create(w.system, END, 0));
    }
    word got;
    memcpy(&got, cogo_msg_payload(msg), sizeof got);
    w.wrong += got.number != w.next[got.sender];
    w.next[got.sender] = got.number + 1;
    return COGO_OK;
}

static const cogo_behavior note_all = {
    .struct_size = sizeof(cogo_behavior), .name = "note_all", .receive = note_receive};

static void send_word(uint32_t sender, bool victim)
{
    word body = {sender, w.sent[sender]++};
    cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof body);
    memcpy(cogo_msg_payload(msg), &body, sizeof body);
    if (victim) {
        cogo__ptr_store_relaxed(&w.current, &msg->link);
    }
    (void)cogo_system_send(w.system, w.id, msg);
    if (victim) {
        cogo__ptr_store_relaxed(&w.current, NULL);
    }
}

/* In the victim: between the exchange of its send and the end of the send, nothing came after.
 */
static void hold_still(int number)
{
    (void)number;
    void *mine = cogo__ptr_load_relaxed(&w.current);
    if (mine == NULL || cogo__ptr_load_relaxed(&w.cell->box.head) != mine) {
        return;
    }
    (void)cogo__u32_swap_seq_cst(&w.held, 1);
    uint64_t end = clock_ns(CLOCK_MONOTONIC) + HOLD_NS;
    while (clock_ns(CLOCK_MONOTONIC) < end) {
    }
    (void)cogo__u32_swap_seq_cst(&w.held, 0);
    (void)cogo__u32_add_relaxed(&w.holds, 1);
}

static void *send_as_victim(void *arg)
{
    (void)arg;
    while (cogo__u32_load_relaxed(&w.done) == 0 && w.sent[0] < BACKLOG) {
        send_word(0, true);
    }
    return NULL;
}

/* Its own CPU time: what the kernel does meanwhile is not the send's fault. */
static void *send_beside(void *arg)
{
    uint32_t me = *(uint32_t *)arg;
    while (cogo__u32_load_relaxed(&w.done) == 0 && w.sent[me] < BACKLOG) {
        bool held = cogo__u32_load_seq_cst(&w.held) != 0;
        uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        send_word(me, false);
        uint64_t took = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
        if (held && cogo__u32_load_seq_cst(&w.held) != 0) {
            w.beside[me]++;
            w.worst_ns[me] = took > w.worst_ns[me] ? took : w.worst_ns[me];
        } else {
            (void)sched_yield(); // So that the backlog grows while it is held, not before.
        }
    }
    return NULL;
}

static void play_round(void)
{
    pthread_t victim, others[OTHERS];
    uint32_t numbers[OTHERS];
    cr_assert_eq(pthread_create(&victim, NULL, send_as_victim, NULL), 0);
    for (uint32_t i = 0; i < OTHERS; i++) {
        numbers[i] = i + 1;
        cr_assert_eq(pthread_create(&others[i], NULL, send_beside, &numbers[i]), 0);
    }
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)ROUND_US_MAX * 1000;
    while (cogo__u32_load_relaxed(&w.holds) < HOLDS && clock_ns(CLOCK_MONOTONIC) < end) {
        (void)pthread_kill(victim, SIGUSR1);
        (void)nanosleep(&pause, NULL);
    }
    cogo__u32_store_relaxed(&w.done, 1);
    (void)pthread_join(victim, NULL);
    for (uint32_t i = 0; i < OTHERS; i++) {
        (void)pthread_join(others[i], NULL);
    }
}

/* One sender loses its CPU between the two halves of a push: for the others a send stays a
 * send, what came after it waits, nothing is lost, and each sender's order is kept. */
Test(held, a_sender_that_stands_still_holds_up_nobody)
{
    struct sigaction before, action = {.sa_handler = hold_still};
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &note_all};
    uint64_t worst = UINT64_MAX, beside = 0;
    uint32_t holds = 0;
    cr_assert_eq(sigaction(SIGUSR1, &action, &before), 0);
    for (int round = 0; round < ROUNDS && (worst >= SEND_NS_MAX || beside == 0); round++) {
        memset(&w, 0, sizeof w);
        cogo_msg *answer = NULL;
        cr_assert_eq(cogo_system_create(NULL, &w.system), COGO_OK);
        cr_assert_eq(cogo_system_spawn(w.system, &options, &w.id), COGO_OK);
        w.cell = cogo__cell_find(w.system, w.id);
        play_round();
        // It comes after everything that was sent before.
        cr_assert_eq(cogo_system_ask(w.system, w.id, cogo_msg_create(w.system, END, 0),
                                     UINT64_MAX, &answer),
                     COGO_OK);
        cogo_msg_destroy(answer);
        cr_expect_eq(w.wrong, 0u, "each sender's order");
        worst = 0;
        for (uint32_t i = 0; i <= OTHERS; i++) {
            cr_expect_eq(w.next[i], w.sent[i], "nothing lost");
            worst = w.worst_ns[i] > worst ? w.worst_ns[i] : worst;
            beside += w.beside[i];
        }
        holds += cogo__u32_load_relaxed(&w.holds);
        cogo_system_destroy(w.system);
    }
    (void)sigaction(SIGUSR1, &before, NULL);
    if (!SIGNALS_ARE_LATE) {
        cr_expect_geq(holds, 1u, "the victim was caught in the middle");
        cr_expect_geq(beside, 1u, "others sent meanwhile");
        cr_expect_lt(worst, (uint64_t)SEND_NS_MAX);
    }
}

/* --- Memory that is used again at once, last in first out. ---------------------------------
 */

enum { NODES = 8, EACH = 60000 };

typedef struct node {
    cogo__link link;
    cogo__link *below; // In the stack of free ones.
    uint32_t sender, number;
} node;

static struct {
    cogo__mailbox box;
    cogo__link *tail;
    cogo__aptr free[OTHERS]; // Stacks: the receiver puts, only its sender takes.
    cogo__au32 right;
    node nodes[OTHERS][NODES];
} r;

static void give(cogo__link *link)
{
    if (link == NULL) {
        return;
    }
    node *n = (node *)(void *)link;
    void *top = cogo__ptr_load_relaxed(&r.free[n->sender]);
    do {
        n->below = top;
    } while (!cogo__ptr_cas_acq_rel(&r.free[n->sender], &top, link));
}

/* The one that was given last: its memory is still in the receiver's hands, so to speak. */
static node *take_last(uint32_t sender)
{
    void *top = cogo__ptr_load_acquire(&r.free[sender]);
    while (top == NULL || !cogo__ptr_cas_acq_rel(&r.free[sender], &top, ((node *)top)->below)) {
        if (top == NULL) {
            (void)sched_yield();
            top = cogo__ptr_load_acquire(&r.free[sender]);
        }
    }
    return top;
}

static void *push_recycled(void *arg)
{
    uint32_t me = *(uint32_t *)arg;
    for (uint32_t i = 0; i < EACH; i++) {
        node *n = take_last(me);
        n->number = i;
        if (cogo__mailbox_push(&r.box, &n->link)) {
            cogo__u32_store_release(&r.right, 1);
        }
    }
    return NULL;
}

/* A queue that is right only as long as memory rests a while after its use is wrong: a false
 * "empty" on a recycled node slept in another runtime for years. */
Test(held, memory_that_is_used_again_at_once_loses_nothing)
{
    pthread_t threads[OTHERS];
    uint32_t numbers[OTHERS], next[OTHERS] = {0}, wrong = 0;
    memset(&r, 0, sizeof r);
    cogo__mailbox_init(&r.box, &r.tail);
    for (uint32_t i = 0; i < OTHERS; i++) {
        for (uint32_t j = 0; j < NODES; j++) {
            r.nodes[i][j].sender = i;
            give(&r.nodes[i][j].link);
        }
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, push_recycled, &numbers[i]), 0);
    }
    bool holds = false;
    for (uint32_t got = 0; got < OTHERS * EACH;) {
        holds = holds || cogo__u32_swap_acq_rel(&r.right, 0) == 1;
        if (!holds) {
            (void)sched_yield();
            continue;
        }
        cogo__link *done = NULL, *link = cogo__mailbox_peek(r.tail);
        if (link != NULL) {
            give(cogo__mailbox_take(&r.box, &r.tail, link));
            const node *n = (node *)(void *)link;
            wrong += n->number != next[n->sender]++;
            got++;
            if (got % 5 == 0) { // As a handler that keeps its message, and then frees it.
                cogo__mailbox_detach(&r.box, &r.tail);
                give(link);
            }
        } else if (cogo__mailbox_empty(&r.box, r.tail)
                   && cogo__mailbox_idle(&r.box, &r.tail, &done)) {
            give(done);
            holds = false;
        }
    }
    for (uint32_t i = 0; i < OTHERS; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(next[i], (uint32_t)EACH);
    }
    cr_expect_eq(wrong, 0u);
}
