/* Topics: what is published under a name goes to all who subscribed to it, here and on the
 * nodes that this one is linked with (there if its type is registered on both, else
 * COGO_EINVAL). Used to tell many without knowing them. A large payload is shared by all here,
 * not copied. Never lets one slow subscriber hold up the others: its mailbox_limit and pressure
 * policy say what becomes of what it can't take. */
#ifndef COGO_TOPIC_H
#define COGO_TOPIC_H

#include <cogo/group.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives @p id each message that is published under a topic that matches @p pattern: the name
 * itself, or all that begin with it if it ends in '*' ("orders/" and '*', or '*' alone). A
 * message that matches two subscriptions comes twice. Ends with the actor, not with its
 * restart.
 *
 * Ownership: copies @p pattern.
 * Threads:   any thread.
 * @param type only messages of this type; 0: all.
 * @return COGO_OK (also when it is subscribed so already: then the type is new); COGO_EGONE;
 *         COGO_EINVAL; COGO_ENOMEM; COGO_ELIMIT.
 */
COGO_API COGO_MUST_USE cogo_err cogo_topic_subscribe(cogo_system *system, const char *pattern,
                                                     cogo_msg_type type, cogo_actor_id id);
/** Ends a subscription. Threads: any thread. @return COGO_OK or COGO_ENOTFOUND. */
COGO_API cogo_err cogo_topic_unsubscribe(cogo_system *system, const char *pattern,
                                         cogo_actor_id id);
/**
 * Sends @p msg to all who subscribed to @p topic.
 *
 * Ownership: takes @p msg always.
 * Order:     what one actor publishes arrives at each subscriber in that order.
 * Threads:   inside a behaviour. Never blocks.
 * @param out_count how many took it; may be NULL.
 * @return COGO_OK, also when there is no subscriber; COGO_EFULL when one of them refused it;
 *         COGO_ENOMEM when there was none for a copy; COGO_EINVAL.
 */
COGO_API cogo_err cogo_topic_publish(cogo_context *ctx, const char *topic, cogo_msg *msg,
                                     size_t *out_count);
/** As cogo_topic_publish(), from any thread; the message has no sender. It waits where a
 * subscriber has COGO_PRESSURE_BLOCK. */
COGO_API cogo_err cogo_system_topic_publish(cogo_system *system, const char *topic,
                                            cogo_msg *msg, size_t *out_count);

#ifdef __cplusplus
}
#endif
#endif
