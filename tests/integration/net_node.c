/* One node of a cluster for tests of networks: does what stdin says and prints what happens,
 * one JSON line each. Used by net_nodes.py, which starts several of them on loopback or on
 * hosts of their own. Orders, and the events that they lead to:
 *
 * - watch PEER: a monitor of PEER's echo: watching, and down once
 * - try WATCH: an ask to the very actor of that watch: done
 * - play PEER COUNT: asks PEER's echo, one after the other: played
 * - pipe FIRST SECOND COUNT: numbers through a stage on each, and back: flowing with the first
 *   one, then piped, or broken
 * - hire PEER: a supervisor keeps a worker there: hired, each time
 * - job PEER, fail PEER: the worker answers, or ends with an error: done
 */
#include "net_flood.h"

#include <stdlib.h>

enum { FAIL = ECHO + 1, WHO, WATCHES_MAX = 512, INTENSITY = 1000, RECONNECT_MAX_MS = 500 };
#define STOP_NS (5000 * MS)

static cogo_system *machine;
static cogo_actor_id watched[WATCHES_MAX];

static cogo_err echo_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == FLOOD) {
        return COGO_OK;
    }
    cogo_msg *answer = cogo_msg_create(machine, ECHO, cogo_msg_size(msg));
    if (cogo_msg_type_of(msg) == FAIL) {
        cogo_msg_destroy(answer);
        return COGO_EFAULT;
    }
    if (answer != NULL) {
        memcpy(cogo_msg_payload(answer), cogo_msg_payload(msg), cogo_msg_size(msg));
    }
    return cogo_reply(ctx, msg, answer);
}

static const cogo_behavior echo = {
    .struct_size = sizeof(cogo_behavior), .name = "echo", .receive = echo_receive};

/* Watches one actor of another node. */
typedef struct watch {
    char peer[NAME_SIZE];
    int number;
    uint64_t ask, monitor;
} watch;

static cogo_err watch_start(cogo_context *ctx, void *state, const void *args)
{
    watch *w = state;
    memcpy(w, args, sizeof *w);
    return cogo_node_name_ask(ctx, cogo_node_find(machine, w->peer), "echo", ANSWER_NS,
                              &w->ask);
}

static cogo_err watch_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    watch *w = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        const cogo_down *down = cogo_msg_payload(msg);
        printf("{\"event\":\"down\",\"watch\":%d,\"kind\":%d}\n", w->number,
               (int)down->reason.kind);
    } else if (cogo_msg_type_of(msg) == COGO_MSG_NAME) {
        watched[w->number] = *(const cogo_actor_id *)cogo_msg_payload(msg);
        cogo_err err = cogo_monitor(ctx, watched[w->number], &w->monitor);
        printf("{\"event\":\"watching\",\"watch\":%d}\n", w->number);
        return err;
    }
    return COGO_OK;
}

static const cogo_behavior watcher = {.struct_size = sizeof(cogo_behavior),
                                      .name = "watcher",
                                      .state_size_bytes = sizeof(watch),
                                      .start = watch_start,
                                      .receive = watch_receive};

/* Its worker is on another node and linked to it: when one ends so does the other, and the
 * supervisor starts this anew. */
typedef struct keeper {
    char peer[NAME_SIZE];
    uint64_t ask;
    cogo_actor_id worker;
} keeper;

static cogo_err keep_start(cogo_context *ctx, void *state, const void *args)
{
    keeper *k = state;
    memcpy(k->peer, args, sizeof k->peer);
    cogo_remote_spawn what = {
        .struct_size = sizeof what, .behavior = "echo", .flags = COGO_SPAWN_LINK};
    return cogo_node_spawn_ask(ctx, cogo_node_find(machine, k->peer), &what, ANSWER_NS,
                               &k->ask);
}

static cogo_err keep_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    keeper *k = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED) {
        return COGO_EGONE;
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_SPAWNED) {
        k->worker = *(const cogo_actor_id *)cogo_msg_payload(msg);
        printf("{\"event\":\"hired\",\"peer\":\"%s\"}\n", k->peer);
    } else if (cogo_msg_type_of(msg) == WHO) {
        cogo_msg *answer = cogo_msg_create(machine, WHO, sizeof k->worker);
        if (answer != NULL) {
            memcpy(cogo_msg_payload(answer), &k->worker, sizeof k->worker);
        }
        return cogo_reply(ctx, msg, answer);
    }
    return COGO_OK;
}

static const cogo_behavior keeping = {.struct_size = sizeof(cogo_behavior),
                                      .name = "keeper",
                                      .state_size_bytes = sizeof(keeper),
                                      .start = keep_start,
                                      .receive = keep_receive};

static cogo_err news_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx, (void)state;
    const cogo_node_event *e = cogo_msg_payload(msg);
    printf("{\"event\":\"node\",\"peer\":\"%s\",\"up\":%s,\"incarnation\":%" PRIu64
           ",\"why\":\"%s\"}\n",
           e->name, e->up ? "true" : "false", e->incarnation, e->why);
    return COGO_OK;
}

static const cogo_behavior news = {
    .struct_size = sizeof(cogo_behavior), .name = "news", .receive = news_receive};

static cogo_err spawn(const cogo_behavior *behavior, const void *args, size_t size,
                      const char *name)
{
    cogo_actor_id id;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = behavior,
                                  .args = args,
                                  .args_size_bytes = size,
                                  .name = name};
    return cogo_system_spawn(machine, &options, &id);
}

static cogo_err ask(cogo_actor_id who, cogo_msg_type type, void *out, size_t size)
{
    cogo_msg *answer = NULL, *msg = cogo_msg_create(machine, type, size);
    if (msg != NULL) {
        memset(cogo_msg_payload(msg), 0, size);
    }
    cogo_err err = cogo_system_ask(machine, who, msg, ANSWER_NS, &answer);
    if (err == COGO_OK && out != NULL && cogo_msg_size(answer) == size) {
        memcpy(out, cogo_msg_payload(answer), size);
    }
    cogo_msg_destroy(answer);
    return err;
}

static void play(const char *peer, uint64_t count)
{
    cogo_actor_id there = COGO_NO_ACTOR;
    cogo_err err =
        cogo_node_name_find(machine, cogo_node_find(machine, peer), "echo", ANSWER_NS, &there);
    uint64_t began = cogo_system_now_ns(machine), done = 0;
    while (err == COGO_OK && done < count) {
        err = ask(there, ECHO, NULL, sizeof(uint64_t));
        done += err == COGO_OK;
    }
    uint64_t us = (cogo_system_now_ns(machine) - began) / 1000;
    printf("{\"event\":\"played\",\"count\":%" PRIu64 ",\"us\":%" PRIu64 ",\"end\":\"%s\"}\n",
           done, us, cogo_strerror(err));
}

static cogo_err hire(const char *peer)
{
    char args[NAME_SIZE] = "", name[NAME_SIZE];
    cogo_actor_id id;
    snprintf(args, sizeof args, "%s", peer);
    snprintf(name, sizeof name, "keeper.%.50s", peer);
    cogo_child_spec child = {.id = "keeper",
                             .restart = COGO_RESTART_PERMANENT,
                             .backoff_min_ns = 50 * MS,
                             .backoff_max_ns = 500 * MS};
    child.options = (cogo_spawn_options){.struct_size = sizeof child.options,
                                         .behavior = &keeping,
                                         .args = args,
                                         .args_size_bytes = sizeof args,
                                         .name = name};
    cogo_supervisor_spec spec = {.struct_size = sizeof spec,
                                 .intensity = INTENSITY,
                                 .children = &child,
                                 .child_count = 1};
    return cogo_supervisor_start(machine, &spec, &id);
}

/* The worker that the keeper has now. */
static cogo_err job(const char *peer, cogo_msg_type type)
{
    char name[NAME_SIZE];
    cogo_actor_id worker = COGO_NO_ACTOR;
    snprintf(name, sizeof name, "keeper.%.50s", peer);
    cogo_err err = ask(cogo_name_find(machine, name), WHO, &worker, sizeof worker);
    return err == COGO_OK ? ask(worker, type, NULL, sizeof(uint64_t)) : err;
}

static void obey(const char *self, const char *line)
{
    char word[16] = "", a[NAME_SIZE] = "", b[NAME_SIZE] = "", c[NAME_SIZE] = "";
    static int watches;
    cogo_err err = COGO_EINVAL;
    (void)sscanf(line, "%15s %63s %63s %63s", word, a, b, c);
    if (strcmp(word, "play") == 0) {
        play(a, strtoull(b, NULL, 10));
        return;
    }
    if (strcmp(word, "flood") == 0 || strcmp(word, "beats") == 0) {
        word[0] == 'f' ? flood(machine, a, strtoull(b, NULL, 10), strtoull(c, NULL, 10))
                       : beats(machine, a);
        return;
    }
    if (strcmp(word, "watch") == 0 && watches < WATCHES_MAX) {
        watch w = {.number = watches++};
        snprintf(w.peer, sizeof w.peer, "%s", a);
        err = spawn(&watcher, &w, sizeof w, NULL);
    } else if (strcmp(word, "try") == 0) {
        err = ask(watched[atoi(a) % WATCHES_MAX], ECHO, NULL, sizeof(uint64_t));
    } else if (strcmp(word, "pipe") == 0) {
        err = pipe_through(machine, self, a, b, strtoull(c, NULL, 10));
    } else if (strcmp(word, "hire") == 0) {
        err = hire(a);
    } else if (strcmp(word, "job") == 0 || strcmp(word, "fail") == 0) {
        err = job(a, word[0] == 'j' ? ECHO : FAIL);
    }
    printf("{\"event\":\"done\",\"word\":\"%s\",\"end\":\"%s\"}\n", word, cogo_strerror(err));
}

static cogo_err register_all(void)
{
    static const cogo_type types[] = {{sizeof(cogo_type), ECHO, "net.echo", NULL},
                                      {sizeof(cogo_type), FAIL, "net.fail", NULL},
                                      {sizeof(cogo_type), WHO, "net.who", NULL},
                                      {sizeof(cogo_type), FLOOD, "net.flood", NULL}};
    cogo_err err = COGO_OK;
    for (size_t i = 0; i < sizeof types / sizeof *types && err == COGO_OK; i++) {
        err = cogo_type_register(machine, &types[i]);
    }
    err = err == COGO_OK ? cogo_behavior_register(machine, &echo, NULL) : err;
    return err == COGO_OK ? cogo_behavior_register(machine, &staged, NULL) : err;
}

static cogo_err begin_node(char **argv, const char *advertise)
{
    const char *secret = getenv("COGO_CLUSTER_SECRET");
    cogo_actor_id id;
    cogo_system_config system = {.struct_size = sizeof system, .lane_count = 2};
    cogo_node_config config = {.struct_size = sizeof config,
                               .name = argv[1],
                               .listen = argv[2],
                               .join = argv[3][0] != '\0' ? argv[3] : NULL,
                               .advertise = advertise,
                               .secret = secret,
                               .secret_size_bytes = secret != NULL ? strlen(secret) : 0,
                               .heartbeat_ms = (uint32_t)atoi(argv[4]),
                               .reconnect_max_ms = RECONNECT_MAX_MS};
    cogo_err err = cogo_system_create(&system, &machine);
    err = err == COGO_OK ? register_all() : err;
    err = err == COGO_OK ? spawn(&echo, NULL, 0, "echo") : err;
    err = err == COGO_OK ? cogo_node_start(machine, &config) : err;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &news};
    err = err == COGO_OK ? cogo_system_spawn(machine, &options, &id) : err;
    return err == COGO_OK ? cogo_node_subscribe(machine, id) : err;
}

int main(int argc, char **argv)
{
    char line[256];
    setvbuf(stdout, NULL, _IOLBF, 0);
    cogo_err err = COGO_EINVAL;
    if (argc == 5 || argc == 6) {
        err = begin_node(argv, argv[5]); // NULL: as it listens.
    }
    if (err != COGO_OK) {
        fprintf(stderr, "net_node NAME LISTEN JOIN HEARTBEAT_MS [ADVERTISE]: %s\n",
                cogo_strerror(err));
        return 1;
    }
    printf("{\"event\":\"ready\",\"port\":%u}\n", (unsigned)cogo_node_port(machine));
    while (fgets(line, sizeof line, stdin) != NULL) {
        obey(argv[1], line);
    }
    err = cogo_node_stop(machine, STOP_NS);
    err = err == COGO_OK ? cogo_system_stop(machine, STOP_NS) : err;
    cogo_system_destroy(machine);
    return err == COGO_OK ? 0 : 1;
}
