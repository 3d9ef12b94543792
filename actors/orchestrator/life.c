#include "actors/orchestrator/life.h"

/* Each line is one arrow; to + 1, so that an empty cell (0) is "not allowed". */
#define ARROW(from, event, to) [TASK_##from][LIFE_##event] = TASK_##to + 1

static const int8_t arrows[TASK_STATE_COUNT][LIFE_EVENT_COUNT] = {
    ARROW(BLOCKED, UNBLOCK, QUEUED),      ARROW(BLOCKED, CANCEL, CANCELLED),
    ARROW(BLOCKED, EXPIRE, EXPIRED),      ARROW(QUEUED, EXPIRE, EXPIRED),
    ARROW(QUEUED, EXHAUST, DEADLETTERED), ARROW(QUEUED, OFFER, SCHEDULED),
    ARROW(QUEUED, CANCEL, CANCELLED),     ARROW(SCHEDULED, START, RUNNING),
    ARROW(SCHEDULED, SUCCEED, SUCCEEDED), // A short task may end before its start was reported.
    ARROW(SCHEDULED, PARTIAL, PARTIAL),   ARROW(SCHEDULED, FAIL, FAILED),
    ARROW(SCHEDULED, RETRY, RETRYING),    ARROW(SCHEDULED, RETURN, QUEUED),
    ARROW(SCHEDULED, EXPIRE, EXPIRED),    ARROW(SCHEDULED, EXHAUST, DEADLETTERED),
    ARROW(SCHEDULED, CANCEL, CANCELLED),  ARROW(RUNNING, SUCCEED, SUCCEEDED),
    ARROW(RUNNING, PARTIAL, PARTIAL),     ARROW(RUNNING, FAIL, FAILED),
    ARROW(RUNNING, RETRY, RETRYING),      ARROW(RUNNING, RETURN, QUEUED),
    ARROW(RUNNING, EXPIRE, EXPIRED),      ARROW(RUNNING, EXHAUST, DEADLETTERED),
    ARROW(RUNNING, CANCEL, CANCELLED),    ARROW(RETRYING, REQUEUE, QUEUED),
    ARROW(RETRYING, CANCEL, CANCELLED),   ARROW(RETRYING, EXPIRE, EXPIRED),
    ARROW(FAILED, RENEW, QUEUED),         ARROW(FAILED, RENEW_BLOCKED, BLOCKED),
    ARROW(CANCELLED, RENEW, QUEUED),      ARROW(CANCELLED, RENEW_BLOCKED, BLOCKED),
    ARROW(EXPIRED, RENEW, QUEUED),        ARROW(EXPIRED, RENEW_BLOCKED, BLOCKED),
    ARROW(DEADLETTERED, RENEW, QUEUED),   ARROW(DEADLETTERED, RENEW_BLOCKED, BLOCKED),
};

int32_t life_next(int32_t state, life_event event)
{
    if (state < 0 || state >= TASK_STATE_COUNT) {
        return -1;
    }
    return arrows[state][event] - 1;
}

bool life_apply(int32_t *state, life_event event)
{
    int32_t next = life_next(*state, event);
    if (next < 0) {
        return false;
    }
    *state = next;
    return true;
}

bool life_ended(int32_t state)
{
    return state >= TASK_SUCCEEDED && state < TASK_STATE_COUNT;
}

bool life_succeeded(int32_t state)
{
    return state == TASK_SUCCEEDED || state == TASK_PARTIAL;
}
