#include "actors/orchestrator/sticky.h"

#include <stdio.h>
#include <string.h>

#define STICKY_KIND "sticky" /* Of its definition in the store. */

enum { PLACED_FIRST, PLACED_SAME, PLACED_OTHER, PLACED_COUNT };

const char *orc_sticky_key(orc *o, const task *r)
{
    return r->sticky_key == NULL
               ? NULL
               : cogo_arena_printf(&o->scratch, "%s\n%s",
                                   r->tenant == NULL ? TENANT_DEFAULT : r->tenant,
                                   r->sticky_key);
}

static void unlink_sticky(orc *o, orc_sticky *s)
{
    *(s->previous != NULL ? &s->previous->next : &o->first_sticky) = s->next;
    *(s->next != NULL ? &s->next->previous : &o->last_sticky) = s->previous;
    s->previous = s->next = NULL;
}

static void link_last(orc *o, orc_sticky *s)
{
    s->previous = o->last_sticky;
    *(o->last_sticky != NULL ? &o->last_sticky->next : &o->first_sticky) = s;
    o->last_sticky = s;
}

static void free_sticky(orc *o, orc_sticky *s)
{
    unlink_sticky(o, s);
    (void)orc_map_take_text(&o->stickies, s->key);
    orc_free(s->key);
    orc_free(s->worker_id);
    orc_free(s);
}

/* The key that was used longest ago, and that no task waits for, is forgotten. */
static void make_room(orc *o)
{
    orc_sticky *s = o->first_sticky;
    while (s != NULL && s->line_count > 0) {
        s = s->next;
    }
    if (s != NULL) {
        orc_define(o, STICKY_KIND, s->key, &sticky_place_record, NULL);
        free_sticky(o, s);
    }
}

static orc_sticky *sticky_of(orc *o, const char *key)
{
    orc_sticky *s = orc_map_get_text(&o->stickies, key);
    if (s == NULL) {
        if (o->stickies.count >= STICKY_KEYS_MAX) {
            make_room(o);
        }
        s = orc_alloc(sizeof *s);
        s->key = orc_strdup(key);
        orc_map_put_text(&o->stickies, s->key, s);
        link_last(o, s);
    }
    return s;
}

orc_sticky *orc_sticky_hold(orc *o, const char *key)
{
    orc_sticky *s = sticky_of(o, key);
    s->line_count++;
    return s;
}

void orc_sticky_drop(orc *o, orc_line *line)
{
    orc_sticky *s = line->sticky;
    orc_deadline_clear(&o->deadlines, &line->sticky_wait);
    s->line_count--;
    if (s->line_count == 0 && s->worker_id == NULL) {
        free_sticky(o, s);
    }
}

/* The worker of the key, whatever it does; NULL: it is not known (any more). */
static orc_worker *worker_of(const orc *o, const orc_sticky *s)
{
    return s->worker_id == NULL ? NULL : orc_map_get_text(&o->workers, s->worker_id);
}

/* How long @p t waits for the worker of its key; 0: not at all. */
static uint64_t waits_until(const orc *o, const orc_line *line, const orc_task *t)
{
    const orc_sticky *s = line->sticky;
    const task *r = t->record;
    const orc_worker *w = worker_of(o, s);
    bool require = r->sticky_policy == STICKY_REQUIRE;
    bool works = w != NULL && !w->lost && orc_worker_offer(w, line->role) != NULL;
    uint64_t end_ns = r->sticky_timeout > 0
                          ? t->waiting.since_ns + (uint64_t)r->sticky_timeout * NS_PER_MS
                      : require ? UINT64_MAX
                                : 0;
    if (s->worker_id == NULL) {
        return 0;
    }
    if (works || (require && w != NULL)) {
        return end_ns;
    }
    return require && s->grace_ns < end_ns ? s->grace_ns : require ? end_ns : 0;
}

bool orc_sticky_free(orc *o, const orc_line *line, const orc_task *t, orc_worker **out_worker)
{
    orc_worker *w = worker_of(o, line->sticky);
    bool takes = w != NULL && orc_worker_refuses(w, line, NULL) == REFUSAL_NONE;
    *out_worker = takes ? w : NULL;
    return !takes && waits_until(o, line, t) <= cogo_now_ns(o->ctx);
}

bool orc_sticky_lets(orc *o, const orc_line *line, const orc_task *t, const orc_worker *w)
{
    orc_worker *theirs = NULL;
    return line->sticky == NULL || orc_sticky_free(o, line, t, &theirs) || theirs == w;
}

static void wait_over(void *room, void *owner)
{
    orc_line_hungry(room, owner);
}

void orc_sticky_arm(orc *o, orc_line *line, const orc_task *t)
{
    uint64_t end_ns = line->sticky == NULL || t == NULL ? 0 : waits_until(o, line, t);
    if (end_ns > cogo_now_ns(o->ctx) && end_ns != UINT64_MAX) {
        line->sticky_wait.fire = wait_over;
        line->sticky_wait.owner = line;
        orc_deadline_set(&o->deadlines, &line->sticky_wait, end_ns);
    }
}

/* The key has moved: who waits in its other lines may have a free worker now. */
static void wake_lines(orc *o, const orc_sticky *s)
{
    size_t cursor = 0;
    for (orc_line *line;
         s->line_count > 1 && (line = orc_map_next(&o->lines, &cursor)) != NULL;) {
        if (line->sticky == s) {
            orc_line_hungry(o, line);
        }
    }
}

void orc_sticky_placed(orc *o, orc_line *line, const orc_worker *w)
{
    orc_sticky *s = line->sticky;
    const char *id = w->registered->worker_id;
    if (s == NULL) {
        return;
    }
    unlink_sticky(o, s);
    link_last(o, s);
    bool same = s->worker_id != NULL && strcmp(s->worker_id, id) == 0;
    o->sticky_placed[s->worker_id == NULL ? PLACED_FIRST : same ? PLACED_SAME : PLACED_OTHER]++;
    s->grace_ns = 0;
    if (same) {
        return;
    }
    orc_free(s->worker_id);
    s->worker_id = orc_strdup(id);
    wake_lines(o, s);
    orc_define(o, STICKY_KIND, s->key, &sticky_place_record,
               &(sticky_place){.key = s->key, .worker_id = s->worker_id});
}

void orc_sticky_worker_gone(orc *o, const orc_worker *w)
{
    for (size_t i = 0; i < w->offer_count; i++) {
        for (orc_line *line = w->offers[i].role->lines; line != NULL; line = line->next) {
            if (line->sticky != NULL && line->sticky->worker_id != NULL
                && strcmp(line->sticky->worker_id, w->registered->worker_id) == 0) {
                orc_line_hungry(o, line);
            }
        }
    }
}

const char *orc_sticky_reason(orc *o, const orc_task *t)
{
    const orc_sticky *s = t->line->sticky;
    const task *r = t->record;
    if (s == NULL || s->worker_id == NULL) {
        return s == NULL ? NULL
                         : cogo_arena_printf(&o->scratch,
                                             "no worker had a task of the sticky key %s yet",
                                             r->sticky_key);
    }
    uint64_t now_ns = cogo_now_ns(o->ctx);
    uint64_t end_ns = waits_until(o, t->line, t);
    const char *word = r->sticky_policy == STICKY_REQUIRE ? "requires" : "prefers";
    char until[64] = "as long as that is known";
    if (!t->waiting.queued) {
        return cogo_arena_printf(&o->scratch, "the sticky key %s is at worker %s",
                                 r->sticky_key, s->worker_id);
    }
    if (end_ns <= now_ns) {
        return cogo_arena_printf(&o->scratch,
                                 "the sticky key %s %s worker %s, but waits for it no longer",
                                 r->sticky_key, word, s->worker_id);
    }
    if (end_ns != UINT64_MAX) {
        (void)snprintf(until, sizeof until, "for %.1f s more",
                       (double)(end_ns - now_ns) / NS_PER_S);
    }
    return cogo_arena_printf(&o->scratch, "the sticky key %s %s worker %s, and waits for it %s",
                             r->sticky_key, word, s->worker_id, until);
}

void orc_sticky_recover(orc *o, const store_definition *from)
{
    const void *found = NULL;
    if (strcmp(from->kind, STICKY_KIND) != 0
        || cogo_record_decode(&sticky_place_record, from->record, 0, &o->scratch, &found, NULL)
               != COGO_OK) {
        return;
    }
    const sticky_place *place = found;
    orc_sticky *s = sticky_of(o, place->key);
    orc_free(s->worker_id);
    s->worker_id = orc_strdup(place->worker_id);
    s->grace_ns = cogo_now_ns(o->ctx) + (uint64_t)o->config.reattach_ms * NS_PER_MS;
}

void orc_sticky_metrics(orc *o, metric_list *list)
{
    static const char *const outcomes[] = {"first", "same", "other"};
    const char *const name = "worker";
    metric_list_family(list, "cogo_sticky_placements_total",
                       "Attempts of tasks with a sticky key, by whose worker they went to.",
                       "counter");
    for (size_t i = 0; i < PLACED_COUNT; i++) {
        metric_list_sample(list, "", metric_labels(&o->scratch, &name, &outcomes[i], 1),
                           (double)o->sticky_placed[i]);
    }
    metric_list_family(list, "cogo_sticky_keys", "Sticky keys whose worker is known.", "gauge");
    metric_list_sample(list, "", NULL, (double)o->stickies.count);
}

void orc_sticky_finish(orc *o)
{
    while (o->first_sticky != NULL) {
        free_sticky(o, o->first_sticky);
    }
    orc_map_finish(&o->stickies);
}
