/* The cluster as one node sees it: who is a member, who is gone, and since which incarnation.
 * Used by programs on nodes (node.h) that must know more than who is linked with them now.
 * Never sure of what it can't see: a member is declared dead by a majority only, and what was
 * declared dead never comes back, but as a later incarnation. */
#ifndef COGO_CLUSTER_H
#define COGO_CLUSTER_H

#include <cogo/node.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_CLUSTER_MEMBERS_MAX = 1024,   /**< Members that are known at a time, a count. */
    COGO_CLUSTER_VOTERS_MAX = 64,      /**< Names in cogo_node_config.members, a count. */
    COGO_CLUSTER_MESH_MAX = 64,        /**< Links that a node opens to members that it heard
                                          of from others, a count. */
    COGO_CLUSTER_SUBSCRIBERS_MAX = 16, /**< A count. */
    COGO_CLUSTER_NAMES_MAX = 64,       /**< Names that are claimed in a cluster, a count. */
    COGO_CLUSTER_NAME_MAX = 127,       /**< Bytes of such a name. */
    COGO_SINGLETON_ARGS_MAX = 1024,    /**< Bytes of a singleton's arguments. */
    COGO_CLUSTER_ADDRESS_SIZE = 64,    /**< Bytes of the longest address, with its NUL. */
};

/** What is known of a member. */
typedef enum cogo_member_state {
    COGO_MEMBER_UNKNOWN, /**< It is on the list of members, and nobody has heard of it yet. */
    COGO_MEMBER_ALIVE,   /**< Somebody is linked with it, and nobody doubts it. */
    COGO_MEMBER_SUSPECT, /**< One who was linked with it can't reach it, nor can others asked
                            for that. It may still say that it lives. */
    COGO_MEMBER_DEAD,    /**< Declared so by a majority: this incarnation never comes back. */
    COGO_MEMBER_LEFT,    /**< It said good-bye: no failure, and it never comes back either. */
    COGO_MEMBER_STATES,  /**< How many there are. */
} cogo_member_state;

/** A member. */
typedef struct cogo_member {
    size_t struct_size;                      /**< sizeof(cogo_member), set by the caller. */
    char name[COGO_NODE_NAME_SIZE];          /**< Of the node. */
    char address[COGO_CLUSTER_ADDRESS_SIZE]; /**< Where it can be joined; "": nowhere. */
    cogo_member_state state;                 /**< Of this incarnation. */
    uint64_t incarnation;                    /**< 0: not heard of yet. */
    uint64_t version; /**< How often it has denied a suspicion, a count. */
    uint32_t node;    /**< Index of the peer, as of cogo_actor_id.node; 0: itself, or none. */
    bool linked;      /**< This node has a link with it now, or is it. */
    bool listed;      /**< It is on the list of members (cogo_node_config.members). */
    bool self;        /**< It is this node. */
} cogo_member;

/** Payload of COGO_MSG_MEMBER. */
typedef struct cogo_member_event {
    cogo_member member;          /**< As it is now. */
    cogo_member_state before;    /**< Its state before; UNKNOWN: it is new. */
    uint64_t incarnation_before; /**< Another one: a later incarnation is there. If it is this
                                    node itself: it was declared dead, all its links were lost,
                                    and it goes on as a new incarnation. */
} cogo_member_event;

/** What a node knows of its cluster, counted since it was started first. */
typedef struct cogo_cluster_stats {
    size_t struct_size;                   /**< sizeof(cogo_cluster_stats), set by the caller. */
    uint32_t members[COGO_MEMBER_STATES]; /**< There are now, by state, itself included. */
    uint64_t epoch;                       /**< Grows with each change of what is known. */
    uint32_t voters;                      /**< Whose majority decides, a count. */
    uint32_t voters_here; /**< Of those: itself and those it is linked with, a count. */
    bool majority;        /**< More than half of the voters are on this side. */
    uint64_t suspicions;  /**< That this node raised, a count. */
    uint64_t refuted;     /**< Suspicions of others or of itself that were denied, a count. */
    uint64_t deaths;      /**< Members that this node declared dead, a count. */
    uint64_t probes;      /**< Members that were asked about an unreachable one, a count. */
    uint64_t reborn;      /**< Times that it went on as a new incarnation, a count. */
    uint64_t forgotten;   /**< Members that there was no more room for, a count. */
    uint64_t late_ns;     /**< How much later than it was due its latest beat came. */
    uint64_t late_max_ns; /**< The most of that. */
    uint32_t strain;      /**< 0: none. Its time-outs are (1 + strain) times as long, because
                             its own beats came late. At most 8. */
} cogo_cluster_stats;

/**
 * Up to @p capacity members, from number @p *cursor on, in the order in which they were first
 * heard of; the node itself is the first.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system   the system.
 * @param cursor   0 at first; set to where to go on, 0 at the end.
 * @param out      an array; the struct_size of its first element is that of all.
 * @param capacity elements of @p out.
 * @return how many were written; 0 also when no node runs.
 */
COGO_API size_t cogo_cluster_list(cogo_system *system, uint32_t *cursor, cogo_member *out,
                                  size_t capacity);
/**
 * What is known of the member @p name.
 *
 * Ownership: borrows all.
 * Threads:   any thread.
 * @param system the system.
 * @param name   of a node.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_ENOTFOUND; COGO_ESTATE (no node runs); COGO_EINVAL (no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_find(cogo_system *system, const char *name,
                                                  cogo_member *out);
/**
 * Facts and counts.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_ESTATE (no node runs); COGO_EINVAL (no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_stats_read(cogo_system *system,
                                                        cogo_cluster_stats *out);
/**
 * Makes @p subscriber get COGO_MSG_MEMBER for each member that there is, and for each change of
 * one. Ends with the subscriber.
 *
 * Threads: any thread.
 * @return COGO_OK; COGO_ESTATE (no node runs); COGO_ELIMIT.
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_subscribe(cogo_system *system,
                                                       cogo_actor_id subscriber);
/** What a store is asked for. */
typedef struct cogo_lease_request {
    size_t struct_size;   /**< sizeof(cogo_lease_request). */
    const char *name;     /**< Of the claim, 1 to COGO_CLUSTER_NAME_MAX bytes. */
    const char *claimant; /**< One incarnation of one node, as text. */
    uint64_t term;        /**< Of this holding. */
    uint32_t lease_ms;    /**< How long it is granted for, in milliseconds. */
} cogo_lease_request;

/**
 * A store that all nodes share, such as a database, whose lease decides who holds a name, in
 * place of a majority of members: two nodes are enough, and no list. Both functions run on the
 * offload pool, several at a time, may block, and must return within some seconds: what hangs
 * holds up the end of its system. While the store can't be asked nobody gets a name, and who
 * holds one gives it up after half the lease.
 */
typedef struct cogo_cluster_store {
    size_t struct_size; /**< sizeof(cogo_cluster_store). */
    /**
     * In one atomic step, by the store's own clock: if @p request->name was never granted, or
     * its time is over, or it was given back, and @p request->term is higher than any that it
     * was granted with, or if it is granted to this claimant with this very term, it is granted
     * to it for lease_ms from now on.
     *
     * Ownership: borrows all.
     * Threads:   a thread of the offload pool.
     * @param ctx      the store's.
     * @param request  who wants what.
     * @param out_term the highest term that the name was granted with, if it is not granted
     * now.
     * @return COGO_OK: granted; COGO_EEXIST: not; anything else: the store could not be asked.
     */
    cogo_err (*take)(void *ctx, const cogo_lease_request *request, uint64_t *out_term);
    /** Ends what was granted to this claimant with this term, if it still is; remembers the
     * term. As take(). */
    void (*give)(void *ctx, const cogo_lease_request *request);
    void *ctx; /**< Given to both; outlives the system. */
} cogo_cluster_store;

/** Payload of COGO_MSG_CLAIM: what became of a claim. */
typedef struct cogo_claim_event {
    bool held;     /**< The actor holds the name now; else it has to give it up at once. */
    cogo_err err;  /**< Not held: COGO_OK, it was lost and is claimed on; COGO_EEXIST, another
                      actor of this node claims it; COGO_ELIMIT: the claim is over. */
    uint64_t term; /**< Of this holding: higher than those of all before it. */
    uint64_t left_ns; /**< Held: until it is lost, if no majority renews it; lost: within it
                         what runs under the name must have ended. Nanoseconds. */
    char name[COGO_CLUSTER_NAME_MAX + 1]; /**< What was claimed. */
} cogo_claim_event;

/**
 * The running actor wants to hold @p name, which one actor of the whole cluster does at a time.
 * COGO_MSG_CLAIM tells when it does, and when it does not any more. It needs grants of more
 * than half of the members in cogo_node_config.members, which must be the same list, with the
 * same lease_ms, on all nodes, or that of cogo_node_config.store; so on the minority's side of
 * a partition nobody holds it: there it is lost after half the lease, and everything that runs
 * under the name has to end in the half that follows, before another may hold it. This is so
 * while no two clocks run at rates that differ by 5 % or more; whoever may be frozen for longer
 * (a stopped process) shows its term to what it writes to, which refuses a lower one than it
 * has seen. Ends with the actor.
 *
 * Ownership: copies @p name, 1 to COGO_CLUSTER_NAME_MAX bytes.
 * Threads:   inside a behaviour.
 * @return COGO_OK: COGO_MSG_CLAIM comes some time; COGO_EINVAL; COGO_ESTATE (no node runs, or
 * it has neither a list of members nor a store); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_claim(cogo_context *ctx, const char *name);
/** Gives @p name up: others may have it at once, so what runs under it has ended before.
 * Threads: inside the behaviour that claimed it. @return as cogo_cluster_claim(). */
COGO_API cogo_err cogo_cluster_release(cogo_context *ctx, const char *name);
/**
 * Who holds @p name, as far as this node has heard of it: its holder tells those that are
 * linked with it.
 *
 * Ownership: borrows all.
 * Threads:   any thread.
 * @param system   the system.
 * @param name     of a claim or a singleton.
 * @param out_id   the actor; may be NULL.
 * @param out_term of its holding; may be NULL.
 * @return COGO_OK; COGO_ENOTFOUND (nobody, or its time is over); COGO_ESTATE (no node runs).
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_whereis(cogo_system *system, const char *name,
                                                     cogo_actor_id *out_id, uint64_t *out_term);

/** An actor that runs once in the whole cluster. */
typedef struct cogo_singleton_spec {
    size_t struct_size;            /**< sizeof(cogo_singleton_spec). */
    const char *name;              /**< 1 to COGO_CLUSTER_NAME_MAX bytes. */
    const cogo_behavior *behavior; /**< What it does. Must outlive the system. */
    const void *args;              /**< Copied; given to start(). */
    size_t args_size_bytes;        /**< Of args; at most COGO_SINGLETON_ARGS_MAX. */
} cogo_singleton_spec;

/**
 * Claims spec->name, and runs an actor while it is held: begun when it is, begun again a second
 * after its end, told to shut down when it is lost and killed if it has not ended within a
 * quarter of the lease. To be called on all nodes that may run it. A callback that does not
 * return can't be ended: see the term, cogo_cluster_whereis().
 *
 * Ownership: copies @p spec.
 * Threads:   any thread.
 * @param system     the system.
 * @param spec       what runs.
 * @param out_keeper the actor that sees to it: its end ends all of it.
 * @return COGO_OK; COGO_EINVAL; COGO_ESTATE (no node runs, or it has neither a list of members
 *         nor a store); as cogo_system_spawn().
 */
COGO_API COGO_MUST_USE cogo_err cogo_cluster_singleton_start(cogo_system *system,
                                                             const cogo_singleton_spec *spec,
                                                             cogo_actor_id *out_keeper);
/** One word for people and metrics, or "unknown". Threads: any thread. */
COGO_API const char *cogo_member_state_name(cogo_member_state state);

#ifdef __cplusplus
}
#endif
#endif
