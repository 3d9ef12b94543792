/* Limits: set, listed, deleted, and found again at the start. */
#include "actors/orchestrator/share.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_KIND "limit" /* Of its definition in the store. */

static const task_limit *find(const orc *o, const char *name)
{
    return orc_map_get_text(&o->limits, name);
}

/* Of a limit in all maps and in the store; no name has a slash. */
static const char *full_name(orc *o, const char *tenant, const char *name)
{
    return tenant == NULL ? name : cogo_arena_printf(&o->scratch, "%s/%s", tenant, name);
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
    const char *name = full_name(o, record->tenant, record->name);
    task_limit *old = orc_map_take_text(&o->limits, name);
    size_t flat = cogo_record_flat_size(&task_limit_record, record);
    task_limit *now = orc_alloc(flat + strlen(name) + 1);
    char *key = (char *)now + flat; // Of the map, as long as the limit is in it.
    cogo_record_flatten(&task_limit_record, record, now);
    memcpy(key, name, strlen(name) + 1);
    orc_map_put_text(&o->limits, key, now);
    follow(o, key, now);
    orc_free(old);
}

bool orc_sees(const char *tenant, const char *owner)
{
    return tenant == NULL || strcmp(tenant, owner != NULL ? owner : TENANT_DEFAULT) == 0;
}

const char *orc_limit_key(orc *o, const char *tenant, const char *key)
{
    int size = (int)strcspn(key, ":/");
    const char *name = cogo_arena_printf(&o->scratch, "%.*s", size, key);
    const char *owner = tenant != NULL ? tenant : TENANT_DEFAULT;
    if (size == 0 || key[size] == '/' || name == NULL) {
        return NULL;
    }
    if (find(o, full_name(o, owner, name)) != NULL) {
        return full_name(o, owner, key);
    }
    return find(o, name) != NULL ? key : NULL;
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
        orc_refuse_field(o, to, error.pointer, error.detail);
        return;
    }
    const char *detail = wrong(&record, &pointer);
    if (detail != NULL) {
        orc_refuse_field(o, to, pointer, detail);
        return;
    }
    const char *name = full_name(o, record.tenant, record.name);
    if (find(o, name) == NULL && o->limits.count >= LIMIT_DEFINITIONS_MAX) {
        orc_refuse(o, to, 409, "TOO_MANY_LIMITS", "There are %d limits already.",
                   LIMIT_DEFINITIONS_MAX);
        return;
    }
    record.updated_at = cogo_system_wall_ms(o->system);
    record.used = 0;
    record.waiting = 0;
    put(o, &record);
    orc_define(o, LIMIT_KIND, name, &task_limit_record, &record);
    answer(o, to, find(o, name));
}

static int by_name(const void *a, const void *b)
{
    const task_limit *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order
                      : strcmp(left->tenant != NULL ? left->tenant : "",
                               right->tenant != NULL ? right->tenant : "");
}

static void unknown(orc *o, cogo_actor_id to, const char *name)
{
    orc_refuse(o, to, 404, "LIMIT_NOT_FOUND", "No such limit: %.64s.",
               name == NULL ? "(no name)" : name);
}

/* Of a tenant's own, or of all; with a name the one for all. */
static bool is_asked_for(const limit_command *asked, const task_limit *l)
{
    bool named = asked->name == NULL || strcmp(asked->name, l->name) == 0;
    bool owned = asked->tenant == NULL
                     ? asked->name == NULL || l->tenant == NULL
                     : l->tenant != NULL && strcmp(asked->tenant, l->tenant) == 0;
    return named && owned;
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
        if (is_asked_for(asked, l)) {
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
    const char *name = asked->name == NULL ? NULL : full_name(o, asked->tenant, asked->name);
    task_limit *old = name == NULL ? NULL : orc_map_take_text(&o->limits, name);
    if (old == NULL) {
        unknown(o, to, asked->name);
        return;
    }
    orc_define(o, LIMIT_KIND, name, NULL, NULL);
    answer(o, to, old);
    follow(o, name, NULL);
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

static void add_samples(orc *o, metric_list *list, bool waiting)
{
    const char *const label = "limit";
    size_t cursor = 0;
    for (const task_limit *l; (l = orc_map_next(&o->limits, &cursor)) != NULL;) {
        task_limit now = shown(o, l);
        const char *name = full_name(o, l->tenant, l->name);
        metric_list_sample(list, "", metric_labels(&o->scratch, &label, &name, 1),
                           (double)(waiting ? now.waiting : now.used));
    }
}

void orc_limit_metrics(orc *o, metric_list *list)
{
    metric_list_family(list, "cogo_limit_used", "Attempts that run under a limit.", "gauge");
    add_samples(o, list, false);
    metric_list_family(list, "cogo_limit_waiting", "Groups of tasks that wait for a limit.",
                       "gauge");
    add_samples(o, list, true);
}
