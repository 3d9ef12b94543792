/* The tables of limits and of sticky keys. */
#include "codec/contract/field.h"
#include "codec/contract/records.h"

enum { LIMIT_MAX = 1000000, LIMIT_NAME_MAX = 64 };

static const cogo_field task_limit_fields[] = {
    FIELD(task_limit, name, "name", STRING, REQUIRED, LENGTH(1, LIMIT_NAME_MAX),
          .doc = "Name: letters, digits, dot, dash and underscore."),
    FIELD(task_limit, concurrency, "concurrency", INT, RANGE(0, LIMIT_MAX),
          .doc = "Attempts of one key that may run at once; 0 means any number."),
    FIELD(task_limit, rate, "rate", INT, RANGE(0, LIMIT_MAX),
          .doc = "Attempts of one key that may begin in the time `per`; 0 means any number."),
    FIELD(task_limit, per, "per", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds; 0 means 1000."),
    FIELD(task_limit, burst, "burst", INT, RANGE(0, LIMIT_MAX),
          .doc = "Beginnings that may be saved up; 0 means as many as `rate`."),
    FIELD(task_limit, updated_at, "updatedAt", TIME, OUTPUT, .doc = "When it was last set."),
    FIELD(task_limit, used, "used", INT, .flags = COGO_FIELD_OUTPUT, .min = 0, .max = INT64_MAX,
          .doc = "Attempts that run now, over all keys."),
    FIELD(task_limit, waiting, "waiting", INT, .flags = COGO_FIELD_OUTPUT, .min = 0,
          .max = INT64_MAX, .doc = "Groups of tasks that wait for it."),
    FIELD(task_limit, tenant, "tenant", STRING, OUTPUT,
          .doc = "For the tasks of this tenant alone; absent: for all that have none of this "
                 "name of their own."),
};
RECORD(task_limit, "Limit", 1, "How many tasks may run at once, or begin in a time.");

static const cogo_field sticky_place_fields[] = {
    FIELD(sticky_place, key, "key", STRING, REQUIRED, .doc = "The key, with its tenant."),
    FIELD(sticky_place, worker_id, "workerId", STRING, REQUIRED,
          .doc = "Worker that had its last task."),
};
RECORD(sticky_place, "StickyPlace", 1, "Where the next task of a key goes.");
