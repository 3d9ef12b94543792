/* Limits: set, listed, deleted, and found again at the start. */
#include "actors/orchestrator/share.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_KIND "limit" /* Of its definition in the store. */

static const task_limit *find(const orc *o, const char *name)
{
    return orc_map_get_text(&o->limits, name);
}

/* All gates of @p name follow; the map of gates must not change meanwhile. */
static void follow(orc *o, const char *name, const task_limit *now)
{
    size_t size = strlen(name);
    size_t count = 0;
    size_t cursor = 0;
    orc_gate **gates = orc_alloc((o->gates.count + 1) * sizeof(orc_gate *));
    for (orc_gate *g; (g = orc_map_next(&o->gates, &cursor)) != NULL;) {
        if (g->name_size == size && memcmp(g->key, name, size) == 0) {
            gates[count++] = g;
        }
    }
    for (size_t i = 0; i < count; i++) {
        orc_gate_follow(o, gates[i], now);
    }
    orc_free(gates);
}

static void put(orc *o, const task_limit *record)
{
    task_limit *old = orc_map_take_text(&o->limits, record->name);
    task_limit *now = orc_copy(&task_limit_record, record);
    orc_map_put_text(&o->limits, now->name, now);
    follow(o, now->name, now);
    orc_free(old);
}

bool orc_limit_known(const orc *o, const char *key)
{
    char name[LIMIT_NAME_SIZE];
    size_t size = strcspn(key, ":");
    if (size == 0 || size >= sizeof name) {
        return false;
    }
    memcpy(name, key, size);
    name[size] = '\0';
    return find(o, name) != NULL;
}

/* With what runs and waits now. */
static task_limit shown(const orc *o, const task_limit *l)
{
    task_limit now = *l;
    size_t cursor = 0;
    for (const orc_gate *g; (g = orc_map_next(&o->gates, &cursor)) != NULL;) {
        if (g->limit == l) {
            now.used += g->used;
            now.waiting += (int64_t)g->parked_count;
        }
    }
    return now;
}

static const char *wrong(const task_limit *asked, const char **out_pointer)
{
    *out_pointer = "/name";
    if (asked->name[strspn(asked->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789._-")]
        != '\0') {
        return "A name has letters, digits, dots, dashes and underscores.";
    }
    *out_pointer = "/concurrency";
    return asked->concurrency == 0 && asked->rate == 0
               ? "Neither concurrency nor rate is limited."
               : NULL;
}

static void refuse(orc *o, cogo_actor_id to, const char *pointer, const char *detail)
{
    field_problem error = {.pointer = pointer, .detail = detail};
    problem why = {.title = orc_title("VALIDATION"),
                   .status = 422,
                   .code = "VALIDATION",
                   .detail = detail,
                   .errors = {.items = &error, .count = 1}};
    orc_answer(o, to, MSG_PROBLEM, &why);
}

static void answer(orc *o, cogo_actor_id to, const task_limit *l)
{
    task_limit now = shown(o, l);
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_LIMIT, &now), true);
}

void orc_on_limit_set(orc *o, cogo_msg *msg)
{
    task_limit record = *(const task_limit *)cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    cogo_record_error error;
    const char *pointer;
    if (orc_unavailable(o, to)) {
        return;
    }
    if (cogo_record_check(&task_limit_record, &record, &error) != COGO_OK) {
        refuse(o, to, error.pointer, error.detail);
        return;
    }
    const char *detail = wrong(&record, &pointer);
    if (detail != NULL) {
        refuse(o, to, pointer, detail);
        return;
    }
    if (find(o, record.name) == NULL && o->limits.count >= LIMIT_DEFINITIONS_MAX) {
        orc_refuse(o, to, 409, "TOO_MANY_LIMITS", "There are %d limits already.",
                   LIMIT_DEFINITIONS_MAX);
        return;
    }
    record.updated_at = cogo_system_wall_ms(o->system);
    record.used = 0;
    record.waiting = 0;
    put(o, &record);
    orc_define(o, LIMIT_KIND, record.name, &task_limit_record, &record);
    answer(o, to, find(o, record.name));
}

static int by_name(const void *a, const void *b)
{
    const task_limit *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static void unknown(orc *o, cogo_actor_id to, const char *name)
{
    orc_refuse(o, to, 404, "LIMIT_NOT_FOUND", "No such limit: %.64s.",
               name == NULL ? "(no name)" : name);
}

void orc_on_limit_list(orc *o, cogo_msg *msg)
{
    const limit_command *asked = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (orc_unavailable(o, to)) {
        return;
    }
    task_limit *all = cogo_arena_alloc(&o->scratch, (o->limits.count + 1) * sizeof *all);
    size_t count = 0;
    size_t cursor = 0;
    for (const task_limit *l; (l = orc_map_next(&o->limits, &cursor)) != NULL && all != NULL;) {
        if (asked->name == NULL || strcmp(asked->name, l->name) == 0) {
            all[count++] = shown(o, l);
        }
    }
    if (asked->name != NULL && count == 0) {
        unknown(o, to, asked->name);
        return;
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, by_name);
    }
    limit_page page = {.limits = {.items = all, .count = count}};
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_LIMIT_PAGE, &page), true);
}

/* Tasks that name it are not limited by it any more; new ones that do are refused. */
void orc_on_limit_delete(orc *o, cogo_msg *msg)
{
    const limit_command *asked = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (orc_unavailable(o, to)) {
        return;
    }
    task_limit *old = asked->name == NULL ? NULL : orc_map_take_text(&o->limits, asked->name);
    if (old == NULL) {
        unknown(o, to, asked->name);
        return;
    }
    orc_define(o, LIMIT_KIND, old->name, NULL, NULL);
    answer(o, to, old);
    follow(o, old->name, NULL);
    orc_free(old);
}

void orc_limit_recover(orc *o, const store_definition *from)
{
    const void *found = NULL;
    if (strcmp(from->kind, LIMIT_KIND) == 0
        && cogo_record_decode(&task_limit_record, from->record, 0, &o->scratch, &found, NULL)
               == COGO_OK) {
        put(o, found);
    }
}

void orc_limit_metrics(orc *o, metric_list *list)
{
    size_t cursor = 0;
    metric_list_family(list, "cogo_limit_used", "Attempts that run under a limit.", "gauge");
    for (const task_limit *l; (l = orc_map_next(&o->limits, &cursor)) != NULL;) {
        const char *const name = "limit";
        metric_list_sample(list, "", metric_labels(&o->scratch, &name, &l->name, 1),
                           (double)shown(o, l).used);
    }
    cursor = 0;
    metric_list_family(list, "cogo_limit_waiting", "Groups of tasks that wait for a limit.",
                       "gauge");
    for (const task_limit *l; (l = orc_map_next(&o->limits, &cursor)) != NULL;) {
        const char *const name = "limit";
        metric_list_sample(list, "", metric_labels(&o->scratch, &name, &l->name, 1),
                           (double)shown(o, l).waiting);
    }
}
