/* Questions to the store, what is loaded by them, and the submits and keys that ask them.
 * Used by all of this room, through room.h. */
#ifndef ORCHESTRATOR_ASK_H
#define ORCHESTRATOR_ASK_H

#include "actors/orchestrator/map.h"
#include "codec/contract/messages.h"

typedef struct orc orc;
typedef struct orc_ask orc_ask;
typedef struct orc_task orc_task;

/* A keyed submit that is being worked on. */
typedef struct orc_key {
    char *key, *hash;
    task_submitted *answer; /* Own block; NULL until there is one. */
    cogo_actor_id *waiting;
    size_t waiting_count, waiting_capacity;
} orc_key;

/* A workflow whose tasks are being loaded. */
typedef struct orc_family {
    const char *id, *name;
    int64_t created_at;
    cogo_strings task_ids;
} orc_family;

struct orc_ask {
    uint64_t ask; /* Key of orc.asks. */
    /* @p found is NULL when there is no answer; the room has not refused anything then. */
    void (*answered)(orc *o, orc_ask *self, const store_found *found, const char *error);
    cogo_actor_id reply_to;
    cogo_msg *request; /* Taken; destroyed with the ask. May be NULL. */
    orc_key *key;
    orc_map asked;     /* Ids of earlier rounds. */
    cogo_arena memory; /* Of those ids, and of the family. */
    orc_task **pins;   /* Loaded for this; stay in memory as long as it does. */
    size_t pin_count;
    orc_family *family;
    void *own; /* Of who made it, in `memory`. */
    int rounds;
    /* load.c: what goes on when everything is there. */
    void (*resume)(orc *o, orc_ask *self);
    void (*fail)(orc *o, orc_ask *self, const char *error);
};

/* ask.c: questions to the store. */
orc_ask *orc_ask_create(orc *o, cogo_actor_id reply_to, cogo_msg *request);
void orc_ask_destroy(orc *o, orc_ask *ask);
void orc_ask_leave(orc *o, orc_ask *ask); /* Destroys it unless it waits for an answer. */

/* Sends @p lookup. `answered` is called once: later, or at once when it can't be sent. Whoever
 * made the ask calls orc_ask_leave() when its handler is done. */
void orc_ask_send(orc *o, orc_ask *ask, const store_lookup *lookup,
                  void (*answered)(orc *o, orc_ask *self, const store_found *found,
                                   const char *error));
void orc_ask_answered(orc *o, cogo_msg *msg);
void orc_ask_failed(orc *o, cogo_msg *msg);

/* load.c: finished tasks and workflows from the store. */
orc_task *orc_load_task(orc *o, const task *from, const store_mark *mark);
void orc_load_found(orc *o, orc_ask *ask, const store_found *found);
void orc_unpin(orc *o, orc_ask *ask);

/* True: all that exist are in memory. False: the store is asked, `resume` or `fail` follow. */
bool orc_load_ids(orc *o, orc_ask *ask, cogo_strings ids);
bool orc_load_workflow(orc *o, orc_ask *ask, const char *id);

/* submit.c, accept.c and key.c */
void orc_on_submit(orc *o, cogo_msg *msg);
void orc_submit(orc *o, orc_ask *submission);
void orc_submit_answer(orc *o, orc_ask *submission, const task_submitted *answer);
void orc_submit_refuse(orc *o, orc_ask *submission, const problem *why);
/* 503: the store could not be asked, by @p error. */
void orc_submit_unread(orc *o, orc_ask *submission, const char *error);

/* True: the store is asked first, or somebody else does it, or it is answered. */
bool orc_key_begin(orc *o, orc_ask *submission);
void orc_key_destroy(orc *o, orc_key *key);

/* commands.c */
void orc_lookup_failed(orc *o, orc_ask *ask, const char *error);
void orc_task_unknown(orc *o, cogo_actor_id to, const char *id);
void orc_relink(orc *o, orc_task *t); /* To the dependencies that its record names. */

/* Why @p t can't be tried again, as the code of a problem with its detail; NULL: it can. */
const char *orc_retry_refused(orc *o, const orc_task *t, const char **out_detail);

/* True: all that a retry of @p t needs is in memory. False: the store is asked. */
bool orc_retry_load(orc *o, orc_ask *ask, const orc_task *t);

/* Tries it again. All changes from before must have left, and those of it leave at once: the
 * store must see the end, the renewal and the next end one by one. */
void orc_retry_begin(orc *o, orc_task *t);
void orc_on_cancel(orc *o, cogo_msg *msg);
void orc_on_retry(orc *o, cogo_msg *msg);

#endif
