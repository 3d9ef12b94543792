/* The outbox: what may only be said after the changes before it are on disk. */
#include "actors/orchestrator/audit.h"

enum { RING_MIN = 64 };

static void grow_outbox(orc *o)
{
    size_t capacity = o->outbox_capacity == 0 ? RING_MIN : o->outbox_capacity * 2;
    orc_parcel *moved = orc_alloc(capacity * sizeof *moved);
    for (size_t i = 0; i < o->outbox_count; i++) {
        moved[i] = o->outbox[(o->outbox_first + i) % o->outbox_capacity];
    }
    orc_free(o->outbox);
    o->outbox = moved;
    o->outbox_first = 0;
    o->outbox_capacity = capacity;
}

static void put(orc *o, orc_parcel parcel)
{
    if (o->outbox_count == o->outbox_capacity) {
        grow_outbox(o);
    }
    parcel.needs = o->next_number;
    o->outbox[(o->outbox_first + o->outbox_count++) % o->outbox_capacity] = parcel;
}

static void deliver(orc *o, orc_parcel *parcel)
{
    if (parcel->key != NULL) {
        orc_key_destroy(o, parcel->key);
    }
    if (parcel->read != NULL) {
        orc_events_look_up(o, parcel->read);
        orc_ask_leave(o, parcel->read);
    }
    if (parcel->msg != NULL) {
        (void)cogo_send(o->ctx, parcel->to, parcel->msg); // It may have ended meanwhile.
    }
}

void orc_outbox_put(orc *o, cogo_actor_id to, cogo_msg *msg, bool answer)
{
    if (msg == NULL) {
        return;
    }
    if (o->audit_open.count > 0) {
        orc_audit_answered(o, to, cogo_msg_type_of(msg), cogo_msg_payload(msg));
    }
    if (o->phase == ORC_STORE_FAILED) {
        cogo_msg_destroy(msg);
        if (answer) {
            (void)orc_unavailable(o, to);
        }
        return;
    }
    if (o->outbox_count == 0 && o->committed_number == o->next_number) {
        (void)cogo_send(o->ctx, to, msg);
        return;
    }
    put(o, (orc_parcel){.to = to, .msg = msg, .answer = answer});
}

void orc_outbox_put_key(orc *o, orc_key *key)
{
    if (o->phase == ORC_STORE_FAILED
        || (o->outbox_count == 0 && o->committed_number == o->next_number)) {
        orc_key_destroy(o, key);
        return;
    }
    put(o, (orc_parcel){.key = key});
}

void orc_outbox_put_read(orc *o, orc_ask *read)
{
    put(o, (orc_parcel){.read = read});
}

void orc_outbox_deliver(orc *o)
{
    while (o->outbox_count > 0) {
        orc_parcel *parcel = &o->outbox[o->outbox_first];
        if (parcel->needs > o->committed_number) {
            return;
        }
        orc_parcel ready = *parcel;
        o->outbox_first = (o->outbox_first + 1) % o->outbox_capacity;
        o->outbox_count--;
        deliver(o, &ready);
    }
}

/* Nothing of it will ever be true: whoever waits is told so. */
void orc_outbox_fail(orc *o)
{
    while (o->outbox_count > 0) {
        orc_parcel parcel = o->outbox[o->outbox_first];
        o->outbox_first = (o->outbox_first + 1) % o->outbox_capacity;
        o->outbox_count--;
        if (parcel.answer) {
            (void)orc_unavailable(o, parcel.to);
        }
        if (parcel.key != NULL) {
            orc_key_destroy(o, parcel.key);
        }
        if (parcel.read != NULL) {
            (void)orc_unavailable(o, parcel.read->reply_to);
            orc_ask_destroy(o, parcel.read);
        }
        cogo_msg_destroy(parcel.msg);
    }
}

void orc_outbox_finish(orc *o)
{
    for (; o->outbox_count > 0; o->outbox_count--) {
        orc_parcel *parcel = &o->outbox[o->outbox_first];
        o->outbox_first = (o->outbox_first + 1) % o->outbox_capacity;
        cogo_msg_destroy(parcel->msg);
        if (parcel->key != NULL) {
            orc_key_destroy(o, parcel->key);
        }
        if (parcel->read != NULL) {
            orc_ask_destroy(o, parcel->read);
        }
    }
    orc_free(o->outbox);
}
