/* Who is about to do what: each door tells the orchestrator just before it asks, and the audit
 * log of the store has it with what became of it. Used by all doors. Never tells a secret. */
#ifndef DOORS_AUDIT_H
#define DOORS_AUDIT_H

#include "actors/doors/grant.h"

#include <cogo/actor.h>

typedef struct audit_who {
    const grant *grant;
    const char *door;       /* http, websocket or redis. */
    const char *request_id; /* NULL: none. */
    const char *subject;    /* What it is about, when that is known before; NULL: not yet. */
} audit_who;

/* To be called right before the ask of @p type, from the same actor. Does nothing for what only
 * reads, or is a worker's daily work. */
void audit_tell(cogo_context *ctx, cogo_system *system, cogo_actor_id orchestrator,
                cogo_msg_type type, const audit_who *who);

#endif
