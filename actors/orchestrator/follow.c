/* Followers of events: of one task, or of all. One that stands by follows at the leader what is
 * followed at it. */
#include "actors/orchestrator/follow.h"

#include <string.h>

static orc_follower *find(orc *o, cogo_actor_id actor, const char *task_id)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        orc_follower *f = &o->followers[i];
        if (cogo_actor_id_equal(f->actor, actor) && strcmp(f->task_id, task_id) == 0) {
            return f;
        }
    }
    return NULL;
}

static void forget(orc *o, orc_follower *f)
{
    *f = o->followers[--o->follower_count];
}

/* Standing by, it tells the leader. */
static void tell_leader(orc *o, const char *task_id, cogo_msg_type type)
{
    events_follow what = {.task_id = task_id[0] == '\0' ? NULL : task_id};
    if (o->phase == ORC_FOLLOWING && cogo_actor_id_is_set(o->leader)) {
        (void)cogo_send(o->ctx, o->leader, cogo_msg_create_record(o->system, type, &what));
    }
}

static bool is_followed(const orc *o, const char *task_id)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        if (strcmp(o->followers[i].task_id, task_id) == 0) {
            return true;
        }
    }
    return false;
}

void orc_on_follow(orc *o, cogo_msg *msg)
{
    const events_follow *follow = cogo_msg_payload(msg);
    const char *task_id = follow->task_id == NULL ? "" : follow->task_id;
    cogo_actor_id actor = cogo_msg_sender(msg);
    if (strlen(task_id) >= ID_SIZE || o->follower_count >= FOLLOWERS_MAX
        || find(o, actor, task_id) != NULL) {
        return;
    }
    if (o->follower_count == o->follower_capacity) {
        o->follower_capacity = o->follower_capacity == 0 ? 8 : o->follower_capacity * 2;
        o->followers = orc_realloc(o->followers, o->follower_capacity * sizeof *o->followers);
    }
    orc_follower one = {.actor = actor};
    memcpy(one.task_id, task_id, strlen(task_id) + 1);
    if (cogo_monitor(o->ctx, actor, &one.monitor) == COGO_OK) {
        o->followers[o->follower_count++] = one;
        tell_leader(o, task_id, MSG_EVENTS_FOLLOW);
    }
}

void orc_on_unfollow(orc *o, cogo_msg *msg)
{
    const events_follow *follow = cogo_msg_payload(msg);
    orc_follower *f =
        find(o, cogo_msg_sender(msg), follow->task_id == NULL ? "" : follow->task_id);
    if (f != NULL) {
        char task_id[ID_SIZE];
        memcpy(task_id, f->task_id, sizeof task_id);
        cogo_demonitor(o->ctx, f->monitor);
        forget(o, f);
        if (!is_followed(o, task_id)) {
            tell_leader(o, task_id, MSG_EVENTS_UNFOLLOW);
        }
    }
}

bool orc_follower_down(orc *o, uint64_t monitor)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        if (o->followers[i].monitor == monitor) {
            forget(o, &o->followers[i]);
            return true;
        }
    }
    return false;
}

static bool follows(const orc_follower *f, const char *task_id)
{
    return f->task_id[0] == '\0' || strcmp(f->task_id, task_id) == 0;
}

bool orc_followed(const orc *o, const char *task_id)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        if (follows(&o->followers[i], task_id)) {
            return true;
        }
    }
    return false;
}

void orc_follow_send(orc *o, const task_event *event, bool after_commit)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        const orc_follower *f = &o->followers[i];
        if (!follows(f, event->task_id)) {
            continue;
        }
        cogo_msg *msg = cogo_msg_create_record(o->system, MSG_EVENT, event);
        if (after_commit) {
            orc_outbox_put(o, f->actor, msg, false);
        } else {
            (void)cogo_send(o->ctx, f->actor, msg);
        }
    }
}

void orc_on_event(orc *o, cogo_msg *msg)
{
    if (o->phase == ORC_FOLLOWING && cogo_actor_id_equal(cogo_msg_sender(msg), o->leader)) {
        orc_follow_send(o, cogo_msg_payload(msg), false);
    }
}

/* A sequence behind all others: who follows reads on, and learns of an end that it missed. */
void orc_follow_again(orc *o)
{
    for (size_t i = 0; i < o->follower_count; i++) {
        const orc_follower *f = &o->followers[i];
        task_event missed = {
            .task_id = f->task_id, .sequence = INT64_MAX, .type = "cogo.task.missed"};
        tell_leader(o, f->task_id, MSG_EVENTS_FOLLOW);
        if (f->task_id[0] != '\0') {
            (void)cogo_send(o->ctx, f->actor,
                            cogo_msg_create_record(o->system, MSG_EVENT, &missed));
        }
    }
}
