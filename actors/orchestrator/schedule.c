/* Schedules: made, listed, paused, deleted, and found again at the start. */
#include "actors/orchestrator/schedule.h"

#include "codec/contract/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void orc_schedule_free(orc *o, orc_schedule *s)
{
    orc_deadline_clear(&o->deadlines, &s->deadline);
    zone_free(s->zone);
    orc_free(s->task_block);
    orc_free(s->error_block);
    orc_free(s->record);
    orc_free(s);
}

void orc_schedule_save(orc *o, const orc_schedule *s)
{
    orc_define(o, SCHEDULE_KIND, s->record->schedule_id, &schedule_record, s->record);
}

/* NULL: @p record is fine. Else what is wrong, and where. */
static const char *wrong(orc *o, const schedule *record, cron *out_cron, zone **out_zone,
                         const char **out_pointer)
{
    char error[CRON_ERROR_SIZE];
    const instruction *asked = record->instruction;
    *out_zone = NULL;
    *out_pointer = "/instruction/role";
    if (asked == NULL || asked->role == NULL || !contract_role_known(asked->role)) {
        return text_print(&o->scratch, "Unknown role: %.64s",
                          asked == NULL || asked->role == NULL ? "" : asked->role);
    }
    *out_pointer = "/instruction/dependencies";
    if (asked->dependencies.count > 0) {
        return "The task of a schedule depends on no other.";
    }
    *out_pointer = "/cron";
    if (!cron_parse(record->cron, out_cron, error)) {
        return text_print(&o->scratch, "%s", error);
    }
    *out_pointer = "/timeZone";
    if (!zone_load(record->time_zone == NULL ? "UTC" : record->time_zone, out_zone)) {
        return text_print(&o->scratch, "No time zone of this name is known here: %.64s",
                          record->time_zone);
    }
    *out_pointer = "/cron";
    if (cron_next(out_cron, *out_zone, cogo_system_wall_ms(o->system)) == 0) {
        zone_free(*out_zone);
        *out_zone = NULL;
        return "No day fits it.";
    }
    return NULL;
}

/* Takes over @p zone. What changes of the record has blocks of its own. */
static orc_schedule *add(orc *o, const schedule *record, const cron *parsed, zone *in_zone)
{
    schedule plain = *record;
    plain.last_task_id = NULL;
    plain.last_error = NULL;
    orc_schedule *s = orc_alloc(sizeof *s);
    s->record = orc_copy(&schedule_record, &plain);
    s->cron = *parsed;
    s->zone = in_zone;
    orc_task_set_text(&s->task_block, &s->record->last_task_id, record->last_task_id);
    orc_task_set_text(&s->error_block, &s->record->last_error, record->last_error);
    orc_map_put_text(&o->schedules, s->record->schedule_id, s);
    return s;
}

void orc_on_schedule_create(orc *o, cogo_msg *msg)
{
    cogo_actor_id to = cogo_msg_reply_to(msg);
    schedule record = *(const schedule *)cogo_msg_payload(msg);
    cron parsed;
    zone *in_zone;
    const char *pointer;
    if (orc_unavailable(o, to)) {
        return;
    }
    if (o->schedules.count >= SCHEDULES_MAX) {
        orc_refuse(o, to, 409, "TOO_MANY_SCHEDULES", "There are %d schedules already.",
                   SCHEDULES_MAX);
        return;
    }
    cogo_record_error error;
    if (cogo_record_check(&schedule_record, &record, &error) != COGO_OK) {
        orc_refuse_field(o, to, error.pointer, error.detail);
        return;
    }
    const char *detail = wrong(o, &record, &parsed, &in_zone, &pointer);
    if (detail != NULL) {
        orc_refuse_field(o, to, pointer, detail);
        return;
    }
    char id[ID_SIZE];
    orc_id(o, id, "sch_");
    record.schedule_id = id;
    record.time_zone = record.time_zone == NULL ? "UTC" : record.time_zone;
    record.overlap = record.overlap < 0 ? OVERLAP_SKIP : record.overlap;
    record.missed = record.missed < 0 ? MISSED_ONCE : record.missed;
    record.created_at = cogo_system_wall_ms(o->system);
    record.updated_at = record.created_at;
    orc_schedule *s = add(o, &record, &parsed, in_zone);
    orc_schedule_arm(o, s, record.created_at);
    orc_schedule_save(o, s);
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_SCHEDULE, s->record), true);
}

static int by_id(const void *a, const void *b)
{
    const schedule *left = a, *right = b;
    return strcmp(left->schedule_id, right->schedule_id);
}

void orc_on_schedule_list(orc *o, cogo_msg *msg)
{
    const schedule_command *asked = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (orc_unavailable(o, to)) {
        return;
    }
    schedule *all = cogo_arena_alloc(&o->scratch, (o->schedules.count + 1) * sizeof *all);
    size_t count = 0;
    size_t cursor = 0;
    for (orc_schedule *s; (s = orc_map_next(&o->schedules, &cursor)) != NULL && all != NULL;) {
        if (orc_sees(asked->tenant, s->record->tenant)
            && (asked->schedule_id == NULL
                || strcmp(asked->schedule_id, s->record->schedule_id) == 0)) {
            all[count++] = *s->record;
        }
    }
    if (asked->schedule_id != NULL && count == 0) {
        orc_refuse(o, to, 404, "SCHEDULE_NOT_FOUND", "No such schedule: %.80s.",
                   asked->schedule_id);
        return;
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, by_id);
    }
    schedule_page page = {.schedules = {.items = all, .count = count}};
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_SCHEDULE_PAGE, &page), true);
}

/* The schedule that is named; NULL: it is answered. */
static orc_schedule *named(orc *o, cogo_msg *msg)
{
    const schedule_command *asked = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (orc_unavailable(o, to)) {
        return NULL;
    }
    orc_schedule *s =
        asked->schedule_id == NULL ? NULL : orc_map_get_text(&o->schedules, asked->schedule_id);
    if (s == NULL || !orc_sees(asked->tenant, s->record->tenant)) {
        orc_refuse(o, to, 404, "SCHEDULE_NOT_FOUND", "No such schedule: %.80s.",
                   asked->schedule_id == NULL ? "(no id)" : asked->schedule_id);
        return NULL;
    }
    return s;
}

void orc_on_schedule_delete(orc *o, cogo_msg *msg)
{
    orc_schedule *s = named(o, msg);
    if (s == NULL) {
        return;
    }
    orc_define(o, SCHEDULE_KIND, s->record->schedule_id, NULL, NULL);
    orc_outbox_put(o, cogo_msg_reply_to(msg),
                   cogo_msg_create_record(o->system, MSG_SCHEDULE, s->record), true);
    (void)orc_map_take_text(&o->schedules, s->record->schedule_id);
    if (s->ask != 0) {
        orc_deadline_clear(&o->deadlines, &s->deadline);
        s->gone = true; // The answer to its submit frees it.
    } else {
        orc_schedule_free(o, s);
    }
}

static void set_paused(orc *o, cogo_msg *msg, bool paused)
{
    orc_schedule *s = named(o, msg);
    if (s == NULL) {
        return;
    }
    if (s->record->paused != paused) {
        s->record->paused = paused;
        s->record->updated_at = cogo_system_wall_ms(o->system);
        orc_schedule_arm(o, s, s->record->updated_at);
        orc_schedule_save(o, s);
    }
    orc_outbox_put(o, cogo_msg_reply_to(msg),
                   cogo_msg_create_record(o->system, MSG_SCHEDULE, s->record), true);
}

void orc_on_schedule_pause(orc *o, cogo_msg *msg)
{
    set_paused(o, msg, true);
}

void orc_on_schedule_resume(orc *o, cogo_msg *msg)
{
    set_paused(o, msg, false);
}

/* One that is not understood any more (its time zone is not installed here) stays, and says so.
 */
void orc_schedule_recover(orc *o, const store_definition *from)
{
    const void *found = NULL;
    const char *pointer;
    cron parsed = {0};
    zone *in_zone = NULL;
    if (strcmp(from->kind, SCHEDULE_KIND) != 0
        || cogo_record_decode(&schedule_record, from->record, 0, &o->scratch, &found, NULL)
               != COGO_OK) {
        return;
    }
    schedule record = *(const schedule *)found;
    if (record.schedule_id == NULL
        || orc_map_get_text(&o->schedules, record.schedule_id) != NULL) {
        return;
    }
    const char *detail = wrong(o, &record, &parsed, &in_zone, &pointer);
    if (detail != NULL) {
        record.paused = true;
        record.last_error = detail;
    }
    (void)add(o, &record, &parsed, in_zone);
}

void orc_schedule_start(orc *o)
{
    size_t cursor = 0;
    for (orc_schedule *s; (s = orc_map_next(&o->schedules, &cursor)) != NULL;) {
        const schedule *r = s->record;
        int64_t done = r->last_slot > r->updated_at ? r->last_slot : r->updated_at;
        orc_schedule_arm(o, s, done);
    }
}

void orc_schedule_finish(orc *o)
{
    size_t cursor = 0;
    for (orc_schedule *s; (s = orc_map_next(&o->fires, &cursor)) != NULL;) {
        if (s->gone) {
            orc_schedule_free(o, s);
        }
    }
    cursor = 0;
    for (orc_schedule *s; (s = orc_map_next(&o->schedules, &cursor)) != NULL;) {
        orc_schedule_free(o, s);
    }
    orc_map_finish(&o->fires);
    orc_map_finish(&o->schedules);
}
