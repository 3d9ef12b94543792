/* Topics: subscriptions are bonds in a scope of their own; publishing copies who they are and
 * sends without the lock. */
#include "runtime/actor/groups.h"
#include "runtime/actor/payload.h"
#include "runtime/actor/send.h"

#include <string.h>

enum { TARGETS_FIRST = 32 };

typedef struct targets {
    const cogo_allocator *from;
    cogo_actor_id *ids;
    cogo_actor_id few[TARGETS_FIRST];
    size_t count, capacity;
    bool incomplete; /**< Out of memory. */
} targets;

cogo_err cogo_topic_subscribe(cogo_system *system, const char *pattern, cogo_msg_type type,
                              cogo_actor_id id)
{
    if (!cogo__group_name_valid(pattern)) {
        return COGO_EINVAL;
    }
    return cogo__groups_add(system, COGO__TOPIC_SCOPE, pattern, COGO__BOND_MEMBER, id, type);
}

cogo_err cogo_topic_unsubscribe(cogo_system *system, const char *pattern, cogo_actor_id id)
{
    bool valid = cogo__group_name_valid(pattern);
    return valid ? cogo__groups_remove(system, COGO__TOPIC_SCOPE, pattern, id) : COGO_ENOTFOUND;
}

static void add(targets *t, cogo_actor_id id)
{
    if (t->count == t->capacity) {
        size_t wanted = t->capacity * 2;
        cogo_actor_id *bigger = cogo__alloc(t->from, wanted * sizeof *bigger);
        if (bigger == NULL) {
            t->incomplete = true;
            return;
        }
        memcpy(bigger, t->ids, t->count * sizeof *bigger);
        if (t->ids != t->few) {
            cogo__free(t->ids);
        }
        t->ids = bigger;
        t->capacity = wanted;
    }
    t->ids[t->count++] = id;
}

static void collect(targets *t, const cogo__group *group, cogo_msg_type type)
{
    for (uint32_t i = 0; group != NULL && i < group->bonds[COGO__BOND_MEMBER].count; i++) {
        const cogo__bond *bond = group->bonds[COGO__BOND_MEMBER].items[i];
        if (bond->number == 0 || bond->number == type) {
            add(t, bond->id);
        }
    }
}

static void find_targets(cogo_system *system, const char *topic, cogo_msg_type type, targets *t)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    collect(t, cogo__groups_find(groups, COGO__TOPIC_SCOPE, topic), type);
    for (const cogo__group *g = groups->prefixes; g != NULL; g = g->prefix_next) {
        if (strncmp(g->name, topic, strlen(g->name) - 1) == 0) {
            collect(t, g, type);
        }
    }
    cogo__lock_give(&groups->lock);
}

static cogo_err give(cogo_system *system, cogo_context *here, const targets *t, cogo_msg *msg,
                     size_t *out_count)
{
    cogo_err result = t->incomplete ? COGO_ENOMEM : COGO_OK;
    cogo_msg *shared = t->count > 1 ? cogo__msg_share(system, here, msg) : msg;
    msg = shared != NULL ? shared : msg; // Else each gets a copy, or none.
    for (size_t i = 0; i < t->count; i++) {
        bool last = i + 1 == t->count;
        cogo_msg *mine = last ? msg : cogo__msg_twin(system, here, msg);
        if (mine == NULL) {
            result = COGO_ENOMEM;
            continue;
        }
        cogo_err err = cogo__deliver(system, here, t->ids[i], mine, true);
        *out_count += err == COGO_OK;
        result = err == COGO_EFULL || err == COGO_ETIMEOUT ? COGO_EFULL : result;
    }
    if (t->count == 0) {
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    }
    return result;
}

static cogo_err publish(cogo_system *system, cogo_context *here, cogo_actor_id sender,
                        const char *topic, cogo_msg *msg, size_t *out_count)
{
    size_t count = 0;
    if (msg == NULL || !cogo__group_name_valid(topic) || topic[strlen(topic) - 1] == '*') {
        cogo_msg_destroy(msg);
        return COGO_EINVAL;
    }
    msg->sender = sender;
    msg->flags &= COGO__MSG_BLOCK;
    msg->enqueued_ns = 0;
    targets t = {.from = system->config.allocator, .capacity = TARGETS_FIRST};
    t.ids = t.few;
    find_targets(system, topic, msg->type, &t);
    cogo_err err = give(system, here, &t, msg, &count);
    if (t.ids != t.few) {
        cogo__free(t.ids);
    }
    if (out_count != NULL) {
        *out_count = count;
    }
    return err;
}

cogo_err cogo_topic_publish(cogo_context *ctx, const char *topic, cogo_msg *msg,
                            size_t *out_count)
{
    return publish(ctx->system, ctx, ctx->self, topic, msg, out_count);
}

cogo_err cogo_system_topic_publish(cogo_system *system, const char *topic, cogo_msg *msg,
                                   size_t *out_count)
{
    return publish(system, cogo__here_in(system), COGO_NO_ACTOR, topic, msg, out_count);
}
