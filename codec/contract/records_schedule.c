/* The table of schedules. */
#include "codec/contract/field.h"
#include "codec/contract/records.h"

#define X(name, text) text,
const char *const overlap_names[] = {OVERLAP_MAP(X) NULL};
const char *const missed_names[] = {MISSED_MAP(X) NULL};
#undef X

static const cogo_field schedule_fields[] = {
    FIELD(schedule, schedule_id, "scheduleId", STRING, OUTPUT, .doc = "Id of the schedule."),
    FIELD(schedule, name, "name", STRING, LENGTH(1, 256), .doc = "Name for people."),
    FIELD(schedule, cron, "cron", STRING, REQUIRED, LENGTH(1, 256),
          .doc =
              "minute hour day month weekday, or @hourly, @daily, @weekly, @monthly, @yearly."),
    FIELD(schedule, time_zone, "timeZone", STRING, LENGTH(1, 63),
          .doc = "UTC, or a name such as Europe/Berlin; UTC when absent."),
    FIELD(schedule, overlap, "overlap", ENUM, .names = overlap_names,
          .doc = "While the task of an earlier slot is unfinished: skip the slot (default), "
                 "allow both, or cancel the earlier one."),
    FIELD(schedule, missed, "missed", ENUM, .names = missed_names,
          .doc = "Slots that passed while nobody could submit: the latest one once (default), "
                 "skip them, or all of them."),
    FIELD(schedule, paused, "paused", BOOL, .doc = "True: no slot is submitted."),
    FIELD_RECORD(schedule, instruction, "instruction", instruction, REQUIRED,
                 .doc = "What each slot submits."),
    FIELD(schedule, created_at, "createdAt", TIME, OUTPUT, .doc = "When it was created."),
    FIELD(schedule, updated_at, "updatedAt", TIME, OUTPUT, .doc = "When it last changed."),
    FIELD(schedule, next_slot, "nextSlot", TIME, OUTPUT,
          .doc = "The next time; absent while it is paused."),
    FIELD(schedule, last_slot, "lastSlot", TIME, OUTPUT,
          .doc = "The last time that was dealt with; absent before the first."),
    FIELD(schedule, last_task_id, "lastTaskId", STRING, OUTPUT,
          .doc = "Id of the task of the last slot that became one."),
    FIELD(schedule, last_error, "lastError", STRING, OUTPUT,
          .doc = "Why the last slot got no task; absent when it did."),
    FIELD(schedule, submitted, "submitted", INT, .flags = COGO_FIELD_OUTPUT, .min = 0,
          .max = INT64_MAX, .doc = "Slots that became a task."),
    FIELD(schedule, skipped, "skipped", INT, .flags = COGO_FIELD_OUTPUT, .min = 0,
          .max = INT64_MAX, .doc = "Slots that an unfinished earlier task skipped."),
    FIELD(schedule, missed_count, "missedCount", INT, .flags = COGO_FIELD_OUTPUT, .min = 0,
          .max = INT64_MAX, .doc = "Slots that were missed for good."),
    FIELD(schedule, refused, "refused", INT, .flags = COGO_FIELD_OUTPUT, .min = 0,
          .max = INT64_MAX, .doc = "Slots whose task was refused."),
    FIELD(schedule, tenant, "tenant", STRING, OUTPUT,
          .doc = "Whose schedule it is, and whose its tasks are; absent: the default one's."),
};
RECORD(schedule, "Schedule", 1, "A task that is submitted again and again.");
