#include "actors/orchestrator/artifact.h"

#include "codec/contract/digest.h"

#include <inttypes.h>
#include <string.h>

/* What the metrics tell apart. */
static const char *const kinds[] = {"context", "output", "stored"};
enum { KIND_CONTEXT, KIND_OUTPUT, KIND_STORED, KIND_COUNT };

bool orc_value_large(cogo_value value)
{
    return value.size_bytes > ARTIFACT_INLINE_MAX;
}

static orc_large *large_of(orc_task *t)
{
    if (t->large != NULL) {
        return t->large;
    }
    orc_large *made = orc_alloc(sizeof *made);
    t->large = made;
    return made;
}

static void set_value(cogo_value *at, cogo_value value)
{
    void *old = NULL; // The block is ours; the value only says that readers must not change it.
    memcpy(&old, &at->data, sizeof old);
    orc_free(old);
    *at = (cogo_value){0};
    if (value.size_bytes > 0) {
        uint8_t *copy = orc_alloc(value.size_bytes);
        memcpy(copy, value.data, value.size_bytes);
        *at = (cogo_value){.data = copy, .size_bytes = value.size_bytes};
    }
}

static const artifact *find(const orc_task *t, const char *name, int64_t lease)
{
    const artifact *all = t->record->artifacts.items;
    for (size_t i = 0; i < t->record->artifacts.count; i++) {
        if (all[i].lease == lease && strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    return NULL;
}

/* A list in one block that is a record's copy of it; @p about replaces the one of its name and
 * lease, or is the last. */
static void set_list(orc *o, orc_task *t, const artifact *about)
{
    const artifact *all = t->record->artifacts.items;
    size_t count = 0;
    artifact *list =
        cogo_arena_alloc(&o->scratch, (t->record->artifacts.count + 1) * sizeof *list);
    for (size_t i = 0; i < t->record->artifacts.count && list != NULL; i++) {
        if (all[i].lease != about->lease || strcmp(all[i].name, about->name) != 0) {
            list[count++] = all[i];
        }
    }
    if (list == NULL) {
        return; // Running out of memory ends the process elsewhere.
    }
    list[count++] = *about;
    task *copy = orc_copy(&task_record, &(task){.artifacts = {.items = list, .count = count}});
    orc_free(t->large->list_block);
    t->large->list_block = copy;
    t->record->artifacts = copy->artifacts;
}

static void free_first(orc_fresh **at)
{
    orc_fresh *first = *at;
    *at = first->next;
    orc_free(first->about);
    orc_free(first);
}

/* An earlier one of the same name and attempt, which nobody has written yet, is nothing now. */
static void drop_fresh(orc_task *t, const char *name, int64_t lease)
{
    orc_fresh **at = &t->large->fresh;
    while (*at != NULL
           && ((*at)->about->lease != lease || strcmp((*at)->about->name, name) != 0)) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        free_first(at);
    }
}

static void add(orc *o, orc_task *t, const artifact *about, const void *bytes, size_t size,
                int kind)
{
    const artifact *before = find(t, about->name, about->lease);
    if (before != NULL && strcmp(before->sha256, about->sha256) == 0) {
        return; // The same again.
    }
    orc_large *large = large_of(t);
    orc_fresh *fresh = orc_alloc(sizeof *fresh + size);
    fresh->about = orc_copy(&artifact_record, about);
    fresh->size = size;
    if (size > 0) {
        memcpy(fresh->bytes, bytes, size);
    }
    drop_fresh(t, about->name, about->lease);
    fresh->next = large->fresh;
    large->fresh = fresh;
    set_list(o, t, about);
    o->artifacts[kind]++;
    o->artifact_bytes[kind] += size;
    orc_journal_touch(o, t);
}

static void add_value(orc *o, orc_task *t, const char *name, int64_t lease, cogo_value value,
                      int kind)
{
    char hash[DIGEST_SIZE];
    digest_hex(value.data, value.size_bytes, hash);
    artifact about = {.name = name,
                      .sha256 = hash,
                      .media_type = MEDIA_VALUE,
                      .size = (int64_t)value.size_bytes,
                      .lease = lease,
                      .created_at = cogo_system_wall_ms(o->system)};
    add(o, t, &about, value.data, value.size_bytes, kind);
}

void orc_artifact_context(orc *o, orc_task *t, cogo_value context)
{
    set_value(&large_of(t)->context, context);
    add_value(o, t, ARTIFACT_CONTEXT, 0, context, KIND_CONTEXT);
}

void orc_artifact_loaded(orc_task *t, cogo_value context, cogo_value output)
{
    if (context.size_bytes > 0) {
        set_value(&large_of(t)->context, context);
    }
    if (output.size_bytes > 0) {
        set_value(&large_of(t)->output, output);
    }
}

bool orc_artifact_output(orc_task *t, cogo_value output)
{
    bool large = orc_value_large(output);
    bool stored = output.size_bytes == 0 && find(t, ARTIFACT_OUTPUT, t->lease) != NULL;
    if (t->large != NULL && !stored) {
        set_value(&t->large->output, (cogo_value){0});
    }
    if (large) {
        set_value(&large_of(t)->output, output);
    }
    return large;
}

void orc_artifact_end(orc *o, orc_task *t)
{
    const task *r = t->record;
    if (r->result == NULL || r->result->output.size_bytes > 0) {
        return;
    }
    if (t->large != NULL && t->large->output.size_bytes > 0) {
        add_value(o, t, ARTIFACT_OUTPUT, t->lease, t->large->output, KIND_OUTPUT);
    }
    const artifact *output = find(t, ARTIFACT_OUTPUT, t->lease);
    if (output != NULL) {
        agent_result result = *r->result;
        result.output_artifact = output;
        orc_task_set_result(t, &result);
    }
}

const char *orc_artifact_refused(orc *o, const orc_task *t, const char *name, int64_t lease,
                                 int64_t size)
{
    const artifact *all = t->record->artifacts.items;
    const artifact *replaced = find(t, name, lease);
    size_t count = t->record->artifacts.count - (replaced == NULL ? 0 : 1);
    int64_t sum = size - (replaced == NULL ? 0 : replaced->size);
    for (size_t i = 0; i < t->record->artifacts.count; i++) {
        sum += all[i].size;
    }
    if (size > ARTIFACT_BYTES_MAX) {
        return cogo_arena_printf(&o->scratch, "%s: %" PRId64 " bytes, and it may have %d.",
                                 name, size, ARTIFACT_BYTES_MAX);
    }
    if (count >= ARTIFACTS_OF_TASK_MAX) {
        return cogo_arena_printf(&o->scratch, "%s: the task has %d artifacts, and no more.",
                                 name, ARTIFACTS_OF_TASK_MAX);
    }
    return sum <= ARTIFACTS_BYTES_MAX
               ? NULL
               : cogo_arena_printf(&o->scratch,
                                   "%s: the artifacts of the task would have %" PRId64
                                   " bytes, and may have %" PRId64 ".",
                                   name, sum, ARTIFACTS_BYTES_MAX);
}

cogo_value orc_context_of(const orc_task *t, bool *out_missing)
{
    const task *r = t->record;
    if (r->context.size_bytes > 0 || t->large == NULL) {
        *out_missing = r->context.size_bytes == 0 && find(t, ARTIFACT_CONTEXT, 0) != NULL;
        return r->context;
    }
    *out_missing = t->large->context.size_bytes == 0 && find(t, ARTIFACT_CONTEXT, 0) != NULL;
    return t->large->context;
}

cogo_value orc_output_of(const orc_task *t, bool *out_missing)
{
    const agent_result *result = t->record->result;
    *out_missing = false;
    if (result == NULL || result->output_artifact == NULL) {
        return result == NULL ? (cogo_value){0} : result->output;
    }
    *out_missing = t->large == NULL || t->large->output.size_bytes == 0;
    return *out_missing ? (cogo_value){0} : t->large->output;
}

cogo_records orc_artifact_fresh(orc *o, const orc_task *t)
{
    size_t count = 0;
    for (const orc_fresh *f = t->large == NULL ? NULL : t->large->fresh; f != NULL;
         f = f->next) {
        count++;
    }
    artifact_content *all =
        count == 0 ? NULL : cogo_arena_alloc(&o->scratch, count * sizeof *all);
    if (all == NULL) {
        return (cogo_records){0};
    }
    count = 0;
    for (const orc_fresh *f = t->large->fresh; f != NULL; f = f->next) {
        all[count++] = (artifact_content){
            .about = f->about, .bytes = artifact_wrap(f->bytes, f->size, &o->scratch)};
    }
    return (cogo_records){.items = all, .count = count};
}

size_t orc_artifact_fresh_size(const orc_task *t)
{
    size_t size = 0;
    for (const orc_fresh *f = t->large == NULL ? NULL : t->large->fresh; f != NULL;
         f = f->next) {
        size += f->size;
    }
    return size;
}

void orc_artifact_written(orc_task *t)
{
    while (t->large != NULL && t->large->fresh != NULL) {
        free_first(&t->large->fresh);
    }
}

void orc_artifact_free(orc_task *t)
{
    orc_large *large = t->large;
    if (large == NULL) {
        return;
    }
    orc_artifact_written(t);
    set_value(&large->context, (cogo_value){0});
    set_value(&large->output, (cogo_value){0});
    orc_free(large->list_block);
    orc_free(large);
}

/* False: refused. */
static bool check_put(orc *o, cogo_actor_id to, const artifact_put *put, const uint8_t **bytes,
                      size_t *size)
{
    const artifact *about = put->content == NULL ? NULL : put->content->about;
    if (orc_unavailable(o, to)) {
        return false;
    }
    if (about == NULL || !artifact_name_valid(about->name)
        || strcmp(about->name, ARTIFACT_CONTEXT) == 0) {
        orc_refuse(o, to, 422, "VALIDATION", "name: not one that a worker can give.");
        return false;
    }
    if (about->sha256 == NULL || about->media_type == NULL
        || !artifact_unwrap(put->content->bytes, bytes, size)) {
        orc_refuse(o, to, 422, "VALIDATION", "bytes: with their hash and media type.");
        return false;
    }
    if (strcmp(about->name, ARTIFACT_OUTPUT) == 0
        && strcmp(about->media_type, MEDIA_VALUE) != 0) {
        orc_refuse(o, to, 422, "VALIDATION", "mediaType: an output is %s.", MEDIA_VALUE);
        return false;
    }
    return true;
}

/* A worker stores something; only for the attempt that it has. */
void orc_on_artifact_put(orc *o, cogo_msg *msg)
{
    const artifact_put *put = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    const uint8_t *bytes = NULL;
    size_t size = 0;
    if (!check_put(o, to, put, &bytes, &size)) {
        return;
    }
    artifact mine = *put->content->about;
    const orc_run *run = orc_map_get(&o->runs, &mine.lease, sizeof mine.lease);
    orc_task *t = run == NULL ? NULL : run->task;
    if (t == NULL || t != orc_task_find(o, put->task_id)) {
        orc_refuse(o, to, 409, "ATTEMPT_OVER",
                   "lease: no attempt of %.64s with the lease %" PRId64 " runs.", put->task_id,
                   mine.lease);
        return;
    }
    const char *why = orc_artifact_refused(o, t, mine.name, mine.lease, (int64_t)size);
    if (why != NULL) {
        bool large = size > ARTIFACT_BYTES_MAX;
        orc_refuse(o, to, large ? 413 : 409,
                   large ? "ARTIFACT_TOO_LARGE" : "TOO_MANY_ARTIFACTS", "%s", why);
        return;
    }
    mine.size = (int64_t)size;
    mine.created_at = cogo_system_wall_ms(o->system);
    add(o, t, &mine, bytes, size, KIND_STORED);
    if (strcmp(mine.name, ARTIFACT_OUTPUT) == 0) { // For those that wait for it.
        set_value(&large_of(t)->output, (cogo_value){.data = bytes, .size_bytes = size});
    }
    artifact_content answer = {.about = find(t, mine.name, mine.lease)};
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_ARTIFACT, &answer), true);
}

void orc_artifact_metrics(orc *o, metric_list *list)
{
    metric_list_family(list, "cogo_artifacts_total",
                       "Contexts, outputs and files that were kept beside their tasks.",
                       "counter");
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        metric_list_sample(list, "", cogo_arena_printf(&o->scratch, "kind=\"%s\"", kinds[kind]),
                           (double)o->artifacts[kind]);
    }
    metric_list_family(list, "cogo_artifact_bytes_total", "Their bytes.", "counter");
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        metric_list_sample(list, "", cogo_arena_printf(&o->scratch, "kind=\"%s\"", kinds[kind]),
                           (double)o->artifact_bytes[kind]);
    }
}
