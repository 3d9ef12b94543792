/* Every limit and default of this room, with its unit.
 * Used by all its files; the ones that users set are in orchestrator_config.
 * Never a place for anything else. */
#ifndef ORCHESTRATOR_LIMITS_H
#define ORCHESTRATOR_LIMITS_H

#include <stdint.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  1e9

enum {
    HEARTBEAT_MS = 5000,
    LEASE_MS = 15000,
    RETRY_MIN_MS = 1000,
    RETRY_MAX_MS = 60000,
    UNFINISHED_MAX = 1000000,    /* Tasks that are not finished. */
    ATTEMPTS_DEFAULT = 3,        /* Of one task. */
    TIMEOUT_DEFAULT_MS = 600000, /* When neither instruction nor role names one. */
    TIMEOUT_GRACE_MS = 5000,     /* After it the orchestrator no longer waits for the worker. */
    ABANDONED_MS = 30000,        /* A cancelled attempt holds its slot at most so long. */
    WAIT_MAX_MS = 600000,        /* Of a client that waits for an end. */
    WAITERS_MAX = 100000,        /* Such clients. */
    FOLLOWERS_MAX = 4096,        /* Of events. */
    INSTRUCTIONS_MAX = 10000,    /* In one request. */
    LOOKUP_IDS_MAX = 1000,       /* In one question to the store. */
    LOOKUP_ROUNDS_MAX = 12,      /* Questions to the store for one request. */
    LOOKUP_TIMEOUT_MS = 10000,   /* Of one question to the store. */
    RECOVERY_TIMEOUT_MS = 60000, /* Of one page. */
    ASKS_MAX = 10000,      /* Questions to the store, or to the leader, without an answer. */
    LOCATE_PAUSE_MS = 250, /* Between two rounds of asking all nodes who leads. */
    WORKERS_MAX = 10000,
    WORKER_ROLES_MAX = 256,     /* Of one worker. */
    WORKER_FORGET_MS = 600000,  /* A lost worker stays in the list so long. */
    WORKER_AWAY_MS = 5000,      /* For a worker to come back when its link was lost. */
    WORKER_REATTACH_MS = 10000, /* After a start, for workers to come back with their leases. */
    WORKER_PAUSE_MS = 10,       /* Without offers, when its link is full. */
    WRITES_IN_FLIGHT_MAX = 2,   /* One in the store's hands, one ready for it. */
    WRITE_CHANGES_MAX = 2000,   /* In one write. */
    WRITE_BYTES_MAX = 8 << 20,  /* About, in one write. */
    FLUSH_CHANGES = 512,        /* So many changes don't wait for an empty mailbox, */
    FLUSH_AGE_MS = 1,           /* nor do changes that are so old. */
    STORE_RETRY_AFTER_MS = 5000, /* Told to clients while the store is away, */
    BUSY_RETRY_AFTER_MS = 1000,  /* and while too many tasks are unfinished. */
    FIELD_ERRORS_MAX = 100,      /* In one problem. */
    REASONS_MAX = 100,           /* In one explanation. */
    REDRIVE_DEFAULT = 100,       /* Dead letters of one request that names none. */
    AUDITS_OPEN_MAX = 20000,     /* Entries that wait for an answer. */
    STICKY_KEYS_MAX = 10000,     /* Remembered; the one used longest ago goes first. */
    LIMIT_DEFINITIONS_MAX = 1000,
    LIMIT_KEY_MAX = 192, /* Bytes of name:key. */
    DUE_LOOK_MS = 60000, /* As SCHEDULE_LOOK_MS, for deadlines of tasks. */
    TASK_TREE_MAX = 32,  /* Levels of tasks that name their parents. */
    SCHEDULES_MAX = 1000,
    SCHEDULE_LATE_MS = 60000,   /* A slot that is later was missed. */
    SCHEDULE_LOOK_MS = 60000,   /* The wall clock is looked at so often at least. */
    SCHEDULE_AGAIN_MS = 1000,   /* After a submit that could not be done now. */
    SCHEDULE_MISSED_MAX = 1000, /* Missed slots that are submitted one after the other. */
    SWEEP_MS = 60000,           /* Between two walks for what is kept no longer, */
    SWEEP_PAUSE_MS = 5,         /* and between two stretches of one. */
    NEAREST_MAX = 3,            /* Names in "did you mean". */
};

#endif
