#include "runtime/actor/dead.h"

#include "runtime/actor/events.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"

#define SECOND_NS UINT64_C(1000000000)

cogo_err cogo__dead_err(cogo_dead_reason why)
{
    switch (why) {
    case COGO_DEAD_FULL:
    case COGO_DEAD_NEW:
    case COGO_DEAD_OLD:
    case COGO_DEAD_MEMORY:
    case COGO_DEAD_LINK:
        return COGO_EFULL;
    case COGO_DEAD_UNTYPED:
    case COGO_DEAD_REFUSED:
        return COGO_EINVAL;
    case COGO_DEAD_LARGE:
        return COGO_ELIMIT;
    case COGO_DEAD_TIMEOUT:
        return COGO_ETIMEOUT;
    case COGO_DEAD_STOPPED:
        return COGO_ECLOSED;
    case COGO_DEAD_GONE:
    case COGO_DEAD_LATE:
    case COGO_DEAD_UNROUTED:
    case COGO_DEAD_REASONS:
        break;
    }
    return COGO_EGONE;
}

const char *cogo_dead_reason_name(cogo_dead_reason reason)
{
    static const char *const names[COGO_DEAD_REASONS] = {
        [COGO_DEAD_GONE] = "gone",       [COGO_DEAD_LATE] = "late",
        [COGO_DEAD_FULL] = "full",       [COGO_DEAD_NEW] = "dropped-new",
        [COGO_DEAD_OLD] = "dropped-old", [COGO_DEAD_TIMEOUT] = "timeout",
        [COGO_DEAD_MEMORY] = "memory",   [COGO_DEAD_UNROUTED] = "unrouted",
        [COGO_DEAD_STOPPED] = "stopped", [COGO_DEAD_LINK] = "link-full",
        [COGO_DEAD_UNTYPED] = "untyped", [COGO_DEAD_LARGE] = "too-large",
        [COGO_DEAD_REFUSED] = "refused",
    };
    bool known = (uint32_t)reason < COGO_DEAD_REASONS && names[reason] != NULL;
    return known ? names[reason] : "unknown";
}

/* True: it may be told; else it is counted as left out. */
static bool admit(cogo__dead_subscriber *s, uint64_t now_ns)
{
    uint64_t most = cogo__u32_load_relaxed(&s->per_second);
    uint64_t second = now_ns / SECOND_NS;
    uint64_t seen = cogo__u64_load_relaxed(&s->window);
    for (;;) {
        uint64_t told = seen >> 32 == (uint32_t)second ? (uint32_t)seen : 0;
        if (told >= most) {
            (void)cogo__u64_add_relaxed(&s->suppressed, 1);
            return false;
        }
        if (cogo__u64_cas_acq_rel(&s->window, &seen, second << 32 | (told + 1))) {
            return true;
        }
    }
}

/* Caller holds the lock. */
static void set(cogo__dead *dead, cogo__dead_subscriber *s, cogo_actor_id who, uint32_t rate)
{
    bool was = cogo__u32_load_relaxed(&s->per_second) != 0;
    uint32_t count = cogo__u32_load_relaxed(&dead->count);
    s->who = who;
    // relaxed: who is told is read under the lock.
    cogo__u32_store_relaxed(&s->per_second, rate);
    cogo__u32_store_relaxed(&dead->count, count + (rate != 0) - was);
}

static void report(cogo_system *system, cogo_context *here, const cogo_dead_letter *letter)
{
    cogo__dead *dead = &system->dead;
    uint64_t now = cogo__world_now(system->world);
    for (int i = 0; i < COGO__DEAD_SUBSCRIBERS_MAX; i++) {
        cogo__dead_subscriber *s = &dead->subscribers[i];
        if (cogo__u32_load_relaxed(&s->per_second) == 0 || !admit(s, now)) {
            continue;
        }
        cogo__lock_take(&dead->lock);
        cogo_actor_id who = s->who;
        if (cogo__cell_find(system, who) == NULL) {
            set(dead, s, COGO_NO_ACTOR, 0);
            who = COGO_NO_ACTOR;
        }
        cogo__lock_give(&dead->lock);
        if (cogo_actor_id_is_set(who)) {
            cogo_dead_letter mine = *letter;
            mine.suppressed = cogo__u64_swap_acq_rel(&s->suppressed, 0);
            cogo__post(system, here, who, COGO_MSG_DEAD_LETTER, 0, letter->trace, &mine,
                       sizeof mine);
        }
    }
}

void cogo__dead_letter(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_actor_id to,
                       cogo_dead_reason why)
{
    cogo__count(system, here, COGO__DEAD, 1);
    cogo__count(system, here, (cogo__counter)(COGO__DEAD_FIRST + why), 1);
    COGO__SAW(system, here, DEAD, dead__letter, to, msg->type, why, msg->trace);
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__ask_fail(system, here, msg->ask, cogo__dead_err(why));
    }
    if ((msg->flags & COGO__MSG_REMOTE) != 0) {
        cogo__remote_consume(system, here, msg);
    }
    if (msg->type == COGO__MSG_CHILD && (msg->flags & COGO__MSG_RUNTIME) != 0) {
        // The supervisor is gone: nobody else will say what becomes of the child.
        const cogo_down *down = cogo__msg_body(msg);
        cogo__signal bury = {.reason = down->reason};
        (void)cogo__signal_send(system, here, down->actor, COGO__SIG_BURY, &bury);
    }
    if (cogo__u32_load_relaxed(&system->dead.count) != 0 && msg->type != COGO_MSG_DEAD_LETTER) {
        cogo_dead_letter letter = {
            .target = to,
            .sender = cogo_msg_sender(msg),
            .type = msg->type,
            .reason = why,
            .trace = msg->trace,
        };
        report(system, here, &letter);
    }
}

static cogo__dead_subscriber *find(cogo__dead *dead, cogo_actor_id who)
{
    for (int i = 0; i < COGO__DEAD_SUBSCRIBERS_MAX; i++) {
        cogo__dead_subscriber *s = &dead->subscribers[i];
        if (cogo_actor_id_equal(s->who, who)) {
            return s;
        }
    }
    return NULL;
}

/* Those whose actors have ended make room. Caller holds the lock. */
static void forget_ended(cogo_system *system)
{
    for (int i = 0; i < COGO__DEAD_SUBSCRIBERS_MAX; i++) {
        cogo__dead_subscriber *s = &system->dead.subscribers[i];
        if (cogo_actor_id_is_set(s->who) && cogo__cell_find(system, s->who) == NULL) {
            set(&system->dead, s, COGO_NO_ACTOR, 0);
        }
    }
}

cogo_err cogo_dead_letter_subscribe(cogo_system *system, cogo_actor_id subscriber,
                                    uint32_t per_second)
{
    if (cogo__cell_find(system, subscriber) == NULL) {
        return COGO_EGONE;
    }
    cogo__dead *dead = &system->dead;
    cogo__lock_take(&dead->lock);
    forget_ended(system);
    cogo__dead_subscriber *s = find(dead, subscriber);
    s = s != NULL ? s : find(dead, COGO_NO_ACTOR);
    if (s != NULL) {
        set(dead, s, subscriber, per_second != 0 ? per_second : COGO__DEAD_PER_SECOND);
    }
    cogo__lock_give(&dead->lock);
    return s != NULL ? COGO_OK : COGO_ELIMIT;
}

cogo_err cogo_dead_letter_unsubscribe(cogo_system *system, cogo_actor_id subscriber)
{
    cogo__dead *dead = &system->dead;
    cogo__lock_take(&dead->lock);
    cogo__dead_subscriber *s = cogo_actor_id_is_set(subscriber) ? find(dead, subscriber) : NULL;
    if (s != NULL) {
        set(dead, s, COGO_NO_ACTOR, 0);
    }
    cogo__lock_give(&dead->lock);
    return s != NULL ? COGO_OK : COGO_ENOTFOUND;
}
