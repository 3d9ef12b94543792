/* What a connection hears and says of members and claims: frames to messages for the member
 * actor, and back. */
#include "runtime/node/connection.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* What is for the member actor: bounded, and what is left out is told again later. */
static void tell_member(cogo__connection *c, const cogo__told *told)
{
    if (c->told < COGO__TOLD_PER_BEAT) {
        c->told++;
        cogo__cluster_tell(c->node, c->ctx, told);
    }
}

static void copy_text(char *out, size_t size, cogo_value text)
{
    (void)snprintf(out, size, "%.*s", (int)text.size_bytes,
                   text.size_bytes != 0 ? (const char *)text.data : "");
}

static void on_member(cogo__connection *c, const cogo__frame *frame)
{
    const cogo__frame_member *f = &frame->member;
    cogo__told told = {
        .kind = COGO__TOLD_FRAME, .peer = c->peer->index, .frame = COGO__FRAME_MEMBER};
    told.member.state = (cogo_member_state)f->state;
    told.member.incarnation = f->incarnation;
    told.member.version = f->version;
    copy_text(told.member.name, sizeof told.member.name, f->node);
    copy_text(told.member.address, sizeof told.member.address, f->address);
    if (f->state != COGO_MEMBER_UNKNOWN && f->incarnation != 0 && told.member.name[0] != '\0') {
        tell_member(c, &told);
    }
}

static void on_probe(cogo__connection *c, const cogo__frame *frame)
{
    cogo__told told = {.kind = COGO__TOLD_FRAME,
                       .peer = c->peer->index,
                       .frame = frame->kind,
                       .number = frame->probe.number,
                       .alive = frame->probe.alive};
    told.member.incarnation = frame->probe.incarnation;
    copy_text(told.member.name, sizeof told.member.name, frame->probe.node);
    tell_member(c, &told);
}

/* A node that listens everywhere is reached where its links begin. */
void cogo__told_address(cogo__connection *c)
{
    cogo__address mine = {.size = sizeof mine.at};
    cogo__told told = {.kind = COGO__TOLD_ADDRESS};
    if (c->node->port != 0
        && getsockname(c->fd, (struct sockaddr *)&mine.at, &mine.size) == 0) {
        // Both families have the port in the same place.
        ((struct sockaddr_in *)(void *)&mine.at)->sin_port = htons(c->node->port);
        cogo__address_text(&mine, told.member.address);
        cogo__cluster_tell(c->node, c->ctx, &told);
    }
}

static cogo__frame frame_of(const cogo__member *member)
{
    cogo__frame frame = {.kind = COGO__FRAME_MEMBER};
    frame.member =
        (cogo__frame_member){(uint64_t)member->state, member->incarnation, member->version,
                             cogo__text(member->name), cogo__text(member->address)};
    return frame;
}

/* What finds no room is told again when views are compared. */
void cogo__told_say(cogo__connection *c, const cogo__told *told)
{
    const cogo__member *member = &told->member;
    cogo__frame frame = frame_of(member);
    frame.kind = told->frame;
    if (told->frame == COGO__FRAME_CLAIM) {
        frame.claim = (cogo__frame_claim){told->number, told->term, told->lease_ms, told->alive,
                                          cogo__text(member->name)};
    } else if (told->frame == COGO__FRAME_CLAIMED) {
        frame.claimed = (cogo__frame_claimed){told->number, told->alive, told->term,
                                              cogo__text(member->name)};
    } else if (told->frame == COGO__FRAME_HELD) {
        frame.held = (cogo__frame_held){told->term, told->number, told->lease_ms,
                                        cogo__text(member->name)};
    } else if (told->frame != COGO__FRAME_MEMBER) {
        frame.probe = (cogo__frame_probe){told->number, told->alive, cogo__text(member->name),
                                          member->incarnation};
    }
    if (c->open) {
        (void)cogo__session_send(c->session, &frame);
    }
}

void cogo__told_slice(cogo__connection *c)
{
    cogo__cluster *cluster = &c->node->cluster_view;
    uint64_t now = cogo_now_ns(c->ctx);
    uint32_t told = 0;
    cogo__lock_take(&cluster->lock);
    const cogo__view *view = &cluster->view;
    for (uint32_t seen = 0; seen < view->count && told < COGO__SLICE; seen++) {
        uint32_t at = c->slice_at < view->count ? c->slice_at : 0;
        const cogo__entry *entry = &view->entries[at];
        c->slice_at = at + 1;
        if (cogo__view_tells(entry, now)) {
            cogo__frame frame = frame_of(&entry->known);
            (void)cogo__session_send(c->session, &frame);
            told++;
        }
    }
    cogo__lock_give(&cluster->lock);
}

/* It is this node that goes, not only the link: so it is no failure. Said on either connection,
 * because the end of one is the end of both. */
void cogo__told_left(cogo__connection *c)
{
    cogo__told told = {.frame = COGO__FRAME_MEMBER};
    if (c->open && cogo__u32_load_seq_cst(&c->node->running) == 2) {
        told.member.state = COGO_MEMBER_LEFT;
        told.member.incarnation = c->incarnation;
        memcpy(told.member.name, c->node->name, sizeof told.member.name);
        cogo__told_say(c, &told);
    }
}

static void on_claim(cogo__connection *c, const cogo__frame *frame)
{
    cogo__told told = {.kind = COGO__TOLD_FRAME, .peer = c->peer->index, .frame = frame->kind};
    cogo_value name = frame->claim.name;
    told.number = frame->claim.number;
    told.term = frame->claim.term;
    told.alive = frame->claim.release;
    told.lease_ms = (uint32_t)frame->claim.lease_ms;
    if (frame->kind == COGO__FRAME_CLAIMED) {
        name = frame->claimed.name;
        told.number = frame->claimed.number;
        told.term = frame->claimed.term;
        told.alive = frame->claimed.granted;
    } else if (frame->kind == COGO__FRAME_HELD) {
        name = frame->held.name;
        told.number = frame->held.actor;
        told.term = frame->held.term;
        told.lease_ms = (uint32_t)frame->held.lease_ms;
    }
    copy_text(told.member.name, sizeof told.member.name, name);
    if (told.member.name[0] != '\0') {
        tell_member(c, &told);
    }
}

void cogo__told_frame(cogo__connection *c, const cogo__frame *frame)
{
    if (frame->kind == COGO__FRAME_MEMBER) {
        on_member(c, frame);
    } else if (frame->kind >= COGO__FRAME_CLAIM) {
        on_claim(c, frame);
    } else {
        on_probe(c, frame);
    }
}
