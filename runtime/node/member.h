/* The member actor: keeps the view of one node in step with those of others, opens links to
 * members that it heard of, and finds out who is gone.
 * Used by its files: member.c (life, beats, links), gossip.c (news), probe.c (doubt and death).
 * Never touched by another actor; what others read is behind the lock of node->cluster_view. */
#ifndef COGO_NODE_MEMBER_H
#define COGO_NODE_MEMBER_H

#include "runtime/node/node.h"

enum {
    COGO__FEW = 64, /**< Members: of more, others hear by slices only that one has come. */
    COGO__PROBES_PER_BEAT = 4, /**< Unreachable members that are asked about, a count. */
    COGO__RELAYS = 3,          /**< Members that are asked about one that was linked. */
    COGO__RELAYS_STRANGE = 16, /**< About one that never was. */
    COGO__PROBE_BEATS = 3,     /**< Within so many an answer has to come. */
    COGO__PROBES_FAILED = 2,   /**< In a row: it is suspect. */
    COGO__STRANGE_BEATS = 30,  /**< Without a link, that there never was, before it is asked. */
    COGO__SUSPECT_BEATS = 10,  /**< Suspect for so many, unless there is strain: dead. */
    COGO__FRESH_BEATS = 3,     /**< An answer about a peer that was heard within them counts. */
    COGO__MESH_FIRST_BEATS = 2, /**< The smaller name opens a link after so many, */
    COGO__MESH_OTHER_BEATS = 6, /**< the other one, if there still is none, after so many. */
};

typedef struct cogo__opener {
    cogo_actor_id joiner; /* Or a resolver, if the address has a name. */
    char address[COGO__ADDRESS_TEXT];
    char name[COGO__NODE_NAME_MAX + 1];
} cogo__opener;

typedef struct cogo__member_actor {
    cogo__node *node;
    cogo__cluster *cluster; // Of the node.
    cogo_context *ctx;      // While a callback runs.
    uint64_t beat_ns, probes;
    uint32_t probe_at, relay_at; // Whose turn it is.
    cogo__opener openers[COGO_CLUSTER_MESH_MAX];
    uint32_t opener_count;
} cogo__member_actor;

/* gossip.c. All callers hold the cluster's lock, unless it is said otherwise. */

/** Tells subscribers and linked members of @p entry, which was @p before; not @p but. */
void cogo__gossip_spread(cogo__member_actor *m, const cogo__entry *entry,
                         const cogo__member *before, uint32_t but);
/** Changes the state of @p entry, and spreads it. */
void cogo__gossip_set(cogo__member_actor *m, cogo__entry *entry, const cogo__member *known);
/** A MEMBER frame of node @p from. Takes the lock. */
void cogo__gossip_take(cogo__member_actor *m, const cogo__member *news, uint32_t from);
/** The link with node @p peer, which is @p member, is up: as good as a MEMBER frame, and who is
 * told so finds it linked. Takes the lock. */
void cogo__gossip_link(cogo__member_actor *m, const cogo__member *member, uint32_t peer);
/** This node goes on as an incarnation beyond @p beyond. Takes the lock. */
void cogo__gossip_reborn(cogo__member_actor *m, uint64_t beyond);
/** What other threads read is brought up to date. */
void cogo__gossip_publish(cogo__member_actor *m);

/* probe.c: callers hold the lock. */

/** One beat: asks about those that are out of reach, doubts, declares dead. */
void cogo__probe_beat(cogo__member_actor *m, uint64_t now_ns);
/** PROBE: is told.member linked here? */
void cogo__probe_asked(cogo__member_actor *m, const cogo__told *told, uint64_t now_ns);
/** PROBED. */
void cogo__probe_answered(cogo__member_actor *m, const cogo__told *told, uint64_t now_ns);

#endif
