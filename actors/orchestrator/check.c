/* Checks each instruction of a submit by itself. */
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/submission.h"
#include "codec/contract/artifact.h"
#include "codec/contract/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_SIZE = 400 };

void orc_submit_wrong(submission *s, size_t at, const char *code, const char *pointer,
                      const char *format, ...)
{
    cogo_arena *arena = &s->o->scratch;
    submit_entry *entry = &s->entries[at];
    char detail[DETAIL_SIZE];
    va_list args;
    va_start(args, format);
    text_format(detail, sizeof detail, format, args);
    va_end(args);
    if (entry->errors == NULL) {
        entry->errors = cogo_arena_alloc(arena, FIELD_ERRORS_MAX * sizeof *entry->errors);
    }
    if (entry->code == NULL) {
        entry->code = code;
        entry->detail = cogo_arena_strdup(arena, detail);
    }
    if (entry->errors != NULL && entry->error_count < FIELD_ERRORS_MAX) {
        entry->errors[entry->error_count++] = (field_problem){
            .pointer = cogo_arena_printf(arena, "/instructions/%zu%s", at, pointer),
            .detail = cogo_arena_strdup(arena, detail)};
    }
}

static void unknown_role(submission *s, size_t at, const char *role)
{
    const char *near[NEAREST_MAX];
    size_t count = names_nearest(role, s->o->known_roles, near, NEAREST_MAX);
    char hint[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof hint; i++) {
        int added = snprintf(hint + used, sizeof hint - used, "%s%s",
                             i == 0 ? " (did you mean " : " or ", near[i]);
        used += added > 0 ? (size_t)added : 0;
    }
    orc_submit_wrong(s, at, "UNKNOWN_ROLE", "/role", "Unknown role: %s%s%s", role, hint,
                     count > 0 ? "?)" : "");
}

/* Also by one that crashed: its guardian begins it again. */
static bool offered(orc *o, const char *name)
{
    const orc_role *role = orc_map_get_text(&o->roles, name);
    return role != NULL && role->worker_count != 0;
}

/* "a, b": the worker types that live, each once. */
static const char *living_types(orc *o)
{
    const char *text = NULL;
    size_t cursor = 0;
    for (orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        const char *type = w->registered->worker_type;
        if (!w->lost && (text == NULL || strstr(text, type) == NULL)) {
            text = text == NULL ? type : cogo_arena_printf(&o->scratch, "%s, %s", text, type);
        }
    }
    return text == NULL ? "none" : text;
}

static void role_unavailable(submission *s, size_t at, const char *role)
{
    const char *type = "every type";
    for (const contract_worker_type *t = contract_worker_types; t->name != NULL; t++) {
        for (size_t i = 0; t->roles[i] != NULL; i++) {
            type = strcmp(t->roles[i], role) == 0 ? t->name : type;
        }
    }
    orc_submit_wrong(s, at, "ROLE_UNAVAILABLE", "/role",
                     "No worker offers the role %s: it needs a worker of type %s; running: %s.",
                     role, type, living_types(s->o));
}

static void check_labels(submission *s, size_t at, const char *field,
                         const cogo_strings *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        const char *equals = strchr(labels->items[i], '=');
        if (equals == NULL || equals == labels->items[i] || strchr(labels->items[i], '\n')) {
            char pointer[40];
            (void)snprintf(pointer, sizeof pointer, "/%s/%zu", field, i);
            orc_submit_wrong(s, at, "VALIDATION", pointer, "A label is written key=value.");
        }
    }
}

bool orc_same_tenant(const char *a, const char *b)
{
    return orc_sees(a != NULL ? a : TENANT_DEFAULT, b);
}

static void check_parent(submission *s, size_t at)
{
    orc *o = s->o;
    const instruction *asked = s->entries[at].asked;
    orc_task *parent = asked->parent == NULL ? NULL : orc_task_find(o, asked->parent);
    char pointer[40];
    if (asked->parent == NULL) {
        return;
    }
    if (parent == NULL || life_ended(parent->record->state)
        || !orc_same_tenant(s->request->tenant, parent->record->tenant)) {
        orc_submit_wrong(s, at, "UNKNOWN_PARENT", "/parent",
                         "No unfinished task has this id: %.64s", asked->parent);
        return;
    }
    const char *why = orc_budget_refused(o, parent, asked->budget, pointer);
    if (why != NULL) {
        o->exhausted++;
        orc_submit_wrong(s, at, "BUDGET_EXHAUSTED", pointer, "%s", why);
    }
}

static void check_limits(submission *s, size_t at)
{
    const instruction *asked = s->entries[at].asked;
    char pointer[40];
    for (size_t i = 0; i < asked->limits.count; i++) {
        const char *key = asked->limits.items[i];
        (void)snprintf(pointer, sizeof pointer, "/limits/%zu", i);
        if (strlen(key) > LIMIT_KEY_MAX || strchr(key, '\n') != NULL) {
            orc_submit_wrong(s, at, "VALIDATION", pointer,
                             "A limit is written name or name:key.");
        } else if (orc_limit_key(s->o, s->request->tenant, key) == NULL) {
            orc_submit_wrong(s, at, "UNKNOWN_LIMIT", pointer, "No limit has this name: %.64s",
                             key);
        }
    }
    if (asked->deadline != 0 && asked->deadline <= cogo_system_wall_ms(s->o->system)) {
        orc_submit_wrong(s, at, "VALIDATION", "/deadline", "The deadline has passed.");
    }
    if (asked->fairness_key != NULL && strchr(asked->fairness_key, '\n') != NULL) {
        orc_submit_wrong(s, at, "VALIDATION", "/fairnessKey", "A key has no line breaks.");
    }
}

static void check_sticky(submission *s, size_t at)
{
    const instruction *asked = s->entries[at].asked;
    if (asked->sticky_key == NULL
        && (asked->sticky_policy > STICKY_PREFER || asked->sticky_timeout > 0)) {
        orc_submit_wrong(s, at, "VALIDATION", "/stickyKey",
                         "A sticky policy or timeout needs its key.");
    } else if (asked->sticky_key != NULL && strchr(asked->sticky_key, '\n') != NULL) {
        orc_submit_wrong(s, at, "VALIDATION", "/stickyKey", "A sticky key is one line.");
    }
}

void orc_check_entry(submission *s, size_t at)
{
    const instruction *asked = s->entries[at].asked;
    cogo_record_error error;
    if (asked->role == NULL) {
        orc_submit_wrong(s, at, "VALIDATION", "/role", "role is required.");
        return;
    }
    if (!contract_role_known(asked->role)) {
        unknown_role(s, at, asked->role);
        return;
    }
    if (cogo_record_check(&instruction_record, asked, &error) != COGO_OK) {
        orc_submit_wrong(s, at, "VALIDATION", error.pointer, "%s", error.detail);
        return;
    }
    if (s->o->config.closed_world && !offered(s->o, asked->role)) {
        role_unavailable(s, at, asked->role);
    }
    check_labels(s, at, "labels", &asked->labels);
    check_labels(s, at, "preferredLabels", &asked->preferred_labels);
    check_limits(s, at);
    check_sticky(s, at);
    if (asked->context.size_bytes > ARTIFACT_BYTES_MAX) {
        orc_submit_wrong(s, at, "CONTEXT_TOO_LARGE", "/context",
                         "The context has %zu bytes, at most %d.", asked->context.size_bytes,
                         ARTIFACT_BYTES_MAX);
    }
    check_parent(s, at);
}
