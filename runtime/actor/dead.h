/* Dead letters: counting them, and telling those who asked.
 * Used wherever a message ends without having been handled.
 * Never reports a report: its own messages are only counted. */
#ifndef COGO_ACTOR_DEAD_H
#define COGO_ACTOR_DEAD_H

#include "runtime/base/lock.h"

#include <cogo/dead_letter.h>

struct cogo_context;

enum { COGO__DEAD_SUBSCRIBERS_MAX = 8, COGO__DEAD_PER_SECOND = 100 };

/* `per_second` 0: free. `window` is second << 32 | reports in it. The rest is the lock's. */
typedef struct cogo__dead_subscriber {
    cogo__au32 per_second;
    cogo__au64 window, suppressed;
    cogo_actor_id who;
} cogo__dead_subscriber;

typedef struct cogo__dead {
    cogo__au32 count; /**< Of subscribers. */
    cogo__lock lock;
    cogo__dead_subscriber subscribers[COGO__DEAD_SUBSCRIBERS_MAX];
} cogo__dead;

/** Counts @p msg, which was for @p to, and tells the subscribers; if it is a request, its ask
 * fails. Not freed. */
void cogo__dead_letter(cogo_system *system, struct cogo_context *here, cogo_msg *msg,
                       cogo_actor_id to, cogo_dead_reason why);
/** What a sender hears when its message ended so. */
cogo_err cogo__dead_err(cogo_dead_reason why);

#endif
