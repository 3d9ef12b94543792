/* The node of a system: its peers, and what all its connections share.
 * Used by the files of this room. Never known to actors: they see ids.
 *
 * A peer is one incarnation of one other node; its index is what ids carry, and is never used
 * again. `lock` of the node guards who is linked (admission, the end of a link); `lock` of a
 * peer guards its queue and is the only one that a sender takes. The first may be held when the
 * second is taken, never the other way round. */
#ifndef COGO_NODE_NODE_H
#define COGO_NODE_NODE_H

#include "runtime/actor/remote.h"
#include "runtime/node/address.h"
#include "runtime/node/detect.h"
#include "runtime/node/loads.h"
#include "runtime/node/session.h"
#include "runtime/node/stage.h"
#include "runtime/node/tally.h"
#include "runtime/node/tls.h"
#include "runtime/node/view.h"

#include <cogo/node.h>

enum {
    COGO__PEERS_MAX = 65536,   /**< Incarnations of peers in the life of a system, a count. */
    COGO__RELAYS_MAX = 262144, /**< Asks of one peer that wait for an answer here, a count. */
    COGO__MESSAGE_COST = 64, /**< Bytes that a frame of a message counts besides its payload. */
    COGO__CONTROL = 0,       /**< Connections of a link. */
    COGO__DATA = 1,
    COGO__CONNECTIONS = 2,
    COGO__SLICE = 32,          /**< Members that one peer is told of with one ping, a count. */
    COGO__TOLD_PER_BEAT = 512, /**< Frames about members that one peer may send in one beat. */
};

/* Among the actors of this room. */
enum {
    COGO__MSG_FLUSH = 64, /**< To a connection: look at what there is to send. */
    COGO__MSG_NACK,       /**< To a peer's alias: a cogo_err. */
    COGO__MSG_OPENED,     /**< To who made a connection: cogo__opened. It is authenticated. */
    COGO__MSG_LEAVE,      /**< To a joiner: its address is not listed any more. */
    COGO__MSG_LOST,       /**< To a resolver: a link to one of its addresses was lost. */
    COGO__MSG_SHARE,      /**< To a peer: who joined or left a group here, see share.c. */
    COGO__MSG_WHERE,      /**< To a process, and back: the index of its node. */
    COGO__MSG_RIVAL,     /**< To a control connection: a later incarnation of its peer waits. */
    COGO__MSG_TOLD = 80, /**< To the member actor: cogo__told. */
    COGO__MSG_SAY,       /**< To a control connection: cogo__told, to be said to its peer. */
    COGO__MSG_WISH,      /**< To the claims actor: cogo__wish, see claims.h. */
};

typedef struct cogo__opened {
    uint32_t connection;
} cogo__opened;

/* Messages in a list by `link`; `enqueued_ns` keeps the slot and `target` the generation of the
 * receiver. */
typedef struct cogo__line {
    cogo_msg *first, *last;
} cogo__line;

typedef enum cogo__looked_after {
    COGO__LOOKS_NOBODY, /**< Whoever sends next. */
    COGO__LOOKS_TOLD,   /**< Whoever sent: the connection is nudged, or has a message. */
    COGO__LOOKS_ITSELF, /**< It waits for credit or for room in the socket. */
} cogo__looked_after;

typedef struct cogo__peer {
    uint32_t index, next_free;
    char name[COGO__NODE_NAME_MAX + 1];
    uint64_t incarnation;
    cogo__au32 known; /**< The above may be read. */
    // Guarded by the node's lock.
    bool ended;          /**< A later incarnation has come: this one never comes back. */
    bool opened_here;    /**< Who opened the link. */
    bool kin;            /**< A child process, or our parent: no member of the cluster. */
    bool mourned;        /**< Its latest link was up, and has not been mourned yet. */
    bool cut;            /**< Its latest link ended without a word. */
    bool left;           /**< To its owner, to be mourned. */
    cogo_actor_id owner; /**< Whose child process it is, as long as that one is there. */
    char why[64];        /**< Its latest link ended. */
    uint64_t link;       /**< Number of the link there is or may come to be; 0: none. */
    cogo_actor_id connections[COGO__CONNECTIONS];
    // Guarded by its own lock.
    cogo__lock lock;
    bool up; /**< There is a link: its queue takes messages. */
    /** cogo__looked_after: who sees to it that the data connection looks at stage and queue.
     * Only that reads it without the lock. */
    cogo__au32 looked_after;
    cogo__stage stage; /**< Before the queue. */
    cogo__line queue;
    uint64_t queued_bytes; /**< Also of what is staged or taken out, and not encoded yet. */
    cogo_actor_id data, control;
    uint64_t current;  /**< Number of the link that `consumed` is of. */
    uint64_t consumed; /**< Bytes of the peer's messages, handled or dropped here. */
    uint64_t reported; /**< Of those, what the peer was told. */
    bool report_due;   /**< The control connection has been told to. */
    // Anybody's.
    /** Bytes of messages, to the peer. Written under the lock while the stage is open, else by
     * the connection. */
    cogo__au64 sent;
    cogo__au64 acknowledged; /**< By the peer: bytes of messages that it has consumed. */
    cogo__au32 relays;       /**< Its asks that wait for an answer here. */
    cogo__au64 rtt_ns, nacks;
    cogo__au64 bytes_in[COGO__CONNECTIONS], bytes_out[COGO__CONNECTIONS]; /**< Each its own. */
    cogo__au64 heard_ns; /**< Anything, on the control connection. */
    cogo__au64 rtt_sum_ns;
    cogo__au32 rtt_counts[COGO_NODE_RTT_BUCKETS]; /**< Written by the control connection. */
} cogo__peer;

/* Who holds a name, as far as this node knows; it may be itself. */
typedef struct cogo__holding {
    char name[COGO_CLUSTER_NAME_MAX + 1];
    uint64_t term, over_ns; /**< After that nobody does, unless it is said anew. */
    cogo_actor_id actor;
} cogo__holding;

/* What is known of the cluster. Only the member actor changes it, but for holdings. */
typedef struct cogo__cluster {
    cogo__au64 digest; /**< Of the view. */
    cogo__au32 throttled_ms, strain;
    // Guarded by `lock`, which may be taken while the node's is held, never the other way
    // round.
    cogo__lock lock;
    cogo_actor_id actor;
    cogo__view view;
    cogo__pulse pulse;
    cogo_cluster_stats counts;
    cogo_actor_id subscribers[COGO_CLUSTER_SUBSCRIBERS_MAX];
    cogo_actor_id claims; /**< The claims actor; none without a list of members. */
    cogo__holding holdings[COGO_CLUSTER_NAMES_MAX];
} cogo__cluster;

typedef struct cogo__node {
    cogo__remote remote; // First.
    cogo_system *system;
    cogo__table peers;
    cogo__au32 running;
    cogo_actor_id root;
    // Constant while it runs.
    cogo_node_config config;
    char name[COGO__NODE_NAME_MAX + 1], cluster[COGO__NODE_NAME_MAX + 1];
    uint8_t secret[256];
    cogo__au64 incarnation;   /**< But for a node that is declared dead: see member.c. */
    bool tls;                 /**< On all links. */
    cogo_cluster_store store; /**< Its take is NULL: there is none. */
    int listen_fd;
    uint16_t port;
    // Connections.
    cogo__au32 alive;     /**< Of any kind; stop() waits for none. */
    cogo__au32 strangers; /**< Not authenticated. */
    cogo__parker stopper;
    cogo__tally tally;
    // Guarded by `lock`.
    cogo__lock lock;
    cogo__tls_keys *keys; /**< Of the connections to come; NULL: no TLS. */
    cogo__loads loads;    /**< Of child processes. */
    uint64_t links_made;
    uint32_t links;
    cogo_actor_id subscribers[COGO_NODE_SUBSCRIBERS_MAX];
    cogo__cluster cluster_view;
} cogo__node;

/** Of @p system, or NULL. */
cogo__node *cogo__node_of(cogo_system *system);
/** Without a secret anybody who reaches the port is let in: so only this machine may. */
bool cogo__node_may_reach(const cogo_node_config *config, const cogo__address *address);
/** Between socket and session of a new connection: *out_tls stays NULL if there is no TLS. */
cogo_err cogo__node_tls(cogo__node *node, bool opens, cogo__tls **out_tls);
/** NULL for an index that was never given out. Any thread. */
cogo__peer *cogo__peer_find(cogo__node *node, uint32_t index);

/** The node with this index, as whom requests are for that it answers itself: slot 0 of
 * generation 1, which no actor has. */
cogo_actor_id cogo__node_id(cogo_system *system, uint32_t index);

/* --- Admission and the end of links: peer.c. --------------------------------------------- */

/** Who asks to be let in: one authenticated connection. */
typedef struct cogo__applicant {
    cogo_actor_id actor;
    uint32_t connection;
    bool opened_here, kin;
    cogo_actor_id owner; /**< Whose child process it is; none: it is none of ours. */
    const char *name;
    uint64_t incarnation;
    uint64_t beyond; /**< Set when it is refused: what it would have to be beyond; or 0. */
} cogo__applicant;

/** COGO_OK with the peer and the number of its link; else why not, with a text. */
cogo_err cogo__peer_admit(cogo__node *node, cogo_context *ctx, cogo__applicant *who,
                          cogo__peer **out_peer, uint64_t *out_link, const char **out_why);
/** The data connection is open: messages may be sent. False: the link has ended already. */
bool cogo__peer_up(cogo__node *node, cogo_context *ctx, cogo__peer *peer, uint64_t link);
/** A connection of @p link has ended, perhaps without a word (@p cut): all of the link does.
 * Only the first call has an effect. */
void cogo__peer_down(cogo__node *node, cogo_context *ctx, cogo__peer *peer, uint64_t link,
                     bool cut, const char *why);

/** The data connection of a link that was up ends: nothing of that link comes any more. Asks
 * over it fail, monitors and links across it fire, and a new link may be made. When a
 * child process was cut off it has ended, as a rule, and its owner hears in a moment how: this
 * is left to it. */
void cogo__peer_mourn(cogo__node *node, cogo_context *ctx, cogo__peer *peer);
/** The child process @p name of @p owner has ended: its link ends without a word. */
void cogo__peer_cut(cogo__node *node, const char *name, cogo_actor_id owner);
/** The running actor owns the child process @p name no more, which has ended for @p reason:
 * what was left to it is done now. */
void cogo__peer_disown(cogo__node *node, cogo_context *ctx, const char *name,
                       const cogo_reason *reason);
/** No incarnation of @p name up to @p incarnation comes in any more, and links with them end;
 * with a @p name of NULL all links end, and nobody is kept out. */
void cogo__peer_fence(cogo__node *node, cogo_context *ctx, const char *name,
                      uint64_t incarnation, const char *why);

/* --- Groups: share.c. --------------------------------------------------------------------- */

/** `share` of remote.h. */
void cogo__share(cogo__remote *remote, cogo_context *here, const cogo__bond *bond, bool joined);
/** The link with @p peer has come up: it hears of all members that there are here. */
void cogo__share_all(cogo__node *node, cogo_context *ctx, const cogo__peer *peer);

/* --- The cluster: member.c, gossip.c, probe.c. -------------------------------------------- */

/* What a control connection hears or is to say, flat. */
typedef enum cogo__told_kind {
    COGO__TOLD_FRAME,   /**< The frame `frame`. */
    COGO__TOLD_REFUSED, /**< A peer wants an incarnation beyond `number`; ours: `incarnation`.
                         */
    COGO__TOLD_ADDRESS, /**< This node can be reached at member.address. */
} cogo__told_kind;

typedef struct cogo__told {
    cogo__told_kind kind;
    uint32_t peer;          /**< Index of who said it, or is told. */
    uint64_t frame;         /**< MEMBER, PROBE, PROBED, CLAIM, CLAIMED, HELD. */
    uint64_t number, alive; /**< alive: also CLAIM is a release, CLAIMED is granted. */
    uint64_t term;
    uint32_t lease_ms;
    cogo__member member; /**< Its name is also that of a claim. */
} cogo__told;

/** Begins a view with this node in it, and its list. COGO_OK; COGO_EINVAL; COGO_ENOMEM. */
cogo_err cogo__cluster_begin(cogo__node *node, const cogo__address *listens,
                             const char *members, const char *advertise);
/** There is somebody who decides of claimed names: a list of voters, or a store. */
bool cogo__cluster_decides(const cogo__node *node);
/** Until the actors that programs talk to are there; a second at most. No lane. */
void cogo__cluster_await(cogo__node *node);
/** For programs. Caller holds the cluster's lock. */
void cogo__cluster_describe(const cogo__entry *entry, cogo_member *out);
/** To the member actor, or the claims actor by its frame, if it is there. Any thread. */
void cogo__cluster_tell(cogo__node *node, cogo_context *ctx, const cogo__told *told);
/** To the node @p index, by its control connection; lost if it is not linked. */
void cogo__cluster_say(cogo__node *node, cogo_context *ctx, uint32_t index,
                       const cogo__told *told);

/* --- What is to be sent: queue.c. -------------------------------------------------------- */

void cogo__line_add(cogo__line *line, cogo_msg *msg);
cogo_msg *cogo__line_take(cogo__line *line);
/** All become dead letters, or are freed if they are signals. */
void cogo__line_drop(cogo_system *system, cogo_context *ctx, const cogo__peer *peer,
                     cogo__line *line);
/** Fills in the calls of @p remote. */
void cogo__queue_init(cogo__remote *remote);
/** Not counted as a message: a signal, a NACK, or news of a group. */
static inline bool cogo__is_signal(const cogo_msg *msg)
{
    return (msg->flags & COGO__MSG_RUNTIME) != 0
           && ((msg->type >= COGO__SIG_START && msg->type <= COGO__SIG_LOST)
               || msg->type == COGO__MSG_NACK || msg->type == COGO__MSG_SHARE);
}
/** How the frame of @p msg, a message of the program, begins. `enqueued_ns` and `target` say to
 * whom it goes. */
cogo__frame_user cogo__queue_head(const cogo_msg *msg);
/** What @p msg counts for in the queue. */
static inline uint64_t cogo__queued_cost(const cogo_msg *msg)
{
    return COGO__MESSAGE_COST + (uint64_t)msg->size_bytes;
}

/* --- Actors. ------------------------------------------------------------------------------ */

/** Whom to join: an address, or a name that has some. */
typedef struct cogo__join {
    cogo__node *node;
    cogo__address address;      /**< Unless there is a host. */
    char host[COGO__HOST_SIZE]; /**< "": none. */
    uint16_t port;              /**< Of host. */
    cogo_actor_id owner;        /**< Of a joiner: its resolver, the member actor, or nobody. */
} cogo__join;

/** How a connection begins: with a socket from accept(), or an address to connect to. */
typedef struct cogo__connect {
    cogo__node *node;
    cogo_actor_id owner;
    int fd; /**< Accepted, or of a child process or a parent; -1: connects. */
    cogo__address address;
    uint32_t number;
    bool opens; /**< With a descriptor: this side speaks first. */
    bool kin;   /**< Parent and child process: nobody else can be at the other end. */
} cogo__connect;

extern const cogo_behavior cogo__listener_behavior;   /**< Args: a cogo__node pointer. */
extern const cogo_behavior cogo__joiner_behavior;     /**< Args: cogo__join, an address. */
extern const cogo_behavior cogo__resolver_behavior;   /**< Args: cogo__join, a host. */
extern const cogo_behavior cogo__connection_behavior; /**< Args: cogo__connect. */
extern const cogo_behavior cogo__member_behavior;     /**< Args: a cogo__node pointer. */
extern const cogo_behavior cogo__claims_behavior;     /**< Args: a cogo__node pointer. */

/** Fills in `place` of remote.h. */
cogo_err cogo__deputy_place(cogo__remote *remote, const cogo_spawn_options *options,
                            cogo_spawn_options *out, void **out_block);

/** Begins one, linked with the running actor. On failure @p how->fd is the caller's still. */
cogo_err cogo__connection_spawn(cogo_context *ctx, const cogo__connect *how,
                                cogo_actor_id *out_id);
/** A connection that ended before it began: closes its socket and is counted no more. */
void cogo__connection_abandon(const cogo__connect *how);

#endif
