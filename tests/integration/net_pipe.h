/* A pipe over several nodes, for tests of networks: numbers go through a stage on each and come
 * back in order. Used by net_node.c. */
#ifndef TESTS_INTEGRATION_NET_PIPE_H
#define TESTS_INTEGRATION_NET_PIPE_H

#include <cogo/cogo.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ECHO = COGO_MSG_USER, WINDOW = 64, NUMBER_SIZE = 256, NAME_SIZE = 64 };
#define MS        UINT64_C(1000000)
#define ANSWER_NS (15000 * MS)

/* A stage passes on what comes to an actor that it knows by node and name. The collector is the
 * last stage and the source: it sends the next number when one has come back, and at first a
 * window of them. Where a link is lost all stages of its pipe end, and the collector says so.
 */
typedef struct stage {
    char next_node[NAME_SIZE], next_name[NAME_SIZE];
    uint64_t count; /* Of the collector; 0: a stage between. */
    uint64_t sent, got, disorder, ask, monitor, began_ns;
    cogo_actor_id next;
} stage;

static cogo_err look(cogo_context *ctx, stage *s)
{
    uint32_t node = cogo_node_find(cogo_context_system(ctx), s->next_node);
    return cogo_node_name_ask(ctx, node, s->next_name, ANSWER_NS, &s->ask);
}

static cogo_err stage_start(cogo_context *ctx, void *state, const void *args)
{
    stage *s = state;
    memcpy(s, args, sizeof *s);
    s->began_ns = cogo_now_ns(ctx);
    return s->count > 0 ? look(ctx, s) : COGO_OK;
}

static cogo_err send_next(cogo_context *ctx, stage *s)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), ECHO, NUMBER_SIZE);
    if (msg != NULL) {
        memset(cogo_msg_payload(msg), 0, NUMBER_SIZE);
        memcpy(cogo_msg_payload(msg), &s->sent, sizeof s->sent);
    }
    s->sent++;
    return cogo_send(ctx, s->next, msg);
}

static cogo_err collect(cogo_context *ctx, stage *s, cogo_msg *msg)
{
    uint64_t number = 0;
    memcpy(&number, cogo_msg_payload(msg), sizeof number);
    s->disorder += number != s->got++;
    if (s->got == 1) {
        printf("{\"event\":\"flowing\"}\n");
    }
    if (s->got == s->count) {
        printf("{\"event\":\"piped\",\"count\":%" PRIu64 ",\"disorder\":%" PRIu64
               ",\"ms\":%" PRIu64 "}\n",
               s->got, s->disorder, (cogo_now_ns(ctx) - s->began_ns) / MS);
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    }
    return s->sent < s->count ? send_next(ctx, s) : COGO_OK;
}

static cogo_err begin(cogo_context *ctx, stage *s, cogo_msg *msg)
{
    s->next = *(const cogo_actor_id *)cogo_msg_payload(msg);
    cogo_err err = cogo_monitor(ctx, s->next, &s->monitor);
    (void)cogo_unstash_all(ctx);
    while (err == COGO_OK && s->sent < s->count && s->sent < WINDOW) {
        err = send_next(ctx, s);
    }
    return err;
}

static cogo_err stage_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    stage *s = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_NAME:
        return begin(ctx, s, msg);
    case COGO_MSG_DOWN:
    case COGO_MSG_ASK_FAILED:
        return COGO_EGONE;
    default:
        if (!cogo_actor_id_is_set(s->next)) {
            cogo_err err = s->ask == 0 ? look(ctx, s) : COGO_OK;
            return err == COGO_OK ? cogo_stash(ctx, msg) : err;
        }
        if (s->count > 0) {
            return collect(ctx, s, msg);
        }
        cogo_msg_take(ctx, msg);
        return cogo_send(ctx, s->next, msg);
    }
}

static void stage_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    const stage *s = state;
    (void)ctx;
    if (s->count > 0 && reason->kind != COGO_EXIT_NORMAL) {
        printf("{\"event\":\"broken\",\"got\":%" PRIu64 ",\"disorder\":%" PRIu64 "}\n", s->got,
               s->disorder);
    }
}

static const cogo_behavior staged = {.struct_size = sizeof(cogo_behavior),
                                     .name = "stage",
                                     .state_size_bytes = sizeof(stage),
                                     .start = stage_start,
                                     .receive = stage_receive,
                                     .stop = stage_stop};

/* Spawns the stages, then the collector, which begins. */
static cogo_err stage_there(cogo_system *system, const char *node, const char *name,
                            const stage *args)
{
    cogo_actor_id id;
    cogo_remote_spawn what = {.struct_size = sizeof what,
                              .behavior = "stage",
                              .args = args,
                              .args_size_bytes = sizeof *args,
                              .name = name};
    return cogo_node_spawn(system, cogo_node_find(system, node), &what, ANSWER_NS, &id);
}

static inline cogo_err pipe_through(cogo_system *system, const char *self, const char *first,
                                    const char *second, uint64_t count)
{
    static unsigned pipes;
    char collector[NAME_SIZE + 16];
    stage one = {.count = 0}, two = {.count = 0}, last = {.count = count};
    pipes++;
    snprintf(collector, sizeof collector, "%.40s.collector.%u", self, pipes);
    snprintf(two.next_node, NAME_SIZE, "%s", self);
    snprintf(two.next_name, NAME_SIZE, "%.60s", collector);
    snprintf(one.next_node, NAME_SIZE, "%s", second);
    snprintf(one.next_name, NAME_SIZE, "%.40s.second.%u", self, pipes);
    snprintf(last.next_node, NAME_SIZE, "%s", first);
    snprintf(last.next_name, NAME_SIZE, "%.40s.first.%u", self, pipes);
    cogo_err err = stage_there(system, second, one.next_name, &two);
    err = err == COGO_OK ? stage_there(system, first, last.next_name, &one) : err;
    if (err != COGO_OK) {
        return err;
    }
    cogo_actor_id id;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &staged,
                                  .args = &last,
                                  .args_size_bytes = sizeof last,
                                  .name = collector};
    return cogo_system_spawn(system, &options, &id);
}

#endif
