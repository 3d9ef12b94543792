/* Checks a submit: each instruction by itself, then what they depend on, then the whole. */
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/graph.h"
#include "actors/orchestrator/submission.h"
#include "codec/contract/artifact.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_SIZE = 400 };

/* Notes what is wrong with entry @p at; the first code stays. */
__attribute__((format(printf, 5, 6))) static void
wrong(submission *s, size_t at, const char *code, const char *pointer, const char *format, ...)
{
    cogo_arena *arena = &s->o->scratch;
    submit_entry *entry = &s->entries[at];
    char detail[DETAIL_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
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
    wrong(s, at, "UNKNOWN_ROLE", "/role", "Unknown role: %s%s%s", role, hint,
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
    wrong(s, at, "ROLE_UNAVAILABLE", "/role",
          "No worker offers the role %s: it needs a worker of type %s; running: %s.", role,
          type, living_types(s->o));
}

static void check_labels(submission *s, size_t at, const char *field,
                         const cogo_strings *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        const char *equals = strchr(labels->items[i], '=');
        if (equals == NULL || equals == labels->items[i] || strchr(labels->items[i], '\n')) {
            char pointer[40];
            (void)snprintf(pointer, sizeof pointer, "/%s/%zu", field, i);
            wrong(s, at, "VALIDATION", pointer, "A label is written key=value.");
        }
    }
}

/* A task of another tenant is as unknown as one that does not exist. */
static bool same_tenant(const char *a, const char *b)
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
        || !same_tenant(s->request->tenant, parent->record->tenant)) {
        wrong(s, at, "UNKNOWN_PARENT", "/parent", "No unfinished task has this id: %.64s",
              asked->parent);
        return;
    }
    const char *why = orc_budget_refused(o, parent, asked->budget, pointer);
    if (why != NULL) {
        o->exhausted++;
        wrong(s, at, "BUDGET_EXHAUSTED", pointer, "%s", why);
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
            wrong(s, at, "VALIDATION", pointer, "A limit is written name or name:key.");
        } else if (orc_limit_key(s->o, s->request->tenant, key) == NULL) {
            wrong(s, at, "UNKNOWN_LIMIT", pointer, "No limit has this name: %.64s", key);
        }
    }
    if (asked->deadline != 0 && asked->deadline <= cogo_system_wall_ms(s->o->system)) {
        wrong(s, at, "VALIDATION", "/deadline", "The deadline has passed.");
    }
    if (asked->fairness_key != NULL && strchr(asked->fairness_key, '\n') != NULL) {
        wrong(s, at, "VALIDATION", "/fairnessKey", "A key has no line breaks.");
    }
}

static void check_entry(submission *s, size_t at)
{
    const instruction *asked = s->entries[at].asked;
    cogo_record_error error;
    if (asked->role == NULL) {
        wrong(s, at, "VALIDATION", "/role", "role is required.");
        return;
    }
    if (!contract_role_known(asked->role)) {
        unknown_role(s, at, asked->role);
        return;
    }
    if (cogo_record_check(&instruction_record, asked, &error) != COGO_OK) {
        wrong(s, at, "VALIDATION", error.pointer, "%s", error.detail);
        return;
    }
    if (s->o->config.closed_world && !offered(s->o, asked->role)) {
        role_unavailable(s, at, asked->role);
    }
    check_labels(s, at, "labels", &asked->labels);
    check_labels(s, at, "preferredLabels", &asked->preferred_labels);
    check_limits(s, at);
    if (asked->sticky_key == NULL
        && (asked->sticky_policy > STICKY_PREFER || asked->sticky_timeout > 0)) {
        wrong(s, at, "VALIDATION", "/stickyKey", "A sticky policy or timeout needs its key.");
    } else if (asked->sticky_key != NULL && strchr(asked->sticky_key, '\n') != NULL) {
        wrong(s, at, "VALIDATION", "/stickyKey", "A sticky key is one line.");
    }
    if (asked->context.size_bytes > ARTIFACT_BYTES_MAX) {
        wrong(s, at, "CONTEXT_TOO_LARGE", "/context", "The context has %zu bytes, at most %d.",
              asked->context.size_bytes, ARTIFACT_BYTES_MAX);
    }
    check_parent(s, at);
}

/* Entries by their `ref`; a second one with the same is refused. */
static void collect_refs(submission *s, orc_map *refs)
{
    for (size_t i = 0; i < s->count; i++) {
        const char *ref = s->entries[i].asked->ref;
        if (ref == NULL) {
            continue;
        }
        if (orc_map_get_text(refs, ref) != NULL) {
            wrong(s, i, "VALIDATION", "/ref", "The ref %s is used twice in this request.", ref);
        } else {
            orc_map_put_text(refs, ref, &s->entries[i]);
        }
    }
}

/* False: the id has to be looked up in the store, and is in @p missing now. */
static bool resolve_id(submission *s, size_t at, size_t which, const char *id, orc_map *missing)
{
    orc *o = s->o;
    submit_entry *entry = &s->entries[at];
    orc_task *t = orc_task_find(o, id);
    bool foreign = t != NULL && !same_tenant(s->request->tenant, t->record->tenant);
    if (t != NULL && !foreign) {
        if (t->stamp != o->stamp) {
            t->stamp = o->stamp;
            entry->dependencies[entry->dependency_count++] = t;
        }
        return true;
    }
    bool well_formed = id_check(id, "tsk_") || id_check(id, "ins_");
    if (well_formed && !foreign && orc_map_get_text(&s->ask->asked, id) == NULL) {
        if (orc_map_get_text(missing, id) == NULL) {
            char *copy = cogo_arena_strdup(&s->ask->memory, id);
            orc_map_put_text(missing, copy, copy);
        }
        return false;
    }
    char pointer[40];
    (void)snprintf(pointer, sizeof pointer, "/dependencies/%zu", which);
    wrong(s, at, "UNKNOWN_DEPENDENCY", pointer,
          "Unknown dependency: %.80s is no task, instruction or ref of this request.", id);
    return true;
}

static void resolve_entry(submission *s, size_t at, const orc_map *refs, orc_map *missing)
{
    submit_entry *entry = &s->entries[at];
    const cogo_strings *names = &entry->asked->dependencies;
    entry->dependencies =
        cogo_arena_alloc(&s->o->scratch, (names->count + 1) * sizeof *entry->dependencies);
    entry->refs = cogo_arena_alloc(&s->o->scratch, (names->count + 1) * sizeof *entry->refs);
    s->o->stamp++;
    for (size_t i = 0; i < names->count; i++) {
        submit_entry *other = orc_map_get_text(refs, names->items[i]);
        if (other == NULL) {
            (void)resolve_id(s, at, i, names->items[i], missing);
        } else if (other->stamp != s->o->stamp) {
            other->stamp = s->o->stamp;
            entry->refs[entry->ref_count++] = (size_t)(other - s->entries);
        }
    }
}

static const char *name_of(const submission *s, size_t at)
{
    return s->entries[at].asked->ref;
}

/* Writes "a -> b -> a" into the scratch arena. */
static const char *show_path(submission *s, const size_t *path, size_t length)
{
    enum { SHOWN_MAX = 20 };
    const char *text = name_of(s, path[0]);
    for (size_t i = 1; i <= length && text != NULL; i++) {
        if (i == SHOWN_MAX && length > SHOWN_MAX) {
            return cogo_arena_printf(&s->o->scratch, "%s -> ... (%zu tasks)", text, length);
        }
        text =
            cogo_arena_printf(&s->o->scratch, "%s -> %s", text, name_of(s, path[i % length]));
    }
    return text;
}

/* True when the refs of the request form a cycle; it is noted. */
static bool find_cycle(submission *s)
{
    size_t edge_count = 0;
    for (size_t i = 0; i < s->count; i++) {
        edge_count += s->entries[i].ref_count;
    }
    if (edge_count == 0) {
        return false;
    }
    size_t *starts = orc_alloc((s->count + 1) * sizeof *starts);
    size_t *targets = orc_alloc(edge_count * sizeof *targets);
    size_t *path = orc_alloc(s->count * sizeof *path);
    size_t at = 0;
    for (size_t i = 0; i < s->count; i++) {
        starts[i] = at;
        if (s->entries[i].ref_count > 0) {
            memcpy(targets + at, s->entries[i].refs, s->entries[i].ref_count * sizeof *targets);
        }
        at += s->entries[i].ref_count;
    }
    starts[s->count] = at;
    orc_graph graph = {.starts = starts, .targets = targets, .node_count = s->count};
    size_t length = orc_graph_cycle(&graph, path);
    if (length > 0) {
        wrong(s, path[0], "DEPENDENCY_CYCLE", "/dependencies",
              "The dependencies form a cycle: %.300s", show_path(s, path, length));
    }
    orc_free(path);
    orc_free(targets);
    orc_free(starts);
    return length > 0;
}

/* In a batch a task can't wait for one that was refused. Repeats until nothing changes. */
static void refuse_dependants(submission *s)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->count; i++) {
            submit_entry *entry = &s->entries[i];
            for (size_t j = 0; j < entry->ref_count && entry->code == NULL; j++) {
                if (s->entries[entry->refs[j]].code != NULL) {
                    wrong(s, i, "DEPENDENCY_REFUSED", "/dependencies",
                          "The task %s, which this one depends on, was refused.",
                          name_of(s, entry->refs[j]));
                    changed = true;
                }
            }
        }
    }
}

problem orc_entry_problem(const submit_entry *entry)
{
    return (problem){.title = orc_title(entry->code),
                     .status = strcmp(entry->code, "CONTEXT_TOO_LARGE") == 0 ? 413 : 422,
                     .detail = entry->detail,
                     .code = entry->code,
                     .errors = {.items = entry->errors, .count = entry->error_count}};
}

/* All errors of all entries, under the code of the first. */
static void refuse_all(submission *s)
{
    field_problem *errors = cogo_arena_alloc(&s->o->scratch, FIELD_ERRORS_MAX * sizeof *errors);
    problem why = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const submit_entry *entry = &s->entries[i];
        if (entry->code == NULL) {
            continue;
        }
        if (why.code == NULL) {
            why = orc_entry_problem(entry);
        }
        for (size_t j = 0; errors != NULL && j < entry->error_count && count < FIELD_ERRORS_MAX;
             j++) {
            errors[count++] = entry->errors[j];
        }
    }
    why.errors = (cogo_records){.items = errors, .count = count};
    orc_submit_refuse(s->o, s->ask, &why);
}

static void refuse_whole(submission *s, int64_t status, const char *code, const char *pointer,
                         const char *detail)
{
    field_problem error = {.pointer = pointer, .detail = detail};
    problem why = {.title = orc_title(code),
                   .status = status,
                   .detail = detail,
                   .code = code,
                   .errors = {.items = &error, .count = pointer == NULL ? 0 : 1},
                   .retry_after_ms = status == 503 ? BUSY_RETRY_AFTER_MS : 0};
    orc_submit_refuse(s->o, s->ask, &why);
}

static void looked_up(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    if (found == NULL) {
        orc_submit_unread(o, ask, error);
        return;
    }
    orc_load_found(o, ask, found);
    orc_submit(o, ask);
}

/* Asks the store for the dependencies that are not in memory; then the check starts anew. */
static void look_up(submission *s, const orc_map *missing)
{
    const char **ids = cogo_arena_alloc(&s->o->scratch, LOOKUP_IDS_MAX * sizeof *ids);
    store_lookup lookup = {.ids = {.items = ids}, .whole = true};
    size_t cursor = 0;
    for (char *id; ids != NULL && lookup.ids.count < LOOKUP_IDS_MAX
                   && (id = orc_map_next(missing, &cursor)) != NULL;) {
        ids[lookup.ids.count++] = id;
        orc_map_put_text(&s->ask->asked, id, id);
    }
    orc_ask_send(s->o, s->ask, &lookup, looked_up);
}

/* What the entries depend on. False: the store is asked. */
static bool resolve(submission *s)
{
    orc_map refs = {.seed = {s->o->tasks.seed[0], s->o->tasks.seed[1]}};
    orc_map missing = refs;
    collect_refs(s, &refs);
    for (size_t i = 0; i < s->count; i++) {
        resolve_entry(s, i, &refs, &missing);
    }
    bool asks = missing.count > 0 && s->ask->rounds < LOOKUP_ROUNDS_MAX;
    if (missing.count > 0 && !asks) {
        refuse_whole(s, 422, "VALIDATION", "/instructions",
                     "The request depends on too many finished tasks.");
        asks = true;
    } else if (asks) {
        look_up(s, &missing);
    }
    orc_map_finish(&refs);
    orc_map_finish(&missing);
    return !asks;
}

static void decide(submission *s)
{
    bool cyclic = find_cycle(s);
    size_t good = 0;
    refuse_dependants(s);
    for (size_t i = 0; i < s->count; i++) {
        good += s->entries[i].code == NULL ? 1 : 0;
    }
    if (cyclic || (s->request->atomic && good < s->count)) {
        refuse_all(s);
    } else if (s->o->unfinished_count + (int64_t)good > s->o->config.unfinished_limit) {
        refuse_whole(s, 503, "TOO_MANY_TASKS", NULL,
                     "Too many tasks are unfinished; try again later.");
    } else {
        orc_accept(s);
    }
}

void orc_submit(orc *o, orc_ask *ask)
{
    const task_submit *request = cogo_msg_payload(ask->request);
    const instruction *asked = request->instructions.items;
    submission s = {
        .o = o, .ask = ask, .request = request, .count = request->instructions.count};
    if (o->phase != ORC_READY) { // The store failed while it was asked.
        refuse_whole(&s, 503, "STORE_UNAVAILABLE", NULL, "The store can't be written.");
        return;
    }
    if (s.count == 0 || s.count > INSTRUCTIONS_MAX) {
        refuse_whole(&s, 422, "VALIDATION", "/instructions",
                     s.count == 0 ? "At least one instruction is needed."
                                  : "One request holds at most 10000 instructions.");
        return;
    }
    s.entries = cogo_arena_alloc(&o->scratch, s.count * sizeof *s.entries);
    if (s.entries == NULL) {
        refuse_whole(&s, 503, "TOO_MANY_TASKS", NULL, "Out of memory; try again later.");
        return;
    }
    o->submit_stamp++;
    for (size_t i = 0; i < s.count; i++) {
        s.entries[i].asked = &asked[i];
        check_entry(&s, i);
    }
    if (resolve(&s)) {
        decide(&s);
    }
}

void orc_on_submit(orc *o, cogo_msg *msg)
{
    if (orc_unavailable(o, cogo_msg_reply_to(msg))) {
        return;
    }
    const task_submit *request = cogo_msg_payload(msg);
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    if (request->idempotency_key == NULL || !orc_key_begin(o, ask)) {
        orc_submit(o, ask);
    }
    orc_ask_leave(o, ask);
}
