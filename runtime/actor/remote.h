/* Actors of other nodes, as far as this room knows them: who takes what is for them, and what
 * happens here when a node is lost. Used by send, signals and asks, always off the way of a
 * message between two actors of this node.
 * Never knows links or sockets: `node` fills in the table of calls. */
#ifndef COGO_ACTOR_REMOTE_H
#define COGO_ACTOR_REMOTE_H

#include "runtime/actor/signals.h"

/* What a message with COGO__MSG_REMOTE counts for, and on which link it came: kept behind its
 * payload. */
typedef struct cogo__remote_cost {
    uint32_t bytes, link;
} cogo__remote_cost;

typedef struct cogo__remote {
    /** A message, or a signal (its type tells), for an actor of another node. Takes @p msg if
     * it says COGO_OK; else @p out_why says what it is as a dead letter. Any thread. */
    cogo_err (*pass)(struct cogo__remote *remote, cogo_context *here, cogo_actor_id to,
                     cogo_msg *msg, cogo_dead_reason *out_why);
    /** The ask @p asker (an alias of another node) fails. Any thread. */
    void (*refuse)(struct cogo__remote *remote, cogo_context *here, cogo_actor_id asker,
                   cogo_err err);
    /** A message from @p node has been handled or dropped. Any thread. */
    void (*consumed)(struct cogo__remote *remote, cogo_context *here, uint32_t node,
                     const struct cogo__remote_cost *cost);
    /** An actor with these arguments ended before its start(): what it was given to close or
     * to count down, if it is one of the node's, is left to the node. A lane. */
    void (*abandon)(struct cogo__remote *remote, const cogo_behavior *behavior,
                    const void *args);
    /** What to begin here for @p options, whose placement is not "local": a deputy, with args
     * in
     * @p out_block (cogo__free()), or the actor itself, with @p out_block NULL. As
     * cogo_spawn(). Any thread. */
    cogo_err (*place)(struct cogo__remote *remote, const cogo_spawn_options *options,
                      cogo_spawn_options *out, void **out_block);
    /** An actor of this node became a member of a group or subscribed to a topic, or is none
     * any more: other nodes learn of it. Under the lock of the groups. Any thread. */
    void (*share)(struct cogo__remote *remote, cogo_context *here, const cogo__bond *bond,
                  bool joined);
    /** The system ends; no actor and no lane is left. */
    void (*finish)(struct cogo__remote *remote);
} cogo__remote;

/** As cogo__deliver() for an actor of another node; counted as sent already. */
cogo_err cogo__remote_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                           cogo_msg *msg);
/** Takes @p msg, a signal. COGO_OK or COGO_EGONE (then it is freed). */
cogo_err cogo__remote_signal(cogo_system *system, cogo_context *here, cogo_actor_id to,
                             cogo_msg *msg);
/** See share() above; does nothing for actors of other nodes. */
void cogo__remote_share(cogo_system *system, cogo_context *here, const cogo__bond *bond,
                        bool joined);
/** See place() above; COGO_EINVAL or COGO_ESTATE in a system without a node. */
cogo_err cogo__remote_place(cogo_system *system, const cogo_spawn_options *options,
                            cogo_spawn_options *out, void **out_block);
/** See abandon() above; does nothing in a system without a node. */
void cogo__remote_abandon(cogo_system *system, const cogo_behavior *behavior, const void *args);
/** @p msg came from another node and is handled or dropped now: its bytes are given back, in a
 * turn with those of others, when it ends or COGO__OWED_MOST are reached. */
void cogo__remote_consume(cogo_system *system, cogo_context *here, cogo_msg *msg);
/** A turn ends: gives back what is owed. */
void cogo__remote_settle(cogo_system *system, cogo_context *here);

/** An ask of another node gets a number of this node, so that an answer, a failure and the end
 * of who should have answered exclude each other. 0: out of memory. */
uint64_t cogo__relay_create(cogo_system *system, cogo_context *here, cogo_actor_id asker);
/** Claims it. True: @p out_asker is to be told, by the caller alone. */
bool cogo__relay_claim(cogo_system *system, cogo_context *here, cogo__ref *ref, uint64_t number,
                       cogo_actor_id *out_asker);

/** A relation of @p to that an actor of another node wants or ends: @p type is a LINK, UNLINK,
 * MONITOR ... Marks @p to first, so that cogo__remote_lost() finds who has not handled it yet.
 * As cogo__signal_send(). */
cogo_err cogo__remote_relate(cogo_system *system, cogo_context *here, cogo_actor_id to,
                             cogo_msg_type type, const cogo__signal *signal);

/** The ask @p number has spawned @p actor on another node, linked if @p link (its number there)
 * is not 0. False: nobody waits for it any more. */
bool cogo__remote_spawned(cogo_system *system, cogo_context *here, uint64_t number,
                          cogo_actor_id actor, uint64_t link);

/** The running actor's monitor @p ref watches @p target, of another node. */
void cogo__remote_watched(cogo__ref *ref, uint64_t number, cogo_actor_id target);
/** The link to @p node is gone: asks over it fail, monitors and links across it fire, with
 * @p reason. A lane calls it, after pass() refuses what is for that node. */
void cogo__remote_lost(cogo_system *system, cogo_context *here, uint32_t node,
                       uint32_t incarnation, const cogo_reason *reason);

#endif
