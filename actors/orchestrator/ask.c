/* Questions to the store, and the way back to who asked. */
#include "actors/orchestrator/room.h"

orc_ask *orc_ask_create(orc *o, cogo_actor_id reply_to, cogo_msg *request)
{
    orc_ask *ask = orc_alloc(sizeof *ask);
    ask->reply_to = reply_to;
    ask->request = request;
    ask->asked.seed[0] = o->tasks.seed[0];
    ask->asked.seed[1] = o->tasks.seed[1];
    cogo_arena_init(&ask->memory, 0);
    return ask;
}

void orc_ask_destroy(orc *o, orc_ask *ask)
{
    if (ask->ask != 0) {
        (void)orc_map_take(&o->asks, &ask->ask, sizeof ask->ask);
    }
    orc_unpin(o, ask);
    orc_map_finish(&ask->asked);
    cogo_arena_finish(&ask->memory);
    cogo_msg_destroy(ask->request);
    orc_free(ask);
}

void orc_ask_leave(orc *o, orc_ask *ask)
{
    if (ask->ask == 0) {
        orc_ask_destroy(o, ask);
    }
}

static void finish(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    ask->ask = 0;
    ask->answered(o, ask, found, error);
    orc_ask_leave(o, ask);
}

void orc_ask_send(orc *o, orc_ask *ask, const store_lookup *lookup,
                  void (*answered)(orc *o, orc_ask *self, const store_found *found,
                                   const char *error))
{
    ask->answered = answered;
    ask->rounds++;
    if (o->asks.count >= ASKS_MAX) {
        answered(o, ask, NULL, "too many questions wait for the store");
        return;
    }
    cogo_err err = cogo_ask(o->ctx, o->config.store_reader,
                            cogo_msg_create_record(o->system, MSG_STORE_LOOKUP, lookup),
                            (uint64_t)LOOKUP_TIMEOUT_MS * NS_PER_MS, &ask->ask);
    if (err != COGO_OK) {
        ask->ask = 0;
        answered(o, ask, NULL, cogo_strerror(err));
        return;
    }
    orc_map_put(&o->asks, &ask->ask, sizeof ask->ask, ask);
}

void orc_ask_answered(orc *o, cogo_msg *msg)
{
    uint64_t number = cogo_msg_ask(msg);
    orc_ask *ask = orc_map_take(&o->asks, &number, sizeof number);
    if (ask == NULL) {
        return;
    }
    const store_found *found = cogo_msg_payload(msg);
    finish(o, ask, found->error == NULL ? found : NULL, found->error);
}

void orc_ask_failed(orc *o, cogo_msg *msg)
{
    uint64_t number = cogo_msg_ask(msg);
    orc_ask *ask = orc_map_take(&o->asks, &number, sizeof number);
    if (ask != NULL) {
        const cogo_ask_failed *failed = cogo_msg_payload(msg);
        finish(o, ask, NULL, cogo_strerror(failed->err));
    }
}
