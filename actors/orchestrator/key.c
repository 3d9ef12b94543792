/* Idempotency keys: one request with a key is done once, however often it is sent. */
#include "actors/orchestrator/room.h"

#include <string.h>

enum { WAITING_MAX = 1000 };

static bool same_hash(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

void orc_key_destroy(orc *o, orc_key *key)
{
    (void)orc_map_take_text(&o->keys, key->key);
    orc_free(key->key);
    orc_free(key->hash);
    orc_free(key->answer);
    orc_free(key->waiting);
    orc_free(key);
}

static void refuse_reuse(orc *o, orc_ask *ask)
{
    problem why = {.title = orc_title("IDEMPOTENCY_KEY_REUSED"),
                   .status = 422,
                   .detail = "The idempotency key was used before with another request.",
                   .code = "IDEMPOTENCY_KEY_REUSED"};
    orc_submit_refuse(o, ask, &why);
}

static void send_replayed(orc *o, cogo_actor_id to, const task_submitted *first)
{
    task_submitted again = *first;
    again.replayed = true;
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_TASK_SUBMITTED, &again), true);
}

static void replay_stored(orc *o, orc_ask *ask, const store_found *found)
{
    const task *tasks = found->tasks.items;
    submit_item *items =
        cogo_arena_alloc(&o->scratch, (found->tasks.count + 1) * sizeof *items);
    for (size_t i = 0; i < found->tasks.count && items != NULL; i++) {
        items[i].task = &tasks[i];
    }
    task_submitted answer = {
        .items = {.items = items, .count = items == NULL ? 0 : found->tasks.count},
        .workflow_id = found->tasks.count == 0 ? NULL : tasks[0].workflow_id,
        .replayed = true};
    orc_submit_answer(o, ask, &answer);
}

static void looked_up(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    if (found == NULL) {
        orc_submit_unread(o, ask, error);
    } else if (found->request_hash == NULL) {
        ask->rounds = 0;
        orc_submit(o, ask);
    } else if (!same_hash(found->request_hash, ask->key->hash)) {
        refuse_reuse(o, ask);
    } else {
        replay_stored(o, ask, found);
    }
}

static void join(orc *o, orc_ask *ask, orc_key *key)
{
    if (key->answer != NULL) {
        send_replayed(o, ask->reply_to, key->answer);
        return;
    }
    if (key->waiting_count >= WAITING_MAX) {
        orc_refuse(o, ask->reply_to, 503, "TOO_MANY_TASKS",
                   "Too many requests wait for the same idempotency key.");
        return;
    }
    if (key->waiting_count == key->waiting_capacity) {
        key->waiting_capacity = key->waiting_capacity == 0 ? 4 : key->waiting_capacity * 2;
        key->waiting = orc_realloc(key->waiting, key->waiting_capacity * sizeof *key->waiting);
    }
    key->waiting[key->waiting_count++] = ask->reply_to;
}

bool orc_key_begin(orc *o, orc_ask *ask)
{
    const task_submit *request = cogo_msg_payload(ask->request);
    orc_key *key = orc_map_get_text(&o->keys, request->idempotency_key);
    if (key != NULL) {
        if (same_hash(key->hash, request->request_hash)) {
            join(o, ask, key);
        } else {
            refuse_reuse(o, ask);
        }
        return true;
    }
    key = orc_alloc(sizeof *key);
    key->key = orc_strdup(request->idempotency_key);
    key->hash = orc_strdup(request->request_hash);
    orc_map_put_text(&o->keys, key->key, key);
    ask->key = key;
    store_lookup lookup = {.idempotency_key = key->key};
    orc_ask_send(o, ask, &lookup, looked_up);
    return true;
}

void orc_submit_answer(orc *o, orc_ask *ask, const task_submitted *answer)
{
    orc_key *key = ask->key;
    orc_outbox_put(o, ask->reply_to,
                   cogo_msg_create_record(o->system, MSG_TASK_SUBMITTED, answer), true);
    if (key == NULL) {
        return;
    }
    ask->key = NULL;
    key->answer = orc_copy(&task_submitted_record, answer);
    for (size_t i = 0; i < key->waiting_count; i++) {
        send_replayed(o, key->waiting[i], key->answer);
    }
    key->waiting_count = 0;
    // From the commit on the store knows the key.
    orc_outbox_put_key(o, key);
}

void orc_submit_refuse(orc *o, orc_ask *ask, const problem *why)
{
    orc_key *key = ask->key;
    orc_answer(o, ask->reply_to, MSG_PROBLEM, why);
    if (key == NULL) {
        return;
    }
    ask->key = NULL;
    for (size_t i = 0; i < key->waiting_count; i++) {
        orc_answer(o, key->waiting[i], MSG_PROBLEM, why);
    }
    orc_key_destroy(o, key);
}

void orc_submit_unread(orc *o, orc_ask *ask, const char *error)
{
    problem why = {.title = orc_title("STORE_UNAVAILABLE"),
                   .status = 503,
                   .detail = error,
                   .code = "STORE_UNAVAILABLE",
                   .retry_after_ms = STORE_RETRY_AFTER_MS};
    orc_submit_refuse(o, ask, &why);
}
