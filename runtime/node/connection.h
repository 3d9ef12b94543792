/* One connection: an actor with a socket and a session.
 * Used by the files that make it: connection.c (life), control.c (heartbeat, credit), bytes.c
 * (socket to session and back), outgoing.c (messages to frames), incoming.c with stream.c and
 * landing.c (frames to messages), ties.c (links and monitors), told.c, spawn.c and share.c.
 * Never touched by another actor. */
#ifndef COGO_NODE_CONNECTION_H
#define COGO_NODE_CONNECTION_H

#include "runtime/actor/send.h"
#include "runtime/node/loose.h"
#include "runtime/node/node.h"
#include "runtime/node/numbers.h"
#include "runtime/node/tls.h"

enum {
    COGO__STREAMS_MAX = 16, /**< Large messages that one peer may have under way, a count. */
    COGO__LANDING_LEAST = 32768, /**< Bytes of a payload: smaller ones are copied. */
    COGO__OUT_HIGH = 262144, /**< Bytes that wait to be written: then no more are encoded. */
};

/* What the data connection has taken from the queue and not written yet. */
typedef struct cogo__outgoing {
    uint64_t sent; /**< Bytes of messages, see COGO__MESSAGE_COST; unless it is lent. */
    bool lent;     /**< The stage was opened: `sent` of the peer is what counts. */
    uint32_t window;
    cogo__line line;     /**< Taken from the queue. */
    cogo__loose loose;   /**< Written from where they lie. */
    cogo__line deferred; /**< Wait for the large one, being of the same pair or large too. */
    cogo_msg *large;
    cogo_value large_bytes;
    size_t large_at; /**< So much of it is sent. */
    cogo_arena large_arena, arena;
    uint64_t streams; /**< Number of the latest. */
    uint64_t freed;   /**< From the queue, by cogo__queued_cost(). */
    cogo__numbers announced;
    const cogo_type *latest; /**< Of those. */
} cogo__outgoing;

/* A large message that comes in. */
typedef struct cogo__stream {
    uint64_t number; /**< 0: free. */
    cogo__frame_user head;
    uint8_t *bytes;
    size_t have, total, capacity;
} cogo__stream;

/* A large payload that comes in, into the message that it becomes. */
typedef struct cogo__landing {
    cogo_msg *msg; /**< NULL: none. */
    cogo__frame_user head;
    uint32_t cost;
    size_t have; /**< Bytes of it. */
} cogo__landing;

typedef struct cogo__incoming {
    uint64_t received; /**< Bytes of messages. */
    uint64_t consumed; /**< Of those, when it was last looked: the peer's lock is for more. */
    cogo__numbers
        types;       /**< The peer's number to our cogo_type; NULL: its name is not known. */
    uint64_t latest; /**< Of those numbers, and what it means. */
    const cogo_type *latest_type;
    cogo__chain chain; /**< Decoded, not delivered yet: within a turn only. */
    cogo__stream streams[COGO__STREAMS_MAX];
    cogo__landing landing;
    bool large;       /**< A large payload was among what came last: see landing.c. */
    uint32_t members; /**< Memberships of the peer's actors, see COGO__GROUP_PEER_MAX. */
    bool crowded;     /**< It has had more. */
} cogo__incoming;

typedef struct cogo__connection {
    cogo__connect how;
    cogo__node *node;
    cogo_context *ctx; /**< While a callback runs. */
    int fd;
    uint64_t watch;
    cogo__ref *ready; /**< Of the watch: what the socket has is looked at when drained. */
    uint32_t wanted;  /**< COGO_IO_*: of the watch. */
    uint32_t number;
    bool opens, connecting, stranger, open, up, ended, hung_up;
    bool to_send; /**< There may be something to encode that could not be before. */
    bool unread;  /**< The socket may have more, and will not tell that again. */
    bool to_end;  /**< The peer has ended: less than asked for is not all that there is. */
    cogo__session *session;
    cogo__tls *tls; /**< Between socket and session; NULL: nothing is. */
    uint8_t *in;    /**< What the session has not used yet. */
    size_t in_size, in_capacity;
    cogo__peer *peer; /**< From admission on. */
    uint64_t link;
    char why[64];
    // Control.
    uint64_t heard_ns, answered_ns, pings; /**< Answered: the latest of our pings. */
    uint64_t their_late_ns;                /**< As the peer says. */
    uint64_t rival_ns;    /**< Since then a later incarnation waits; 0: none. */
    uint64_t incarnation; /**< Ours, as it was said. */
    uint32_t told;        /**< Frames for the member actor in this beat. */
    uint32_t slice_at;    /**< Member that the peer is told of next. */
    cogo__rhythm rhythm;
    cogo__pulse pulse;
    cogo__outgoing out;
    cogo__incoming incoming;
} cogo__connection;

/* Cookies of a connection's timers. */
enum { COGO__TIMER_HANDSHAKE = 1, COGO__TIMER_HEARTBEAT, COGO__TIMER_RIVAL };

/* The control connection: control.c. */
/** It is open: its heart beats from here on. */
void cogo__control_begin(cogo__connection *c);
/** A frame of it. COGO_OK, or what is wrong with it. */
cogo_err cogo__control_frame(cogo__connection *c, const cogo__frame *frame);
/** One of its timers has fired. */
void cogo__control_timer(cogo__connection *c, uint64_t cookie);
/** A later incarnation of the peer waits: this one has a heartbeat's time to answer. */
void cogo__control_doubt(cogo__connection *c);
/** Tells the peer what has been consumed of its messages, if that is due. */
void cogo__control_report(cogo__connection *c);

/** Takes what the socket has to the session. At most a turn's worth: then `unread` stays
 * set. */
void cogo__bytes_read(cogo__connection *c);
/** Gives the socket what the session has. False: it takes no more now. @p total grows. */
bool cogo__bytes_write(cogo__connection *c, size_t *total);
/** Gives the input buffer back. */
void cogo__bytes_finish(cogo__connection *c);

/** Encodes what waits, as far as credit and buffer allow. True: the buffer was too full for
 * more. Else there is nothing to do until COGO__MSG_FLUSH comes. */
bool cogo__outgoing_fill(cogo__connection *c);
/** Says what the number of @p type (NULL: none) means, once per connection. */
cogo_err cogo__outgoing_announce(cogo__connection *c, const cogo_type *type);
/** All that is left is dropped. */
void cogo__outgoing_finish(cogo__connection *c);

/** A frame of the data connection. COGO_OK, or what is wrong with it. */
cogo_err cogo__incoming_frame(cogo__connection *c, const cogo__frame *frame);
/** All that came so far is delivered. */
void cogo__incoming_push(cogo__connection *c);
void cogo__incoming_finish(cogo__connection *c);
/** The message that a USER frame becomes whose payload stays as it is; NULL: it is to come the
 * usual way, which knows why. It costs the peer @p out_cost, unless the session is closed now.
 */
cogo_msg *cogo__incoming_place(cogo__connection *c, const cogo__frame_user *u,
                               uint32_t *out_cost);
/** All of it is there: it is delivered, or turned down. */
cogo_err cogo__incoming_placed(cogo__connection *c, const cogo__frame_user *u, uint32_t cost,
                               cogo_msg *msg);

/* Large messages in parts: stream.c. */
/** The one of this number that is under way, or NULL. */
cogo__stream *cogo__stream_find(cogo__connection *c, uint64_t number);
/** What begins with @p f, to become a message with @p head. COGO_EDECODE: no new number.
 * COGO_ELIMIT: too large, or too many at once. */
cogo_err cogo__stream_open(cogo__connection *c, const cogo__frame_first *f,
                           const cogo__frame_user *head, cogo__stream **out_stream);
/** COGO_EDECODE: more than was promised. COGO_ENOMEM. */
cogo_err cogo__stream_add(cogo__connection *c, cogo__stream *stream, cogo_value part);
/** Its place is free again. */
void cogo__stream_end(cogo__stream *stream);

/* Links and monitors, as the peer says: ties.c. COGO_OK, or what is wrong with the frame. */
cogo_err cogo__ties_relation(cogo__connection *c, uint64_t kind, const cogo__frame_link *l);
cogo_err cogo__ties_exit(cogo__connection *c, const cogo__frame_exit *e);
cogo_err cogo__ties_down(cogo__connection *c, const cogo__frame_exit *e);

/* Large payloads are read to where they stay: landing.c. */
/** @p bytes are what came of a frame. True: they were taken, more of it is to be landed. */
bool cogo__landing_begin(cogo__connection *c, const uint8_t *bytes, size_t size_bytes);
/** Where what comes next is to be read to; @p out_room 0: to the input buffer. */
uint8_t *cogo__landing_room(const cogo__connection *c, size_t *out_room);
/** So much more was read, of which up to room() bytes were there. Returns how many of it. */
size_t cogo__landing_came(cogo__connection *c, size_t size_bytes);
/** True if @p number is an ask or a monitor of ours that waits for this very peer. */
bool cogo__waits_for_peer(const cogo__connection *c, uint64_t number);

/* Members: told.c. */
/** Tells the peer the next COGO__SLICE members. */
void cogo__told_slice(cogo__connection *c);
/** A MEMBER, PROBE or PROBED came. */
void cogo__told_frame(cogo__connection *c, const cogo__frame *frame);
/** What the member actor wants to be said. */
void cogo__told_say(cogo__connection *c, const cogo__told *told);
/** The node stops, if it does: it has left. */
void cogo__told_left(cogo__connection *c);
/** Where this connection begins, others may reach the node. */
void cogo__told_address(cogo__connection *c);

/* Remote spawn: spawn.c. */
cogo_err cogo__spawn_send(cogo__connection *c, cogo_msg *msg);
cogo_err cogo__spawn_on_spawn(cogo__connection *c, const cogo__frame_spawn *s);
cogo_err cogo__spawn_on_spawned(cogo__connection *c, const cogo__frame_spawned *s);

/* Groups: share.c. */
cogo_err cogo__share_send(cogo__connection *c, cogo_msg *msg);
cogo_err cogo__share_on_group(cogo__connection *c, bool joined, const cogo__frame_group *g);

static inline cogo__wire_actor cogo__to_wire(uint32_t slot, uint32_t generation)
{
    return (uint64_t)generation << 32 | slot;
}

/** An actor of the peer. */
static inline cogo_actor_id cogo__from_wire(const cogo__peer *peer, cogo__wire_actor actor)
{
    return (cogo_actor_id){peer->index, (uint32_t)peer->incarnation, (uint32_t)actor,
                           (uint32_t)(actor >> 32)};
}

/** An actor of this node. */
static inline cogo_actor_id cogo__local(const cogo__connection *c, cogo__wire_actor actor)
{
    return cogo__id(c->node->system, (uint32_t)actor, (uint32_t)(actor >> 32));
}

#endif
