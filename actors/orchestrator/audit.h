/* Who did what. A door says so just before it asks; the entry waits for the answer, which knows
 * what became of it, and leaves with the write that makes it durable: nothing is acknowledged
 * without its entry. Tokens are changed by the store itself: their entries are written before.
 * Used by the files through which all asks and answers go. */
#ifndef ORCHESTRATOR_AUDIT_H
#define ORCHESTRATOR_AUDIT_H

#include "actors/orchestrator/room.h"

/* An entry on its way. */
typedef struct orc_audit {
    struct orc_audit *next; /* Among those that wait for a write. */
    cogo_actor_id key;      /* Of the door, then of the asker who waits for the answer. */
    audit_entry *entry;     /* Own block. */
    char *subject, *outcome, *detail;
} orc_audit;

/* From a door: its next ask is this. */
void orc_on_audit(orc *o, cogo_msg *msg);

/* @p msg may be that ask. */
void orc_audit_asked(orc *o, cogo_msg *msg);

/* While another one leads: tells it first. */
void orc_audit_pass(orc *o, cogo_msg *msg, cogo_actor_id leader);

/* @p to is answered with this. */
void orc_audit_answered(orc *o, cogo_actor_id to, cogo_msg_type type, const void *record);

/* A token is about to be changed: its entry goes to the store before. */
void orc_audit_token(orc *o, cogo_msg *msg);

/* For keep.c. */
bool orc_audit_waits(const orc *o);
void orc_audit_fill(orc *o, store_write *write);
void orc_audit_sent(orc *o);

void orc_audit_finish(orc *o);
void orc_audit_metrics(orc *o, metric_list *list);

#endif
