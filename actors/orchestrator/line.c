/* Roles, and the lines in which their tasks wait: one per set of labels and sticky key, so that
 * a task that no worker can take never stands in the way of one that some worker can. */
#include "actors/orchestrator/share.h"
#include "actors/orchestrator/sticky.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

orc_role *orc_role_of(orc *o, const char *name)
{
    orc_role *role = orc_map_get_text(&o->roles, name);
    if (role == NULL) {
        role = orc_alloc(sizeof *role);
        role->name = orc_strdup(name);
        metric_histogram_init(&role->duration, &metric_buckets_slow);
        orc_map_put_text(&o->roles, role->name, role);
    }
    return role;
}

static int by_text(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

/* "role\ncost\nlabel\nlabel\n\nsticky\npolicy\ntimeout": the labels sorted, so that their order
 * makes no difference. */
static char *line_key(orc *o, const char *role, int64_t slot_cost, cogo_strings labels,
                      const char *sticky)
{
    char cost[24];
    (void)snprintf(cost, sizeof cost, "%lld", (long long)slot_cost);
    const char **sorted = cogo_arena_alloc(&o->scratch, (labels.count + 1) * sizeof *sorted);
    size_t size =
        strlen(role) + 1 + strlen(cost) + 1 + (sticky == NULL ? 0 : strlen(sticky) + 2);
    for (size_t i = 0; i < labels.count; i++) {
        sorted[i] = labels.items[i];
        size += strlen(labels.items[i]) + 1;
    }
    if (labels.count > 1) {
        qsort(sorted, labels.count, sizeof *sorted, by_text);
    }
    char *key = orc_alloc(size);
    char *end = stpcpy(key, role);
    *end++ = '\n';
    end = stpcpy(end, cost);
    for (size_t i = 0; i < labels.count; i++) {
        *end++ = '\n';
        end = stpcpy(end, sorted[i]);
    }
    if (sticky != NULL) {
        end = stpcpy(end, "\n\n");
        (void)stpcpy(end, sticky);
    }
    return key;
}

static cogo_strings copy_labels(cogo_strings labels, void **out_block)
{
    size_t size = labels.count * sizeof(char *);
    for (size_t i = 0; i < labels.count; i++) {
        size += strlen(labels.items[i]) + 1;
    }
    const char **items = orc_alloc(size);
    char *text = (char *)(items + labels.count);
    for (size_t i = 0; i < labels.count; i++) {
        items[i] = text;
        text = stpcpy(text, labels.items[i]) + 1;
    }
    *out_block = items;
    return (cogo_strings){.items = items, .count = labels.count};
}

/* Each call is one more user of the line. */
orc_line *orc_line_of(orc *o, const task *r)
{
    const char *role = r->role;
    cogo_strings labels = r->labels;
    int64_t cost = r->slot_cost > 0 ? r->slot_cost : 1;
    const char *sticky = orc_sticky_key(o, r);
    // Who waits for the key's worker for ever must not keep back who does not.
    const char *waits = sticky == NULL
                            ? NULL
                            : cogo_arena_printf(&o->scratch, "%s\n%d\n%lld", sticky,
                                                r->sticky_policy, (long long)r->sticky_timeout);
    bool plain = labels.count == 0 && cost == 1 && sticky == NULL;
    char *made = plain ? NULL : line_key(o, role, cost, labels, waits);
    const char *key = made == NULL ? role : made;
    orc_line *line = orc_map_get_text(&o->lines, key);
    if (line == NULL) {
        line = orc_alloc(sizeof *line);
        line->key = orc_strdup(key);
        line->labels = copy_labels(labels, &line->labels_block);
        line->slot_cost = cost;
        line->sticky = sticky == NULL ? NULL : orc_sticky_hold(o, sticky);
        line->role = orc_role_of(o, role);
        line->next = line->role->lines;
        if (line->next != NULL) {
            line->next->previous = line;
        }
        line->role->lines = line;
        orc_map_put_text(&o->lines, line->key, line);
    }
    line->user_count++;
    orc_free(made);
    return line;
}

/* The plain line is that of its role, and stays. */
static void free_unused(orc *o, orc_line *line)
{
    if (line->user_count > 0 || line->hungry
        || (line->labels.count == 0 && line->slot_cost == 1 && line->sticky == NULL)) {
        return;
    }
    if (line->sticky != NULL) {
        orc_sticky_drop(o, line);
    }
    if (line->previous != NULL) {
        line->previous->next = line->next;
    } else {
        line->role->lines = line->next;
    }
    if (line->next != NULL) {
        line->next->previous = line->previous;
    }
    (void)orc_map_take_text(&o->lines, line->key);
    orc_free(line->labels_block);
    orc_free(line->key);
    orc_free(line);
}

void orc_line_leave(orc *o, orc_line *line)
{
    line->user_count--;
    free_unused(o, line);
}

void orc_line_fed(orc *o, orc_line *line)
{
    orc_line **at = &o->hungry;
    while (*at != line) {
        at = &(*at)->next_hungry;
    }
    *at = line->next_hungry;
    line->hungry = false;
    free_unused(o, line);
}

void orc_line_hungry(orc *o, orc_line *line)
{
    if (!line->hungry) {
        line->hungry = true;
        line->next_hungry = o->hungry;
        o->hungry = line;
    }
}

void orc_enqueue(orc *o, orc_task *t, bool front)
{
    // A recovered task has waited before this process knew it.
    int64_t waited_ms = cogo_system_wall_ms(o->system) - t->record->queued_at;
    uint64_t waited_ns = waited_ms > 0 ? (uint64_t)waited_ms * NS_PER_MS : 0;
    uint64_t now_ns = cogo_now_ns(o->ctx);
    uint64_t since_ns = now_ns > waited_ns ? now_ns - waited_ns : 0;
    orc_group *group = orc_group_of(o, t);
    if (front) {
        orc_queue_push_front(&t->line->queue, &t->waiting, group, t->record->priority,
                             since_ns);
    } else {
        orc_queue_push(&t->line->queue, &t->waiting, group, t->record->priority, since_ns);
    }
    orc_due_arm(o, t);
    orc_line_hungry(o, t->line);
}
