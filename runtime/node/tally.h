/* What a node counts of its links, and why connections were not made: for metrics, and for logs
 * that a crowd of strangers can't fill.
 * Used by connections, joiners and links. Never decides anything. */
#ifndef COGO_NODE_TALLY_H
#define COGO_NODE_TALLY_H

#include "runtime/actor/core.h"

#include <cogo/node.h>

enum { COGO__LOG_PER_SECOND = 10 }; /**< Lines about strangers; the counters have all. */

typedef struct cogo__tally {
    cogo__au64 refused[COGO_NODE_REFUSALS];
    cogo__au64 links_up, links_lost, process_ends;
    cogo__au64 log_window; /**< Second << 32 | lines in it. */
} cogo__tally;

/** What kind of reason (@p err, @p why) is; @p closed: the other side hung up without a
 * word. */
cogo_node_refusal cogo__refusal_of(cogo_err err, const char *why, bool closed);
/** True for what happens when nodes find each other twice, or themselves: no reason to
 * worry. */
bool cogo__refusal_is_usual(cogo_node_refusal refusal);
/** Counts a connection that was not made. Any thread. */
void cogo__tally_refused(cogo__tally *tally, cogo_node_refusal refusal);
/** Another line about strangers may be logged now. Any thread. */
bool cogo__tally_may_log(cogo__tally *tally, uint64_t now_ns);

#endif
