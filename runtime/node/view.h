/* The view: what one node knows of the members of its cluster, and how two views become one.
 * Used by the member actor, which alone changes it, under the lock of the node's cluster; by
 * admission, which asks whether an incarnation may come in; and by the public calls.
 * Never reads a clock, never sends: so two views can be played against each other in a test.
 *
 * Of each name one incarnation is known, the latest. Its record is replaced by one that
 *   1. is of a later incarnation;
 *   2. else is final (dead, left) where the known one is not, or dead where it is left;
 *   3. else has a higher version: only the member itself makes it higher, to deny a suspicion;
 *   4. else doubts (suspect) where the known one does not.
 * This is a total order but for addresses (the greater text wins), so views that exchange all
 * they know are equal, in whatever order it came, and what is final stays so. */
#ifndef COGO_NODE_VIEW_H
#define COGO_NODE_VIEW_H

#include "codec/frame.h"

#include <cogo/allocator.h>
#include <cogo/cluster.h>

/* What goes over the wire. */
typedef struct cogo__member {
    char name[COGO__NODE_NAME_MAX + 1];
    char address[COGO_CLUSTER_ADDRESS_SIZE];
    cogo_member_state state;
    uint64_t incarnation, version;
} cogo__member;

typedef struct cogo__entry {
    cogo__member known;
    bool listed, self;
    // What this node knows by itself.
    uint32_t node;          /**< Index of the peer of this incarnation; 0: never linked. */
    bool linked;            /**< There is a link now. */
    uint64_t hash;          /**< Its part of the digest. */
    uint64_t since_ns;      /**< The state. */
    uint64_t unlinked_ns;   /**< No link since then, or it was last shown to live. */
    uint64_t probe, failed; /**< Number of the latest probe; how many were in vain. */
    uint64_t probed_ns;     /**< It was sent; 0: none is under way. */
    bool opening;           /**< This node has a joiner for it. */
} cogo__entry;

/* Zero-initialise, but for `from`. */
typedef struct cogo__view {
    const cogo_allocator *from; /**< NULL: malloc. */
    cogo__entry *entries;       /**< The first is the node itself. */
    uint32_t count, capacity, listed;
    uint64_t epoch, forgotten;
    uint64_t digest; /**< Sum over all that is told to others; 0 on the wire: not said. */
} cogo__view;

typedef enum cogo__merged {
    COGO__MERGED_NOTHING, /**< It was known, or is older than what is known. */
    COGO__MERGED_NEWS,
    COGO__MERGED_SELF, /**< It is of this very node; nothing was changed. */
    COGO__MERGED_FULL, /**< There is no room for one more. */
} cogo__merged;

void cogo__view_finish(cogo__view *view);
/** Begins anew with @p self and the list @p members (NULL: none): "a,b" or "pod-0..2" or both,
 * with commas. COGO_OK, COGO_EINVAL (the list), COGO_ENOMEM. */
cogo_err cogo__view_begin(cogo__view *view, const cogo__member *self, const char *members,
                          uint64_t now_ns);
/** True if @p members can be read: what cogo__view_begin() takes. */
bool cogo__view_list_is_valid(const char *members);
cogo__entry *cogo__view_find(const cogo__view *view, const char *name);
/** @p before: what was known; its incarnation 0: nothing. @p out_entry is NULL without one. */
cogo__merged cogo__view_merge(cogo__view *view, const cogo__member *news, uint64_t now_ns,
                              cogo__member *before, cogo__entry **out_entry);
/** Changes an entry to @p state, or the node itself. It is news for others. */
void cogo__view_set(cogo__view *view, cogo__entry *entry, const cogo__member *known,
                    uint64_t now_ns);
/** Forgets those that are gone for long; what is gone for half of that is not told any more.
 * To be called now and then. */
void cogo__view_age(cogo__view *view, uint64_t now_ns);
/** True if others are told of @p entry. */
bool cogo__view_tells(const cogo__entry *entry, uint64_t now_ns);
/** Of voters: how many there are, and how many are on this side. */
void cogo__view_count(const cogo__view *view, uint32_t *out_voters, uint32_t *out_here);
static inline bool cogo__member_is_final(cogo_member_state state)
{
    return state == COGO_MEMBER_DEAD || state == COGO_MEMBER_LEFT;
}

/** May this incarnation of @p name come in? COGO_OK; COGO_EGONE with the incarnation that it
 * would have to be beyond; COGO_EEXIST (a later one lives). */
cogo_err cogo__view_judge(const cogo__view *view, const char *name, uint64_t incarnation,
                          uint64_t *out_beyond);

#endif
