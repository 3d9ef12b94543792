/* Relief: a callback that sends very many messages lets those who wait for them run in between.
 * Without it they all pile up, and each is written to memory and read back from there; and who
 * waits on this lane waits for the whole flood.
 *
 * The turns run on the stack of the callback, one level deep: what a relieved actor sends is
 * relieved by nobody. Only actors that became ready since the callback's turn began are run,
 * and those in the injector; the callback is held up for at most one turn's time and one more
 * turn per COGO__RELIEF. Its own actor is held by this lane all the time, so that its callbacks
 * never overlap. */
#include "runtime/actor/life.h"
#include "runtime/sched/sched.h"

enum { CLOCK_TURNS = 8 }; // The clock is read once per so many turns.

/* What belongs to the callback's turn and not to the lane. */
typedef struct kept {
    cogo__cell *cell;
    cogo_actor_id self;
    cogo_msg *current;
    uint32_t doing;
    uint64_t trace, request, begun_ns;
    uint32_t charged;
    uint64_t deadline_ns;
} kept;

static kept keep(cogo_context *ctx)
{
    kept k = {.cell = ctx->cell,
              .self = ctx->self,
              .current = ctx->current,
              .doing = cogo__u32_load_relaxed(&ctx->doing),
              .trace = ctx->trace,
              .request = ctx->request,
              .begun_ns = ctx->begun_ns,
              .charged = ctx->charged,
              .deadline_ns = ctx->deadline_ns};
    ctx->request = 0;
    ctx->begun_ns = 0;
    return k;
}

static void give_back(cogo_context *ctx, const kept *k)
{
    ctx->cell = k->cell;
    ctx->self = k->self;
    ctx->current = k->current;
    cogo__u32_store_relaxed(&ctx->doing, k->doing);
    ctx->trace = k->trace;
    ctx->request = k->request;
    ctx->begun_ns = k->begun_ns;
    ctx->charged = k->charged;
    ctx->deadline_ns = k->deadline_ns;
}

static cogo__cell *next_ready(cogo__lane *lane)
{
    cogo__cell *cell = cogo__lane_take_slot(lane);
    if (cell == NULL && cogo__u64_load_relaxed(&lane->deque.bottom) > lane->floor) {
        cell = cogo__lane_take_newest(lane);
    }
    return cell != NULL ? cell : cogo__lane_take_injected(lane);
}

void cogo__sched_relieve(cogo_context *here)
{
    cogo__lane *lane = cogo__lane_of(here);
    cogo_system *system = here->system;
    if (lane->relieving || cogo__u32_load_relaxed(&lane->sched->halt) != 0) {
        return;
    }
    cogo__cell *cell = next_ready(lane);
    if (cell == NULL) {
        return;
    }
    lane->relieving = true;
    kept k = keep(here);
    uint64_t end = cogo__world_now(system->world) + system->config.batch_ns;
    for (uint32_t turns = 1; cell != NULL; turns++) {
        cogo__ptr_store_release(&lane->running, cell);
        cogo__turn_result result = cogo__turn(here, cell);
        cogo__u64_bump(&lane->turns, 2); // Still inside one.
        bool over = turns % CLOCK_TURNS == 0 && cogo__world_now(system->world) >= end;
        if (result == COGO__TURN_AGAIN && over) {
            cogo__injector_push(&lane->sched->spent, cell);
            cogo__wake_one(lane->sched, here);
        }
        if (over) {
            break;
        }
        cell = result == COGO__TURN_AGAIN ? cell : next_ready(lane);
    }
    give_back(here, &k);
    cogo__ptr_store_release(&lane->running, k.cell);
    lane->relieving = false;
}
