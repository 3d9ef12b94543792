/* A sender that stands still in the middle of a send. */
#include "runtime/actor/core.h"
#include "tests/unit/runtime/scene.h"
#include "tests/unit/runtime/stock.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* ThreadSanitizer does an atomic operation under a lock of its own. */
#if defined(__SANITIZE_THREAD__)
#    define TSAN 1
#elif defined(__has_feature)
#    define TSAN __has_feature(thread_sanitizer)
#else
#    define TSAN 0
#endif
#if defined(__x86_64__) && !TSAN
enum { CAN_STEP = 1 };
#else
enum { CAN_STEP = 0 };
#endif

enum {
    WORD = COGO_MSG_USER,
    END,
    OTHERS = 2,
    LANES_PER_CPU = 4,
    HOLDS = 40,
    WINDOW = 50, // Sends of each other one while the victim stands still.
    SEND_NS_MAX = 50000,
    PAUSE_NS = 30000,
    LIMIT_S = 30,       // Of one pause: others who are not through by then wait for the victim.
    TRIES = 25 * HOLDS, // Sends of the victim: few are spoilt, since the others rest meanwhile.
    TRAP_FLAG = 0x100,  // Of the flags register: a SIGTRAP after each instruction.
};

typedef struct word {
    uint32_t sender, number;
} word;

static struct {
    cogo_system *system;
    cogo_actor_id id;
    cogo__cell *cell;
    uint64_t planted_ns; // What a bad queue would take while somebody is in the middle.
    cogo__aptr current;  // What the victim sends now.
    cogo__au32 hold;     // Its number while the victim stands still, else 0.
    cogo__au32 stepping; // 1 while the victim is on its way to the middle: the others rest.
    cogo__au32 through[OTHERS + 1]; // The hold whose window this sender has finished.
    cogo__au32 done, stuck;
    uint32_t holds;                   // The victim's.
    uint32_t next[OTHERS + 1], wrong; // The actor's.
    uint32_t sent[OTHERS + 1];
    uint64_t least_ns[OTHERS + 1][WINDOW]; // Of its sends with this place in a window.
} w;

static uint64_t clock_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
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

/* Until it is switched off again this thread gets a SIGTRAP after each instruction. */
static void step_on(void *context, bool on)
{
#if defined(__x86_64__)
    greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
    *flags = on ? *flags | TRAP_FLAG : *flags & ~(greg_t)TRAP_FLAG;
#else
    (void)context;
    (void)on;
#endif
}

static void send_word(uint32_t sender, bool victim)
{
    word body = {sender, w.sent[sender]++};
    cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof body);
    memcpy(cogo_msg_payload(msg), &body, sizeof body);
    if (victim && CAN_STEP) {
        cogo__u32_store_release(&w.stepping, 1);
        cogo__ptr_store_relaxed(&w.current, &msg->link);
        (void)raise(SIGTRAP);
    }
    (void)cogo_system_send(w.system, w.id, msg);
    if (victim) {
        cogo__ptr_store_relaxed(&w.current, NULL);
        cogo__u32_store_release(&w.stepping, 0);
    }
}

/* The victim stands still until each of the others has finished a window of sends that it began
 * meanwhile. No clock decides that they get on: who waits for the victim never does. */
static void stand_still(void)
{
    const struct timespec a_moment = {.tv_nsec = PAUSE_NS};
    uint64_t end = clock_ns() + (uint64_t)LIMIT_S * 1000000000;
    (void)cogo__u32_swap_seq_cst(&w.hold, ++w.holds);
    for (uint32_t i = 1; i <= OTHERS; i++) {
        while (cogo__u32_load_seq_cst(&w.through[i]) != w.holds) {
            if (clock_ns() > end) {
                cogo__u32_store_relaxed(&w.stuck, 1);
                break;
            }
            (void)nanosleep(&a_moment, NULL); // The others may need this CPU.
        }
    }
    (void)cogo__u32_swap_seq_cst(&w.hold, 0);
}

/* In the victim, after each instruction of its send: stops right behind the exchange, before
 * the store that links the message. If another one's send, begun before, came between these
 * two, it tries again. */
static void step(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    void *mine = cogo__ptr_load_relaxed(&w.current);
    bool middle = mine != NULL && cogo__ptr_load_relaxed(&w.cell->box.head) == mine;
    if (middle) {
        stand_still();
    }
    step_on(context, mine != NULL && !middle);
}

static void *send_as_victim(void *arg)
{
    (void)arg;
    while (w.holds < HOLDS && w.sent[0] < TRIES && cogo__u32_load_relaxed(&w.stuck) == 0) {
        send_word(0, true);
    }
    cogo__u32_store_release(&w.done, 1);
    return NULL;
}

static uint64_t timed_send(uint32_t me, uint64_t planted_ns)
{
    uint64_t begin = clock_ns();
    while (planted_ns > 0 && clock_ns() < begin + planted_ns) {
    }
    send_word(me, false);
    return clock_ns() - begin;
}

/* A window of sends while the victim stands still. */
static void send_window(uint32_t me)
{
    for (int i = 0; i < WINDOW; i++) {
        uint64_t took = timed_send(me, i == 0 ? w.planted_ns : 0);
        w.least_ns[me][i] = took < w.least_ns[me][i] ? took : w.least_ns[me][i];
    }
}

static void *send_beside(void *arg)
{
    uint32_t me = *(uint32_t *)arg;
    while (cogo__u32_load_acquire(&w.done) == 0) {
        uint32_t hold = cogo__u32_load_seq_cst(&w.hold);
        if (hold == 0 && cogo__u32_load_acquire(&w.stepping) == 0) {
            send_word(me, false);
        } else if (hold != 0 && hold != cogo__u32_load_relaxed(&w.through[me])) {
            send_window(me);
            (void)cogo__u32_swap_seq_cst(&w.through[me], hold);
        }
        (void)sched_yield();
    }
    return NULL;
}

static void play_threads(void)
{
    pthread_t victim, others[OTHERS];
    uint32_t numbers[OTHERS];
    for (uint32_t i = 0; i < OTHERS; i++) {
        numbers[i] = i + 1;
        cr_assert_eq(pthread_create(&others[i], NULL, send_beside, &numbers[i]), 0);
    }
    cr_assert_eq(pthread_create(&victim, NULL, send_as_victim, NULL), 0);
    (void)pthread_join(victim, NULL);
    for (uint32_t i = 0; i < OTHERS; i++) {
        (void)pthread_join(others[i], NULL);
    }
}

/* What the victim's standing still costs a send shows in each of its holds at the same place;
 * what a busy machine does hits one send here and one there. */
static uint64_t slowest_ns(void)
{
    uint64_t slowest = 0;
    for (uint32_t i = 1; i <= OTHERS; i++) {
        for (int j = 0; j < WINDOW; j++) {
            slowest = w.least_ns[i][j] > slowest ? w.least_ns[i][j] : slowest;
        }
    }
    return slowest;
}

/* Plays until the victim was held HOLDS times. */
static void play(uint64_t planted_ns)
{
    struct sigaction before, action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &note_all};
    cogo_msg *answer = NULL;
    memset(&w, 0, sizeof w);
    w.planted_ns = planted_ns;
    memset(w.least_ns, 0xff, sizeof w.least_ns);
    cr_assert_eq(sigaction(SIGTRAP, &action, &before), 0);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cogo_system_config config = {.struct_size = sizeof config,
                                 .lane_count = LANES_PER_CPU * (uint32_t)(cpus < 8 ? cpus : 8),
                                 .allocator = &stock_allocator};
    memset(&stock, 0, sizeof stock);
    cogo__lock_init(&stock.lock);
    cr_assert_eq(cogo_system_create(&config, &w.system), COGO_OK);
    cr_assert_eq(cogo_system_spawn(w.system, &options, &w.id), COGO_OK);
    w.cell = cogo__cell_find(w.system, w.id);
    play_threads();
    // It comes after everything that was sent before.
    cogo_msg *last = cogo_msg_create(w.system, END, 0);
    cr_assert_eq(cogo_system_ask(w.system, w.id, last, UINT64_MAX, &answer), COGO_OK);
    cogo_msg_destroy(answer);
    cogo_system_destroy(w.system);
    stock_clear();
    cogo__lock_finish(&stock.lock);
    (void)sigaction(SIGTRAP, &before, NULL);
}

/* One sender loses its CPU between the two halves of a push: for the others a send stays a
 * send, what came after it waits, nothing is lost, and each sender's order is kept. With four
 * lanes per CPU, and memory that is used again at once. */
Test(held, a_sender_that_stands_still_holds_up_nobody)
{
    play(0);
    cr_expect_eq(cogo__u32_load_relaxed(&w.stuck), 0u, "the others got on beside it");
    cr_expect_eq(w.wrong, 0u, "each sender's order");
    for (uint32_t i = 0; i <= OTHERS; i++) {
        cr_expect_eq(w.next[i], w.sent[i], "nothing lost");
    }
    if (CAN_STEP) { // Else the round may be over before anything was handled.
        cr_expect_gt(stock.again, (uint64_t)OTHERS * WINDOW, "memory is used again");
        cr_expect_eq(w.holds, (uint32_t)HOLDS, "it was caught in the middle");
        cr_expect_lt(slowest_ns(), (uint64_t)SEND_NS_MAX);
    }
}

/* What the test above measures with would see a queue that makes the others wait. */
Test(held, a_queue_that_made_others_wait_would_be_noticed)
{
    play(4 * SEND_NS_MAX);
    if (CAN_STEP) {
        cr_expect_eq(w.holds, (uint32_t)HOLDS);
        cr_expect_geq(slowest_ns(), (uint64_t)SEND_NS_MAX);
    }
}
