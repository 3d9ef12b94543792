/* What the entries of a submit depend on: tasks that exist, and each other. */
#include "actors/orchestrator/graph.h"
#include "actors/orchestrator/submission.h"

#include <stdio.h>
#include <string.h>

/* Entries by their `ref`; a second one with the same is refused. */
static void collect_refs(submission *s, orc_map *refs)
{
    for (size_t i = 0; i < s->count; i++) {
        const char *ref = s->entries[i].asked->ref;
        if (ref == NULL) {
            continue;
        }
        if (orc_map_get_text(refs, ref) != NULL) {
            orc_submit_wrong(s, i, "VALIDATION", "/ref",
                             "The ref %s is used twice in this request.", ref);
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
    bool foreign = t != NULL && !orc_same_tenant(s->request->tenant, t->record->tenant);
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
    orc_submit_wrong(
        s, at, "UNKNOWN_DEPENDENCY", pointer,
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

bool orc_resolve(submission *s)
{
    orc_map refs = {.seed = {s->o->tasks.seed[0], s->o->tasks.seed[1]}};
    orc_map missing = refs;
    collect_refs(s, &refs);
    for (size_t i = 0; i < s->count; i++) {
        resolve_entry(s, i, &refs, &missing);
    }
    bool asks = missing.count > 0 && s->ask->rounds < LOOKUP_ROUNDS_MAX;
    if (missing.count > 0 && !asks) {
        orc_submit_refuse_whole(s, 422, "VALIDATION", "/instructions",
                                "The request depends on too many finished tasks.");
        asks = true;
    } else if (asks) {
        look_up(s, &missing);
    }
    orc_map_finish(&refs);
    orc_map_finish(&missing);
    return !asks;
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

bool orc_find_cycle(submission *s)
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
        orc_submit_wrong(s, path[0], "DEPENDENCY_CYCLE", "/dependencies",
                         "The dependencies form a cycle: %.300s", show_path(s, path, length));
    }
    orc_free(path);
    orc_free(targets);
    orc_free(starts);
    return length > 0;
}

/* In a batch a task can't wait for one that was refused. Repeats until nothing changes. */
void orc_refuse_dependants(submission *s)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->count; i++) {
            submit_entry *entry = &s->entries[i];
            for (size_t j = 0; j < entry->ref_count && entry->code == NULL; j++) {
                if (s->entries[entry->refs[j]].code != NULL) {
                    orc_submit_wrong(s, i, "DEPENDENCY_REFUSED", "/dependencies",
                                     "The task %s, which this one depends on, was refused.",
                                     name_of(s, entry->refs[j]));
                    changed = true;
                }
            }
        }
    }
}
