/* The 503 to a request for which there is no room. Under a flood most of what the server writes
 * is this, so it is made once a second and only stamped for each: a refusal has to cost little
 * beside an accepted request, or refusing is all that is done.
 * Used by the server. Pure: no socket, no clock. */
#ifndef GATEWAY_REFUSAL_H
#define GATEWAY_REFUSAL_H

#include "actors/gateway/answer.h"
#include "codec/contract/id.h"

enum { REFUSAL_RETRY_AFTER_MS = 1000 };

typedef struct refusal_form {
    answer *made; /* Of this second, with a stand-in for the request's id. */
    int64_t second;
    size_t id_at[2]; /* Where it stands: head and body. */
    size_t body_at;
} refusal_form;

/* The answer to one of them, named @p id; to a HEAD without the body. NULL when out of memory.
 */
answer *refusal_make(refusal_form *r, int64_t wall_ms, const char id[ID_SIZE], bool no_body);
void refusal_finish(refusal_form *r);

#endif
