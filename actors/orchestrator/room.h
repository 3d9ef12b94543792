/* What the orchestrator knows, and what its files do for each other.
 * Used by this room only; each block below, and in the headers that it includes, names the file
 * that owns it. Never shared between actors: one actor owns all of it, so there are no locks.
 */
#ifndef ORCHESTRATOR_ROOM_H
#define ORCHESTRATOR_ROOM_H

#include "actors/orchestrator/ask.h"
#include "actors/orchestrator/deadline.h"
#include "actors/orchestrator/journal.h"
#include "actors/orchestrator/limits.h"
#include "actors/orchestrator/map.h"
#include "actors/orchestrator/memory.h"
#include "actors/orchestrator/orchestrator.h"
#include "actors/orchestrator/tasks.h"
#include "actors/orchestrator/workers.h"
#include "codec/contract/metric.h"
#include "codec/contract/names.h"

typedef enum orc_phase {
    ORC_FOLLOWING, /* Another one has the right to write. */
    ORC_RECOVERING,
    ORC_READY,
    ORC_STORE_WAITING, /* The disk is full: the store keeps our writes and tries again. */
    ORC_STORE_FAILED,  /* For good; this actor is ending. */
} orc_phase;

struct orc {
    cogo_context *ctx; /* Of the running callback. */
    cogo_system *system;
    orchestrator_config config;
    orc_phase phase;
    char store_error[160];
    cogo_arena scratch; /* Until the end of the handler. */
    orc_map tasks, workers, workers_by_monitor, roles, workflows, keys, asks, runs, lines;
    orc_map adrift; /* Workers of an earlier term, by id, until they come back. */
    orc_deadlines deadlines;
    uint64_t timer, timer_at_ns;
    orc_line *hungry;
    orc_worker *hungry_workers;
    orc_task *first_ended, *last_ended;
    int64_t unfinished_count;
    size_t waiter_count;
    uint64_t stamp;           /* Grows; marks what one loop has seen. */
    const char **known_roles; /* Ends with NULL. */
    /* Ids and leases. */
    int64_t id_ms;
    uint64_t id_high, id_low;
    int64_t next_lease, next_epoch;
    /* Journal. */
    orc_task *first_dirty, *last_dirty;
    size_t dirty_count;
    uint64_t dirty_since_ns;
    uint64_t next_number, committed_number;
    int64_t next_sequence;
    orc_write *writes; /* Oldest first. */
    size_t write_count, write_capacity;
    orc_parcel *outbox; /* Ring. */
    size_t outbox_first, outbox_count, outbox_capacity;
    orc_defined *first_defined, *last_defined;
    orc_map limits, gates, groups;  /* By name; by key; by line, priority and keys. */
    orc_map audit_next, audit_open; /* By door; by who waits for the answer (audit.c). */
    struct orc_audit *first_audit, *last_audit; /* For the next write. */
    uint64_t audits, spans_dropped;
    uint64_t log_lines, log_second; /* Of the log, in this second (log.c). */
    int64_t audits_before; /* Entries that go with the next write: from before; 0: none. */
    orc_map stickies;      /* By tenant and key (sticky.c). */
    struct orc_sticky *first_sticky, *last_sticky; /* Used longest ago first. */
    uint64_t sticky_placed[3];
    orc_map schedules, fires; /* By id; by the ask of the submit that is under way. */
    uint64_t slots_submitted, slots_skipped, slots_missed, slots_refused;
    orc_sweep sweep;
    int64_t dead_count; /* Dead letters in the store. */
    /* Followers. */
    struct orc_follower *followers;
    size_t follower_count, follower_capacity;
    /* Recovery. */
    uint64_t recovery_ask;
    /* While another one leads (relay.c). */
    orc_map relays;
    cogo_actor_id leader;
    uint64_t leader_monitor, locate_ask;
    uint32_t locate_node;
    orc_deadline locate;
    /* Metrics. */
    metric_histogram queue_wait, dispatch, commit_seconds, batch_size;
    uint64_t submit_stamp, exhausted;
    uint64_t approved, rejected;
    uint64_t artifacts[3], artifact_bytes[3]; /* Contexts, outputs, and what workers stored. */
    int64_t stale_writes;                     /* As the store told with its last commit. */
    uint64_t retries, leases_expired, leases_taken_over, returned, fenced;
};

/* answer.c: problems and other direct answers. */
void orc_answer(orc *o, cogo_actor_id to, cogo_msg_type type, const void *record);
void orc_refuse(orc *o, cogo_actor_id to, int64_t status, const char *code, const char *format,
                ...) __attribute__((format(printf, 5, 6)));
/* 422: what is at @p pointer of the request is not valid. */
void orc_refuse_field(orc *o, cogo_actor_id to, const char *pointer, const char *detail);
const char *orc_title(const char *code);

/* Answers 503 and gives true when the journal can't be written or recovery goes on. */
bool orc_unavailable(orc *o, cogo_actor_id to);

/* share.c and limit.c: who takes turns with whom, and who has to wait for a limit. */
enum { LIMIT_NAME_SIZE = 65 + 64 }; /* "TENANT/NAME" */
/* What a task of @p tenant means by "name" or "name:key": the limit of its own,
 * "TENANT/name:key", or the one for all. NULL: there is none. */
const char *orc_limit_key(orc *o, const char *tenant, const char *key);
/* May somebody who is bound to @p tenant (NULL: to none) see what is @p owner's? */
bool orc_sees(const char *tenant, const char *owner);
void orc_on_limit_set(orc *o, cogo_msg *msg);
void orc_on_limit_list(orc *o, cogo_msg *msg);
void orc_on_limit_delete(orc *o, cogo_msg *msg);
void orc_limit_recover(orc *o, const store_definition *from);
void orc_limit_metrics(orc *o, metric_list *list);

/* redrive.c */
void orc_on_redrive(orc *o, cogo_msg *msg);

/* relay.c: standing by. */
void orc_follow_start(orc *o);
void orc_on_linked(orc *o);
void orc_on_located(orc *o, cogo_msg *msg);
void orc_on_elected(orc *o, cogo_msg *msg);
bool orc_leader_down(orc *o, uint64_t monitor);

/* Tokens and bytes of artifacts are the store's: its answer goes back to who asked. */
void orc_on_token_change(orc *o, cogo_msg *msg);
void orc_on_token_list(orc *o, cogo_msg *msg);
void orc_on_artifact_get(orc *o, cogo_msg *msg);
void orc_on_audit_list(orc *o, cogo_msg *msg);

/* True: @p msg was an answer to something passed on, or is passed on now. */
bool orc_relay(orc *o, cogo_msg *msg);
void orc_relay_finish(orc *o);

/* reads.c and explain.c */
void orc_on_get(orc *o, cogo_msg *msg);
void orc_on_list(orc *o, cogo_msg *msg);
void orc_on_events(orc *o, cogo_msg *msg);
void orc_events_look_up(orc *o, orc_ask *ask);
void orc_on_explain(orc *o, cogo_msg *msg);
void orc_on_health(orc *o, cogo_msg *msg);

/* metrics.c */
void orc_on_metrics(orc *o, cogo_msg *msg);
void orc_metrics_init(orc *o);

/* recovery.c */
cogo_err orc_recovery_start(orc *o);
void orc_on_recovered(orc *o, cogo_msg *msg);
void orc_recovery_failed(orc *o, const char *why);

/* clear.c */
void orc_clear(orc *o);

#endif
