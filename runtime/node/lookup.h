/* Looking up the addresses of a name, without anybody who has to wait for it.
 * Used by resolvers. The C library's look-up may hang for as long as a name service does not
 * answer, and nothing ends it: so it has a thread of its own, and memory that outlives the
 * system. Who does not want to know any more drops it, and the thread ends when it can. */
#ifndef COGO_NODE_LOOKUP_H
#define COGO_NODE_LOOKUP_H

#include "runtime/base/world.h"
#include "runtime/node/address.h"

enum { COGO__LOOKUP_MAX = 64 }; /**< Addresses of one name. */

typedef struct cogo__lookup cogo__lookup;

/** NULL: there is no thread or no memory for it. */
cogo__lookup *cogo__lookup_begin(const cogo__world *world, const char *host, uint16_t port);
bool cogo__lookup_is_done(cogo__lookup *lookup);
/** Of one that is done: why nothing was found, for people; NULL: it was. */
const char *cogo__lookup_error(const cogo__lookup *lookup);
/** Of one that is done. */
size_t cogo__lookup_count(const cogo__lookup *lookup);
const cogo__address *cogo__lookup_at(const cogo__lookup *lookup, size_t index);
/** NULL is allowed. */
void cogo__lookup_drop(cogo__lookup *lookup);

#endif
