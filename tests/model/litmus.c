/* The explorer itself: what C11 allows must be found, what it forbids must not. Each order here
 * is needed, so that weakening one shows that its kind of error is found. */
#include "runtime/base/atomic.h"
#include "tests/model/explore.h"

static struct {
    cogo__au32 flag, other;
    uint32_t data, seen[2];
} w;

static void clear(void)
{
    cogo__u32_store_relaxed(&w.flag, 0);
    cogo__u32_store_relaxed(&w.other, 0);
    w.data = w.seen[0] = w.seen[1] = 0;
}

static void write_then_flag(void *arg)
{
    (void)arg;
    w.data = 1;
    cogo__u32_store_release(&w.flag, 1);
}

/* A message is handed over: who sees the flag sees the data. */
static void message_passing(void)
{
    clear();
    unsigned writer = model_start(write_then_flag, NULL);
    if (cogo__u32_load_acquire(&w.flag) == 1) {
        MODEL_CHECK(w.data == 1);
    }
    model_join(writer);
}

static void store_and_look(void *arg)
{
    (void)arg;
    (void)cogo__u32_swap_seq_cst(&w.flag, 1);
    w.seen[0] = cogo__u32_load_seq_cst(&w.other);
}

/* Both announce themselves, then look: at least one sees the other. */
static void store_buffering(void)
{
    clear();
    unsigned thread = model_start(store_and_look, NULL);
    (void)cogo__u32_swap_seq_cst(&w.other, 1);
    w.seen[1] = cogo__u32_load_seq_cst(&w.flag);
    model_join(thread);
    MODEL_CHECK(w.seen[0] + w.seen[1] >= 1);
}

static void add_one(void *arg)
{
    (void)arg;
    (void)cogo__u32_add_relaxed(&w.flag, 1);
}

/* A relaxed addition between release and acquire keeps what the release said. */
static void release_sequence(void)
{
    clear();
    unsigned writer = model_start(write_then_flag, NULL);
    unsigned adder = model_start(add_one, NULL);
    if (cogo__u32_load_acquire(&w.flag) == 2) {
        MODEL_CHECK(w.data == 1);
    }
    model_join(writer);
    model_join(adder);
    MODEL_CHECK(cogo__u32_load_relaxed(&w.flag) >= 1);
}

static void count_up(void *arg)
{
    (void)arg;
    cogo__u32_store_relaxed(&w.flag, 1);
    cogo__u32_store_relaxed(&w.flag, 2);
}

/* One word never goes back, however relaxed. */
static void coherence(void)
{
    clear();
    unsigned writer = model_start(count_up, NULL);
    uint32_t first = cogo__u32_load_relaxed(&w.flag);
    MODEL_CHECK(cogo__u32_load_relaxed(&w.flag) >= first);
    model_join(writer);
    MODEL_CHECK(cogo__u32_load_relaxed(&w.flag) == 2);
}

static void claim(void *arg)
{
    uint32_t nobody = 0;
    if (cogo__u32_cas_acq_rel(&w.flag, &nobody, 1)) {
        w.data++;
        *(uint32_t *)arg += 1;
        uint32_t me = 1;
        (void)cogo__u32_cas_acq_rel(&w.flag, &me, 0);
    }
}

/* A word as a lock: the next holder sees what the last one wrote. */
static void handing_over(void)
{
    clear();
    unsigned other = model_start(claim, &w.seen[0]);
    claim(&w.seen[1]);
    model_join(other);
    MODEL_CHECK(w.data == w.seen[0] + w.seen[1] && w.data >= 1);
}

const model_program memory_programs[] = {
    {"litmus/message_passing", message_passing, 10000},
    {"litmus/store_buffering", store_buffering, 10000},
    {"litmus/release_sequence", release_sequence, 10000},
    {"litmus/coherence", coherence, 10000},
    {"litmus/handing_over", handing_over, 10000},
    {0},
};
