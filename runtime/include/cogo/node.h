/* Nodes: links to other processes, over which ids, sends, asks, monitors and links work as they
 * do here. Used by programs that are more than one process; one node per system.
 * Never delivers twice, never silently loses: a lost link fails what was asked over it and
 * fires every monitor and link across it with COGO_EXIT_NOCONNECTION (or, of a child process
 * that crashed, with what is known of that: process.h).
 * What crosses a link is COGO_MSG_BYTES or of a type that both sides have registered under the
 * same name (cogo_type_register()). A send of any other type is refused with COGO_EINVAL; what
 * the other side has not registered reaches nobody there, and its asker hears COGO_ENOTFOUND.
 */
#ifndef COGO_NODE_H
#define COGO_NODE_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_NODE_NAME_SIZE = 129,      /**< Bytes of the longest name, with its NUL. */
    COGO_NODE_SUBSCRIBERS_MAX = 16, /**< A count. */
    COGO_NODE_JOIN_MAX = 64,        /**< Addresses in cogo_node_config.join, a count. */
    COGO_NODE_RTT_BUCKETS = 20,     /**< Of cogo_node_info.rtt_counts, a count. */
};

/** Zero-initialise, then set struct_size and name; 0 means the default of each field. */
typedef struct cogo_node_config {
    size_t struct_size; /**< sizeof(cogo_node_config). */
    const char *name;   /**< Of this node, 1 to 128 bytes; nobody else in the cluster has it. */
    const char *cluster; /**< Only nodes that say the same are let in. Default: "". */
    const char *listen;  /**< "address:port", port 0: any free one. Default: does not listen. */
    /** "address:port,name:port,dns:name:port,...": joined, and again when lost. All addresses
     * of a name are, again and again looked up; dns: before it may be left out. */
    const char *join;
    /** At least 16 bytes, known to all nodes of the cluster; each proves to the other that it
     * knows it. Content is not encrypted by it. Without secret and certificate only loopback
     * addresses are allowed. */
    const void *secret;
    size_t secret_size_bytes; /**< Of @c secret. */
    uint32_t window_bytes;    /**< Of a peer's messages that wait here. Default: 1048576, at
                                 least 524288. */
    uint32_t queue_bytes;     /**< Of messages that wait here for one peer. Default: 1048576. */
    uint32_t message_bytes;   /**< Largest message, on its way. Default: 16777216. */
    /** A peer silent for four of them is lost, or for up to twelve if its rhythm was less
     * regular than that; longer while this node itself is late. Default: 1000. */
    uint32_t heartbeat_ms;
    uint32_t reconnect_min_ms; /**< First wait before joining again; doubles. Default: 100. */
    uint32_t reconnect_max_ms; /**< Last. Default: 10000. A random quarter is left off. */
    uint32_t handshake_ms;  /**< Within it a stranger must have proved itself. Default: 5000. */
    uint32_t strangers_max; /**< Connections that have not yet, a count. Default: 64. */
    uint32_t links_max;     /**< Peers at a time, a count. Default: 1024. */
    /** Between two looks for the addresses of a name. Default: 10000. A tenth of it for a while
     * at the start, and after a link to one of them was lost. */
    uint32_t resolve_ms;
    /** TLS 1.3 on all links, both sides with a certificate of this authority: three PEM files,
     * all or none, read at the start and by
     * cogo_node_tls_renew(). A node's certificate has its name as a DNS name (or a
     * wildcard for it) and allows both serverAuth and clientAuth. */
    const char *tls_cert; /**< The node's certificate, and those between it and the CA. */
    const char *tls_key;  /**< Its private key, without a password. */
    const char *tls_ca;   /**< Authorities whose certificates are let in. */
    /** Names of the members whose majority decides (cluster.h), with commas: "a,b,c", or
     * "pod-0..2" for three in a row, as a StatefulSet names them; at most 64, this node among
     * them or not. Default: all that are known and not gone. */
    const char *members;
    /** "address:port" or "name:port" where other members reach this node, at most 63 bytes;
     * each looks the name up for itself, again and again. Default: where it listens; if that is
     * any address, the one that its first link has. */
    const char *advertise;
    /** Of names that are claimed (cluster.h): how long a grant lasts. The same on all members,
     * also across restarts. Default: 10 heartbeats. */
    uint32_t lease_ms;
    /** Decides of claimed names in place of a majority of members (cluster.h): on all nodes, or
     * on none. Copied, but not what its ctx points to. Default: none. */
    const struct cogo_cluster_store *store;
} cogo_node_config;

/** What is known of one incarnation of a peer. */
typedef struct cogo_node_info {
    size_t struct_size; /**< sizeof(cogo_node_info), set by the caller. */
    uint32_t node;      /**< Its index: cogo_actor_id.node of its actors. Never used again. */
    char name[COGO_NODE_NAME_SIZE]; /**< As the peer calls itself. */
    uint64_t incarnation;           /**< Another one after each start of the peer. */
    bool up;                        /**< There is a link now. */
    uint64_t rtt_ns;                /**< Of the latest heartbeat; 0: none yet. */
    uint64_t bytes_in;              /**< Read from it, over all its links. */
    uint64_t bytes_out;             /**< Written to it, over all its links. */
    uint64_t queued_bytes;          /**< Messages that wait for the link. */
    uint64_t nacks;      /**< Messages that it could not deliver, of all links with it. */
    uint64_t rtt_sum_ns; /**< Of all heartbeats. */
    /** Heartbeats by round trip: bucket i has those of at most 2^i * 16 us and more than the
     * bucket before; the last one has all longer ones, too. */
    uint64_t rtt_counts[COGO_NODE_RTT_BUCKETS];
} cogo_node_info;

/** Why a connection was not made, on either side. */
typedef enum cogo_node_refusal {
    COGO_REFUSED_SECRET,  /**< The proof of one side is wrong. */
    COGO_REFUSED_VERSION, /**< No version of the protocol is common. */
    COGO_REFUSED_CLUSTER, /**< A node of another cluster. */
    COGO_REFUSED_NAME,    /**< Another living node has the name, or it is not the expected. */
    COGO_REFUSED_INCARNATION, /**< A later incarnation has been here. */
    COGO_REFUSED_SELF,        /**< The address is the node's own. */
    COGO_REFUSED_TWICE,       /**< There is a link: both sides joined. Usual. */
    COGO_REFUSED_LIMIT,       /**< Of strangers or links. */
    COGO_REFUSED_MALFORMED,   /**< Bytes that are not the protocol's. */
    COGO_REFUSED_TIMEOUT,     /**< The handshake took too long. */
    COGO_REFUSED_CLOSED,      /**< Nobody listens there, or the connection was lost. */
    COGO_REFUSED_TLS,   /**< A certificate is missing, wrong, expired or another name's, or one
                           side speaks no TLS. */
    COGO_NODE_REFUSALS, /**< How many there are. */
} cogo_node_refusal;

/** This node, and what it has counted since it was started first. */
typedef struct cogo_node_stats {
    size_t struct_size;                   /**< sizeof(cogo_node_stats), set by the caller. */
    char name[COGO_NODE_NAME_SIZE];       /**< Of this node. */
    char cluster[COGO_NODE_NAME_SIZE];    /**< Of this node; may be "". */
    uint64_t incarnation;                 /**< Of this start. */
    uint32_t links;                       /**< There are now, a count. */
    uint64_t links_up;                    /**< That came up, a count. */
    uint64_t links_lost;                  /**< A count. */
    uint64_t refused[COGO_NODE_REFUSALS]; /**< Connections that were not made, by reason. */
    uint64_t process_ends; /**< Child processes (process.h) that ended unasked, a count. */
} cogo_node_stats;

/** Payload of COGO_MSG_NODE. */
typedef struct cogo_node_event {
    uint32_t node;                  /**< The peer's index. */
    bool up;                        /**< The link came up; else it was lost. */
    uint64_t incarnation;           /**< Of the peer. */
    char name[COGO_NODE_NAME_SIZE]; /**< Of the peer. */
    char why[64];                   /**< Down: for people. */
} cogo_node_event;

/**
 * Makes @p system a node: listens, and joins others in the background.
 *
 * Ownership: copies @p config.
 * Threads:   any thread that is not a lane.
 * @return COGO_OK; COGO_EINVAL (no name, a bad address, a short secret, limits);
 *         COGO_EAUTH (an address that is not loopback, without secret or certificate);
 *         COGO_ESTATE (it is a node already, or polled); COGO_EIO (can't listen there, or a
 *         certificate can't be used: the log says why); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_start(cogo_system *system,
                                                const cogo_node_config *config);
/**
 * Says good-bye to all peers and closes. Ids of their actors never resolve again.
 *
 * Threads: any thread that is not a lane.
 * @param system      the system.
 * @param deadline_ns nanoseconds to wait for it at most.
 * @return COGO_OK; COGO_ESTATE (is none, or called on a lane); COGO_ETIMEOUT or COGO_ENOMEM: it
 *         is still there, and may be stopped again.
 */
COGO_API cogo_err cogo_node_stop(cogo_system *system, uint64_t deadline_ns);
/**
 * Reads the three files of TLS as cogo_node_start() would, and looks for what peers would
 * refuse: an end that is past, an authority that is not in tls_ca, another purpose, another
 * name.
 *
 * Ownership: borrows @p config.
 * Threads:   any thread.
 * @param config   its name and the three files; the rest does not matter.
 * @param why      for people: one sentence that names the file, or "".
 * @param why_size of @p why, in bytes.
 * @return COGO_OK (also if none is named); COGO_EINVAL (no name, or one of the three is
 *         missing); COGO_EIO (a peer would refuse them, or they can't be read); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_tls_check(const cogo_node_config *config, char *why,
                                                    size_t why_size);
/**
 * Takes other certificates into use: for connections that are made from now on. Those there are
 * stay as they are.
 *
 * Ownership: borrows @p config.
 * Threads:   any thread that is not a lane.
 * @param system   a node that has certificates.
 * @param config   the three files; the rest does not matter.
 * @param why      as of cogo_node_tls_check(), which the files have to pass.
 * @param why_size of @p why, in bytes.
 * @return COGO_OK; COGO_ESTATE (no node runs, or without TLS); as cogo_node_tls_check(): the
 *         certificates from before stay in use.
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_tls_renew(cogo_system *system,
                                                    const cogo_node_config *config, char *why,
                                                    size_t why_size);
/** The port it listens on, or 0. Threads: any thread. */
COGO_API uint16_t cogo_node_port(cogo_system *system);
/**
 * Facts about this node.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_ESTATE (no node runs); COGO_EINVAL (no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_stats_read(cogo_system *system, cogo_node_stats *out);
/** One word for people and metrics, or "unknown". Threads: any thread. */
COGO_API const char *cogo_node_refusal_name(cogo_node_refusal refusal);
/** Index of the peer @p name if there is a link to it now, else 0. Threads: any thread. */
COGO_API uint32_t cogo_node_find(cogo_system *system, const char *name);
/**
 * Facts about up to @p capacity incarnations of peers, from the one with index @p *cursor on.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system   the system.
 * @param cursor   0 at first; set to where to go on, 0 at the end.
 * @param out      an array; the struct_size of its first element is that of all.
 * @param capacity elements of @p out.
 * @return how many were written.
 */
COGO_API size_t cogo_node_list(cogo_system *system, uint32_t *cursor, cogo_node_info *out,
                               size_t capacity);
/**
 * Makes @p subscriber get COGO_MSG_NODE for each link that there is and each that comes or
 * goes. Ends with the subscriber.
 *
 * Threads: any thread.
 * @return COGO_OK; COGO_ESTATE (no node); COGO_ELIMIT.
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_subscribe(cogo_system *system,
                                                    cogo_actor_id subscriber);

/**
 * Asks @p node who has the registered name @p name there: COGO_MSG_NAME with the actor (or
 * COGO_NO_ACTOR) comes back, or COGO_MSG_ASK_FAILED, as for cogo_ask().
 *
 * Ownership: copies @p name.
 * Threads:   inside a behaviour.
 * @param ctx        the running actor.
 * @param node       index of a peer.
 * @param name       1 to 255 bytes.
 * @param timeout_ns nanoseconds, at least 1.
 * @param out_ask    as of cogo_ask().
 * @return as cogo_ask().
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_name_ask(cogo_context *ctx, uint32_t node,
                                                   const char *name, uint64_t timeout_ns,
                                                   uint64_t *out_ask);
/** As cogo_node_name_ask(), and waits for the answer. Threads: any that is not a lane. @return
 * COGO_OK; COGO_ENOTFOUND (nobody has it); as cogo_system_ask(). */
COGO_API COGO_MUST_USE cogo_err cogo_node_name_find(cogo_system *system, uint32_t node,
                                                    const char *name, uint64_t timeout_ns,
                                                    cogo_actor_id *out_id);

#ifdef __cplusplus
}
#endif
#endif
