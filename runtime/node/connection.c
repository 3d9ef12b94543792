/* One connection as an actor: socket, handshake deadline, reading and writing. */
#include "runtime/node/connection.h"

#include "runtime/actor/send.h"
#include "runtime/base/alloc.h"
#include "runtime/io/loop.h"
#include "runtime/node/proof.h"

#include <cogo/io.h>
#include <cogo/process.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_BUDGET = 1048576 }; // Bytes per turn.

static void close_with(cogo__connection *c, cogo_err err, const char *why)
{
    cogo__session_close(c->session, err, why);
}

/* --- What the session asks and tells. ---------------------------------------------------- */

static cogo_err admit(void *ctx, cogo__session *session, const char **why)
{
    cogo__connection *c = ctx;
    if (c->tls != NULL && !cogo__tls_is_for(c->tls, cogo__session_peer(session))) {
        *why = "certificate: it is for a node of another name";
        return COGO_EAUTH;
    }
    c->number = cogo__session_connection(session);
    cogo__applicant who = {
        .actor = cogo_self(c->ctx),
        .connection = c->number,
        .opened_here = c->opens,
        .kin = c->how.kin,
        .owner = c->how.kin && c->opens ? c->how.owner : COGO_NO_ACTOR,
        .name = cogo__session_peer(session),
        .incarnation = cogo__session_peer_incarnation(session),
    };
    cogo_err err = cogo__peer_admit(c->node, c->ctx, &who, &c->peer, &c->link, why);
    cogo__session_set_beyond(session, err != COGO_OK ? who.beyond : 0);
    return err;
}

static void one_stranger_less(cogo__node *node)
{
    (void)cogo__u32_add_relaxed(&node->strangers, UINT32_MAX);
}

static void no_stranger(cogo__connection *c)
{
    if (c->stranger) {
        c->stranger = false;
        one_stranger_less(c->node);
    }
}

/* Both sides have proved themselves. */
static void became_open(cogo__connection *c)
{
    cogo__opened opened = {c->number};
    c->open = true;
    no_stranger(c);
    c->heard_ns = c->answered_ns = cogo_now_ns(c->ctx);
    if (c->number == COGO__DATA) {
        c->out.window = cogo__session_peer_window(c->session);
        c->up = cogo__peer_up(c->node, c->ctx, c->peer, c->link);
        c->to_send = true;
    } else {
        cogo__control_begin(c);
    }
    cogo__post(c->node->system, c->ctx, c->how.owner, COGO__MSG_OPENED, 0, 0, &opened,
               sizeof opened);
}

static cogo_err take_frame(void *ctx, cogo__session *session, const cogo__frame *frame)
{
    cogo__connection *c = ctx;
    if (!c->open) { // Came in one piece with the end of the handshake.
        became_open(c);
    }
    if (cogo__session_state_of(session) == COGO__SESSION_CLOSED) {
        return COGO_OK;
    }
    return c->number == COGO__DATA ? cogo__incoming_frame(c, frame)
                                   : cogo__control_frame(c, frame);
}

/* --- The actor. --------------------------------------------------------------------------- */

static cogo_err open_session(cogo__connection *c)
{
    const cogo_node_config *config = &c->node->config;
    const bool secret = config->secret_size_bytes != 0 && !c->how.kin;
    c->incarnation = cogo__u64_load_relaxed(&c->node->incarnation);
    cogo__session_config session = {
        .opens = c->opens,
        .connection = c->number,
        .node = c->node->name,
        .cluster = c->how.kin ? "" : c->node->cluster,
        .incarnation = c->incarnation,
        .window_bytes = config->window_bytes,
        .heartbeat_ms = config->heartbeat_ms,
        .secret = secret ? c->node->secret : NULL,
        .secret_size_bytes = secret ? config->secret_size_bytes : 0,
        .allocator = c->node->system->config.allocator,
        .events = {c, admit, take_frame},
    };
    cogo_err err = cogo__proof_nonce(session.nonce);
    return err == COGO_OK ? cogo__session_create(&session, &c->session) : err;
}

/* With it goes all that the connection did with the node: stop() takes it with the zero. */
static void one_less(cogo__node *node)
{
    (void)cogo__u32_add_seq_cst(&node->alive, UINT32_MAX);
    cogo__world_wake(node->system->world, &node->stopper);
}

static bool is_stranger(const cogo__connect *how)
{
    return how->fd >= 0 && !how->opens;
}

void cogo__connection_abandon(const cogo__connect *how)
{
    if (how->fd >= 0) {
        (void)close(how->fd);
    }
    if (is_stranger(how)) {
        one_stranger_less(how->node);
    }
    one_less(how->node);
}

cogo_err cogo__connection_spawn(cogo_context *ctx, const cogo__connect *how,
                                cogo_actor_id *out_id)
{
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &cogo__connection_behavior,
                                  .args = how,
                                  .args_size_bytes = sizeof *how,
                                  .flags = COGO_SPAWN_LINK};
    const uint32_t stranger = is_stranger(how);
    // relaxed: strangers are a count against a limit; and stop() looks at `alive` only when all
    // who spawn connections have ended.
    (void)cogo__u32_add_relaxed(&how->node->strangers, stranger);
    (void)cogo__u32_add_relaxed(&how->node->alive, 1);
    cogo_err err = cogo_spawn(ctx, &options, out_id);
    if (err != COGO_OK) {
        (void)cogo__u32_add_relaxed(&how->node->strangers, 0 - stranger);
        (void)cogo__u32_add_relaxed(&how->node->alive, UINT32_MAX);
    }
    return err;
}

static void finish(cogo__connection *c)
{
    cogo__tls_destroy(c->tls);
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    no_stranger(c);
    cogo__session_destroy(c->session);
    cogo__bytes_finish(c);
    one_less(c->node);
}

/* What is wanted stays so: no call then. */
static cogo_err want(cogo__connection *c, uint32_t events)
{
    if (events == c->wanted) {
        return COGO_OK;
    }
    c->wanted = events;
    return cogo_io_want(c->ctx, c->watch, events | COGO_IO_STAYS);
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    cogo__connection *c = state;
    c->how = *(const cogo__connect *)args;
    c->node = c->how.node;
    c->ctx = ctx;
    c->fd = c->how.fd;
    c->number = c->how.number;
    c->stranger = is_stranger(&c->how);
    c->opens = !c->stranger;
    c->connecting = c->how.fd < 0;
    c->incoming.types.from = c->out.announced.from = c->node->system->config.allocator;
    cogo_err err = c->connecting ? cogo__address_connect(&c->how.address, &c->fd) : COGO_OK;
    err = err == COGO_OK ? open_session(c) : err;
    if (err == COGO_OK && !c->how.kin) {
        err = cogo__node_tls(c->node, c->opens, &c->tls);
    }
    err = err == COGO_OK ? cogo_io_watch(ctx, c->fd, 0, &c->watch) : err;
    c->ready = cogo__io_quiet(ctx, c->watch);
    if (err == COGO_OK) {
        uint64_t patience = c->how.kin ? COGO_PROCESS_BEGIN_NS
                                       : (uint64_t)c->node->config.handshake_ms * 1000000;
        err = cogo_timer_start(ctx, patience, 0, COGO__TIMER_HANDSHAKE, NULL);
    }
    if (err == COGO_OK) {
        err = want(c, c->opens ? COGO_IO_WRITE : COGO_IO_READ);
    }
    if (err != COGO_OK) {
        if (c->watch != 0) {
            cogo_io_unwatch(ctx, c->watch);
        }
        finish(c);
    }
    return err;
}

static void read_some(cogo__connection *c)
{
    cogo__bytes_read(c);
    if (!c->open && cogo__session_state_of(c->session) == COGO__SESSION_OPEN) {
        became_open(c);
    }
}

static void on_io(cogo__connection *c, uint32_t events)
{
    if (events == 0) {
        return; // It was taken meanwhile.
    }
    if (c->connecting) {
        int failed = 0;
        socklen_t size = sizeof failed;
        c->connecting = false;
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) {
            failed = errno;
        }
        if (failed != 0) {
            char text[sizeof c->why];
            c->hung_up = true;
            (void)snprintf(c->why, sizeof c->why, "%s", strerror_r(failed, text, sizeof text));
            return;
        }
    }
    c->to_end = c->to_end || (events & COGO_IO_END) != 0;
    c->to_send = c->to_send || (events & COGO_IO_WRITE) != 0;
    if ((events & COGO_IO_READ) != 0) {
        c->unread = true;
        read_some(c);
    }
}

static void on_timer(cogo__connection *c, const cogo_timer_fired *fired)
{
    if (fired->cookie != COGO__TIMER_HANDSHAKE) {
        cogo__control_timer(c, fired->cookie);
    } else if (!c->open) {
        close_with(c, COGO_ETIMEOUT, "the handshake took too long");
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo__connection *c = state;
    c->ctx = ctx;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_IO:
        on_io(c, ((const cogo_io_ready *)cogo_msg_payload(msg))->events);
        break;
    case COGO_MSG_TIMER:
        on_timer(c, cogo_msg_payload(msg));
        break;
    case COGO__MSG_RIVAL:
        cogo__control_doubt(c);
        break;
    case COGO__MSG_SAY:
        cogo__told_say(c, cogo_msg_payload(msg));
        break;
    default: // FLUSH: see drained().
        c->to_send = true;
        if (c->unread) {
            read_some(c);
        }
        break;
    }
    return COGO_OK;
}

static cogo_err end_if_over(cogo__connection *c)
{
    bool closed = cogo__session_state_of(c->session) == COGO__SESSION_CLOSED;
    if (c->ended || (!closed && !c->hung_up)) {
        return COGO_OK;
    }
    c->ended = true;
    if (closed || c->why[0] == '\0') { // Else it was never made, and says why.
        (void)snprintf(c->why, sizeof c->why, "%.60s",
                       closed ? cogo__session_why(c->session) : "the connection was lost");
    }
    cogo_exit(c->ctx, COGO_EXIT_NORMAL, c->why);
    return COGO_OK;
}

static cogo_err drained(cogo_context *ctx, void *state)
{
    cogo__connection *c = state;
    c->ctx = ctx;
    on_io(c, cogo__io_take(c->ready));
    // relaxed: written before the nudge that this turn is owed to, if it is.
    c->to_send = c->to_send
                 || (c->peer != NULL
                     && cogo__u32_load_relaxed(&c->peer->looked_after) == COGO__LOOKS_TOLD);
    size_t total = 0;
    bool all = !c->connecting, more = all && !c->hung_up;
    if (more && c->open && c->number == COGO__CONTROL) {
        cogo__control_report(c);
    }
    while (more) {
        bool data = c->to_send && c->open && c->number == COGO__DATA
                    && cogo__session_state_of(c->session) == COGO__SESSION_OPEN;
        more = data && total < WRITE_BUDGET && cogo__outgoing_fill(c);
        all = cogo__bytes_write(c, &total);
        more = more && all;
    }
    c->to_send = false; // Room in the socket, credit and what is queued are told.
    (void)end_if_over(c);
    if (c->ended) {
        return COGO_OK;
    }
    if (c->unread || (total >= WRITE_BUDGET && all)) { // Others first, then more.
        cogo__post(c->node->system, ctx, cogo_self(ctx), COGO__MSG_FLUSH, 0, 0, "", 0);
    }
    return want(c, c->connecting ? COGO_IO_WRITE : COGO_IO_READ | (all ? 0 : COGO_IO_WRITE));
}

/* Best effort: what the socket takes at once is said, then it is closed. */
static void say_goodbye(cogo__connection *c, const cogo_reason *reason)
{
    uint8_t unread[4096];
    size_t total = 0;
    if (c->connecting || c->hung_up) {
        return;
    }
    cogo__told_left(c);
    close_with(c, COGO_ECLOSED, reason->text[0] != '\0' ? reason->text : "the node stops");
    (void)cogo__bytes_write(c, &total);
    if (c->tls != NULL) {
        cogo__tls_close(c->tls);
        (void)cogo__bytes_write(c, &total);
    }
    // Unread input would turn the close into a reset, which may take the good-bye with it.
    (void)shutdown(c->fd, SHUT_WR);
    for (int i = 0; i < 16 && recv(c->fd, unread, sizeof unread, 0) > 0; i++) {
    }
}

/* Of a connection that we opened its joiner logs the reason, when it is a new one. */
static void not_made(cogo__connection *c, const char *why)
{
    bool closed = cogo__session_state_of(c->session) != COGO__SESSION_CLOSED;
    cogo_node_refusal refusal = cogo__refusal_of(cogo__session_err(c->session), why, closed);
    cogo__tally_refused(&c->node->tally, refusal);
    if (c->opens || !cogo__tally_may_log(&c->node->tally, cogo_now_ns(c->ctx))) {
        return;
    }
    cogo__log(c->node->system, cogo__refusal_is_usual(refusal) ? COGO_LOG_DEBUG : COGO_LOG_WARN,
              "node %s: a connection was refused: %s%s", c->node->name, why,
              cogo__session_closed_by_peer(c->session) ? " (says the other side)" : "");
}

/* The socket has ended, and nobody has said that it would. */
static bool is_cut(const cogo__connection *c)
{
    return c->hung_up && cogo__session_state_of(c->session) != COGO__SESSION_CLOSED;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    cogo__connection *c = state;
    c->ctx = ctx;
    say_goodbye(c, reason);
    if (cogo__session_beyond(c->session) != 0) {
        cogo__told told = {.kind = COGO__TOLD_REFUSED,
                           .number = cogo__session_beyond(c->session)};
        told.member.incarnation = c->incarnation;
        cogo__cluster_tell(c->node, ctx, &told);
    }
    if (c->peer != NULL) {
        cogo__peer_down(c->node, ctx, c->peer, c->link, is_cut(c),
                        c->why[0] != '\0' ? c->why : reason->text);
    } else {
        not_made(c, c->why[0] != '\0' ? c->why : reason->text);
    }
    cogo__outgoing_finish(c);
    cogo__incoming_finish(c);
    if (c->up) {
        cogo__peer_mourn(c->node, ctx, c->peer);
    }
    finish(c);
}

const cogo_behavior cogo__connection_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.connection",
    .state_size_bytes = sizeof(cogo__connection),
    .start = start,
    .receive = receive,
    .drained = drained,
    .stop = stop,
};
