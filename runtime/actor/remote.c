#include "runtime/actor/remote.h"

#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"

#include <string.h>

static cogo__remote *remote_of(cogo_system *system)
{
    return cogo__ptr_load_acquire(&system->remote);
}

static uint64_t far_of(uint64_t generation, uint32_t node)
{
    return generation << 32 | node;
}

/* An ask that goes to another node: found again when that node is lost. The store is seen by
 * cogo__remote_lost() because pass() looks under a lock whether the node is there. */
static void note_ask(cogo_system *system, uint64_t number, uint32_t node)
{
    cogo__ref *ref = cogo__ref_find(&system->refs, number);
    if (ref != NULL) {
        cogo__u64_store_relaxed(&ref->far, far_of(number >> 32, node));
    }
}

cogo_err cogo__remote_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                           cogo_msg *msg)
{
    cogo_dead_reason why = COGO_DEAD_GONE;
    cogo__remote *remote = remote_of(system);
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        note_ask(system, msg->ask, to.node);
    }
    if (remote != NULL && remote->pass(remote, here, to, msg, &why) == COGO_OK) {
        return COGO_OK;
    }
    cogo__dead_letter(system, here, msg, to, why);
    cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    return cogo__dead_err(why);
}

cogo_err cogo__remote_place(cogo_system *system, const cogo_spawn_options *options,
                            cogo_spawn_options *out, void **out_block)
{
    cogo__remote *remote = remote_of(system);
    return remote != NULL ? remote->place(remote, options, out, out_block) : COGO_ESTATE;
}

void cogo__remote_share(cogo_system *system, cogo_context *here, const cogo__bond *bond,
                        bool joined)
{
    cogo__remote *remote = remote_of(system);
    if (remote != NULL && bond->id.node == 0) {
        remote->share(remote, here, bond, joined);
    }
}

void cogo__remote_abandon(cogo_system *system, const cogo_behavior *behavior, const void *args)
{
    cogo__remote *remote = remote_of(system);
    if (remote != NULL) {
        remote->abandon(remote, behavior, args);
    }
}

cogo_err cogo__remote_signal(cogo_system *system, cogo_context *here, cogo_actor_id to,
                             cogo_msg *msg)
{
    cogo_dead_reason why = COGO_DEAD_GONE;
    cogo__remote *remote = remote_of(system);
    msg->flags |= COGO__MSG_RUNTIME;
    if (remote != NULL && remote->pass(remote, here, to, msg, &why) == COGO_OK) {
        return COGO_OK;
    }
    cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    return COGO_EGONE;
}

void cogo__remote_consume(cogo_system *system, cogo_context *here, cogo_msg *msg)
{
    cogo__remote_cost cost;
    const char *body = cogo__msg_body(msg);
    memcpy(&cost, body + msg->size_bytes, sizeof cost);
    msg->flags &= ~(uint32_t)COGO__MSG_REMOTE;
    cogo__remote *remote = remote_of(system);
    if (here == NULL || here->cell == NULL || cost.bytes >= COGO__OWED_MOST) {
        remote->consumed(remote, here, msg->sender.node, &cost);
        return;
    }
    cogo__owed *owed = &here->owed;
    bool same = owed->node == msg->sender.node && owed->link == cost.link;
    if (!same || owed->bytes + cost.bytes > COGO__OWED_MOST) {
        cogo__remote_settle(system, here);
    }
    *owed = (cogo__owed){owed->bytes + cost.bytes, msg->sender.node, cost.link};
}

void cogo__remote_settle(cogo_system *system, cogo_context *here)
{
    cogo__remote *remote = remote_of(system);
    const cogo__remote_cost cost = {here->owed.bytes, here->owed.link};
    here->owed.bytes = 0;
    if (cost.bytes != 0) {
        remote->consumed(remote, here, here->owed.node, &cost);
    }
}

uint64_t cogo__relay_create(cogo_system *system, cogo_context *here, cogo_actor_id asker)
{
    cogo__ref *ref = NULL;
    uint64_t number = cogo__ref_create(system, here, NULL, COGO__REF_RELAY, &ref);
    if (number != 0) {
        ref->target = asker; // Read by who claims it, which is after the request was sent.
    }
    return number;
}

bool cogo__relay_claim(cogo_system *system, cogo_context *here, cogo__ref *ref, uint64_t number,
                       cogo_actor_id *out_asker)
{
    if (!cogo__ref_claim(ref, number)) {
        return false;
    }
    *out_asker = ref->target;
    cogo__ref_release(system, here, NULL, ref);
    return true;
}

cogo_err cogo__remote_relate(cogo_system *system, cogo_context *here, cogo_actor_id to,
                             cogo_msg_type type, const cogo__signal *signal)
{
    cogo__cell *cell = cogo__cell_find(system, to);
    if (cell != NULL && (type == COGO__SIG_LINK || type == COGO__SIG_MONITOR)) {
        cogo__phase_change(cell, COGO__CELL_FAR, 0);
    }
    return cogo__signal_send(system, here, to, type, signal);
}

/* The ask is claimed first, then the link is there, then the answer: so whoever has got the
 * answer is linked, and whoever has not is not. */
bool cogo__remote_spawned(cogo_system *system, cogo_context *here, uint64_t number,
                          cogo_actor_id actor, uint64_t link)
{
    cogo__ref *ref = cogo__ref_find(&system->refs, number);
    uint32_t kind = ref != NULL ? cogo__u32_load_relaxed(&ref->kind) : COGO__REF_TIMER;
    cogo_actor_id owner = ref != NULL ? cogo__ref_owner(system, ref) : COGO_NO_ACTOR;
    cogo__signal signal = {.from = actor, .number = link};
    if (kind != COGO__REF_ASK && kind != COGO__REF_WAITER) {
        return false;
    }
    cogo_msg *msg =
        cogo__msg_alloc(system, kind == COGO__REF_ASK && here != NULL ? here->heap : NULL,
                        COGO_MSG_SPAWNED, sizeof actor);
    if (msg == NULL || !cogo__ref_claim(ref, number)) {
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
        return false;
    }
    memcpy(cogo__msg_body(msg), &actor, sizeof actor);
    msg->sender = actor;
    msg->flags |= COGO__MSG_ANSWER;
    msg->ask = number;
    if (kind == COGO__REF_WAITER) {
        cogo__sched_waiter_give(system, ref, msg);
        return true;
    }
    if (link != 0
        && cogo__remote_relate(system, here, owner, COGO__SIG_LINK, &signal) != COGO_OK) {
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
        return false;
    }
    return cogo__deliver(system, here, owner, msg, false) == COGO_OK;
}

void cogo__remote_watched(cogo__ref *ref, uint64_t number, cogo_actor_id target)
{
    cogo__u64_store_relaxed(&ref->far_actor, (uint64_t)target.generation << 32 | target.slot);
    cogo__u64_store_relaxed(&ref->far, far_of(number >> 32, target.node));
}

/* Whoever watched takes the DOWN only if the reference is still there, once: it may have been
 * answered or taken back by now. */
static void lose_ref(cogo_system *system, cogo_context *here, cogo__ref *ref,
                     cogo_actor_id node, const cogo_reason *reason)
{
    uint64_t state = cogo__u64_load_acquire(&ref->state);
    uint64_t generation = cogo__ref_generation(state);
    if (!cogo__ref_waits(state)
        || cogo__u64_load_relaxed(&ref->far) != far_of(generation, node.node)) {
        return;
    }
    uint64_t number = cogo__ref_number(generation, ref->index);
    if (cogo__u32_load_relaxed(&ref->kind) != COGO__REF_MONITOR) {
        cogo__ask_fail(system, here, number, COGO_EGONE);
        return;
    }
    uint64_t actor = cogo__u64_load_relaxed(&ref->far_actor);
    cogo_actor_id owner = cogo__ref_owner(system, ref);
    cogo_down down = {.actor = node, .monitor = number, .reason = *reason};
    down.actor.slot = (uint32_t)actor;
    down.actor.generation = (uint32_t)(actor >> 32);
    cogo__post(system, here, owner, COGO_MSG_DOWN, number, 0, &down, sizeof down);
}

void cogo__remote_lost(cogo_system *system, cogo_context *here, uint32_t node,
                       uint32_t incarnation, const cogo_reason *reason)
{
    cogo_actor_id lost = {.node = node, .incarnation = incarnation};
    uint32_t end = cogo__u32_load_acquire(&system->refs.fresh);
    for (uint32_t i = 1; i < end; i++) {
        lose_ref(system, here, cogo__table_at(&system->refs, i), lost, reason);
    }
    cogo__signal signal = {.from = lost, .reason = *reason};
    end = cogo__u32_load_acquire(&system->cells.fresh);
    for (uint32_t slot = 1; slot < end; slot++) {
        cogo__cell *cell = cogo__table_at(&system->cells, slot);
        if ((cogo__u32_load_seq_cst(&cell->phase) & COGO__CELL_FAR) != 0) {
            cogo_actor_id id = cogo__cell_id(system, cell);
            (void)cogo__signal_send(system, here, id, COGO__SIG_LOST, &signal);
        }
    }
}
