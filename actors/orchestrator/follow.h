/* Followers of events, here and at the one that leads.
 * Used by those who make events, and by relay.c. Never keeps events. */
#ifndef ORCHESTRATOR_FOLLOW_H
#define ORCHESTRATOR_FOLLOW_H

#include "actors/orchestrator/room.h"

typedef struct orc_follower {
    cogo_actor_id actor;
    uint64_t monitor;
    char task_id[ID_SIZE]; /* "": all. */
} orc_follower;

void orc_on_follow(orc *o, cogo_msg *msg);
void orc_on_unfollow(orc *o, cogo_msg *msg);
bool orc_follower_down(orc *o, uint64_t monitor);
/* Of the one that leads, while another one stands by. */
void orc_on_event(orc *o, cogo_msg *msg);
/* Another one leads: it is told what is followed here, and who follows reads what was missed.
 */
void orc_follow_again(orc *o);
bool orc_followed(const orc *o, const char *task_id);
void orc_follow_send(orc *o, const task_event *event, bool after_commit);

#endif
