/* Schedules in memory.
 * Used by schedule.c, which makes and changes them, fire.c, which submits their tasks, and by
 * who starts and ends them.
 * Never shared with other actors. */
#ifndef ORCHESTRATOR_SCHEDULE_H
#define ORCHESTRATOR_SCHEDULE_H

#include "actors/orchestrator/cron.h"
#include "actors/orchestrator/room.h"

typedef struct orc_schedule {
    schedule *record; /* Own block, but for the two texts below. */
    void *task_block, *error_block;
    cron cron;
    zone *zone;
    orc_deadline deadline; /* Of the next slot. */
    uint64_t ask;          /* Of the submit that is under way; 0: none. */
    int64_t slot;          /* That it is for. */
    bool gone;             /* Was deleted meanwhile. */
} orc_schedule;

#define SCHEDULE_KIND "schedule" /* Of its definition in the store. */

/* Waits for its next slot after @p after_ms, or for none while it is paused. */
void orc_schedule_arm(orc *o, orc_schedule *s, int64_t after_ms);
void orc_schedule_save(orc *o, const orc_schedule *s);
void orc_schedule_free(orc *o, orc_schedule *s);

/* For the rest of the room. */
void orc_on_schedule_create(orc *o, cogo_msg *msg);
void orc_on_schedule_list(orc *o, cogo_msg *msg);
void orc_on_schedule_delete(orc *o, cogo_msg *msg);
void orc_on_schedule_pause(orc *o, cogo_msg *msg);
void orc_on_schedule_resume(orc *o, cogo_msg *msg);
void orc_schedule_recover(orc *o, const store_definition *from);
void orc_schedule_start(orc *o); /* All that are recovered begin to fire. */
void orc_schedule_finish(orc *o);

/* True: @p msg was the answer to the submit of a slot. */
bool orc_fire_answered(orc *o, cogo_msg *msg);

#endif
