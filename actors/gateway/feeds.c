#include "actors/gateway/feeds.h"

#include <string.h>

static void follow(desk *d, const char *task_id, cogo_msg_type type)
{
    events_follow record = {.task_id = task_id};
    /* Lost only when the orchestrator is: its asks fail then and end the feed. */
    (void)cogo_send(d->ctx, d->orchestrator, cogo_msg_create_record(d->system, type, &record));
}

static bool is_followed(const desk *d, const char *task_id)
{
    for (const desk_feed *f = d->feeds; f != NULL; f = f->next) {
        if (strcmp(f->feed.task_id, task_id) == 0) {
            return true;
        }
    }
    return false;
}

void feeds_start(desk_feed *f)
{
    desk *d = f->desk;
    if (!is_followed(d, f->feed.task_id)) {
        follow(d, f->feed.task_id,
               MSG_EVENTS_FOLLOW); /* Before the first read: nothing is missed. */
    }
    f->next = d->feeds;
    d->feeds = f;
    feed_read(&f->feed);
}

void feeds_stop(desk_feed *f)
{
    desk *d = f->desk;
    for (desk_feed **at = &d->feeds; *at != NULL; at = &(*at)->next) {
        if (*at == f) {
            *at = f->next;
            break;
        }
    }
    if (!is_followed(d, f->feed.task_id)) {
        follow(d, f->feed.task_id, MSG_EVENTS_UNFOLLOW);
    }
}

void feeds_event(desk *d, const task_event *event)
{
    for (desk_feed *f = d->feeds, *next; f != NULL; f = next) {
        next = f->next;
        if (strcmp(f->feed.task_id, event->task_id) == 0) {
            feed_take(&f->feed, event);
        }
    }
}
