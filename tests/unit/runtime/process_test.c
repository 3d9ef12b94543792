/* Child processes: this very program, started anew. Its actors crash there in all ways, and
 * here it is an end like any other. */
#include "tests/unit/runtime/stage.h"

#include <signal.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_WORK = 0 }; /* A sanitizer needs terabytes of addresses. */
#else
enum { LIMITS_WORK = 1 };
#endif

/* How a victim ends, and what is said of it; all but the last end their process. */
static const struct {
    uint64_t how;
    const char *text;
} ends[] = {
    {BY_FAULT, "SIGSEGV in victim"},      {BY_ABORT, "SIGABRT in victim"},
    {BY_EXIT, "exit status 3"},           {BY_KILL, "SIGKILL (by somebody, or out of memory)"},
    {BY_ERROR, "input or output failed"},
};
enum { ENDS = sizeof ends / sizeof *ends, CRASHES = ENDS - 1 };

/* Asks @p id for what it has seen. */
static void ask_for(cogo_actor_id id, void *out, size_t size)
{
    cogo_msg *answer = NULL;
    cr_expect_eq(cogo_system_ask(scene.system, id, cogo_msg_create(scene.system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        memcpy(out, cogo_msg_payload(answer), size);
        cogo_msg_destroy(answer);
    }
}

static void answer_with(cogo_context *ctx, cogo_actor_id to, const void *seen, size_t size)
{
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, size);
    memcpy(cogo_msg_payload(answer), seen, size);
    cogo_send(ctx, to, answer);
}

/* Spawns a victim with a monitor, tells it how to die and keeps the reason. */
typedef struct witness {
    uint64_t how;
    cogo_actor_id whom, waiting;
    bool down;
    cogo_reason reason;
} witness;

static cogo_err witness_start(cogo_context *ctx, void *state, const void *args)
{
    witness *w = state;
    cogo_spawn_options options = victim_options("process:p");
    w->how = *(const uint64_t *)args;
    options.flags = COGO_SPAWN_MONITOR;
    cogo_err err = cogo_spawn(ctx, &options, &w->whom);
    if (err == COGO_OK) {
        cogo_send(ctx, w->whom, scene_msg_u64(cogo_context_system(ctx), VICTIM_DIE, w->how));
    }
    return err;
}

static cogo_err witness_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    witness *w = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        cr_expect(!w->down, "a monitor fires once");
        w->down = true;
        w->reason = ((const cogo_down *)cogo_msg_payload(msg))->reason;
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        w->waiting = cogo_msg_reply_to(msg);
    }
    if (w->down && cogo_actor_id_is_set(w->waiting)) {
        answer_with(ctx, w->waiting, &w->reason, sizeof w->reason);
        w->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior witness_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "witness",
    .state_size_bytes = sizeof(witness),
    .start = witness_start,
    .receive = witness_receive,
};

static cogo_reason end_by(uint64_t how)
{
    cogo_reason reason = {0};
    cogo_actor_id id = scene_spawn(scene.system, &witness_behavior, &how, sizeof how, 0);
    ask_for(id, &reason, sizeof reason);
    return reason;
}

/* Knows the actor over there by its own id, not by its deputy's: monitors it, links with it,
 * asks it to die and keeps what becomes of the three. */
typedef struct outcome {
    cogo_reason down, exit;
    cogo_err ask;
    uint32_t count;
} outcome;

typedef struct relative {
    cogo_actor_id whom, waiting;
    uint64_t how;
    outcome seen;
} relative;

static cogo_err relative_start(cogo_context *ctx, void *state, const void *args)
{
    relative *r = state;
    *r = *(const relative *)args;
    uint64_t ask = 0;
    cogo_err err = cogo_monitor(ctx, r->whom, NULL);
    err = err == COGO_OK ? cogo_link(ctx, r->whom) : err;
    return err == COGO_OK
               ? cogo_ask(ctx, r->whom,
                          scene_msg_u64(cogo_context_system(ctx), VICTIM_DIE, r->how),
                          SCENE_LONG_NS, &ask)
               : err;
}

static cogo_err relative_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    relative *r = state;
    const void *payload = cogo_msg_payload(msg);
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_DOWN:
        r->seen.down = ((const cogo_down *)payload)->reason;
        break;
    case COGO_MSG_EXIT:
        r->seen.exit = ((const cogo_down *)payload)->reason;
        break;
    case COGO_MSG_ASK_FAILED:
        r->seen.ask = ((const cogo_ask_failed *)payload)->err;
        break;
    default:
        r->waiting = cogo_msg_reply_to(msg);
        r->seen.count--;
    }
    if (++r->seen.count == 3 && cogo_actor_id_is_set(r->waiting)) {
        answer_with(ctx, r->waiting, &r->seen, sizeof r->seen);
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior relative_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "relative",
    .state_size_bytes = sizeof(relative),
    .start = relative_start,
    .receive = relative_receive,
};

/* A new victim dies so. */
static outcome seen_of(uint64_t how)
{
    relative r = {.how = how};
    outcome seen = {.count = 0};
    cogo_msg *answer = NULL;
    while (answer == NULL) { // The process before may not have ended yet.
        (void)!cogo_system_ask(scene.system, spawn_victim(),
                               cogo_msg_create(scene.system, SCENE_ASK, 0), SCENE_LONG_NS,
                               &answer);
    }
    r.whom = cogo_msg_sender(answer);
    cogo_msg_destroy(answer);
    cr_expect_neq(r.whom.node, 0, "its own id");
    cogo_actor_id id =
        scene_spawn(scene.system, &relative_behavior, &r, sizeof r, COGO_SPAWN_TRAP_EXIT);
    ask_for(id, &seen, sizeof seen);
    return seen;
}

Test(process, every_crash_is_an_end_that_says_what_it_was)
{
    open_pool(0);
    for (size_t i = 0; i < ENDS; i++) {
        cogo_reason why = end_by(ends[i].how);
        cr_expect_eq(why.kind, COGO_EXIT_ERROR);
        cr_expect_eq(why.err, ends[i].how == BY_ERROR ? COGO_EIO : COGO_EFAULT);
        cr_expect_str_eq(why.text, ends[i].text);
    }
    pthread_mutex_lock(&scene.lock);
    const char *words = strstr(scene.said, "SIGSEGV in victim");
    cr_expect_not_null(words, "the log has the end");
    words = words != NULL ? strstr(words, "[0x") : NULL;
    cr_expect_not_null(words, "and the frames of the stack");
    pthread_mutex_unlock(&scene.lock);
    close_stage();
}

Test(process, an_end_by_any_signal_is_told_as_well_as_it_is_known)
{
    open_pool(0);
    cr_expect_str_eq(end_by(BY_SIGNAL + SIGTERM).text, "SIGTERM");
    cr_expect_str_eq(end_by(BY_SIGNAL + (uint64_t)SIGRTMIN + 3).text, "SIG?");
    void (*before)(int) = signal(SIGCHLD, SIG_IGN); // So nobody can wait for a process.
    cr_expect_str_eq(end_by(BY_SIGNAL + SIGTERM).text, "ended, nobody knows how");
    (void)signal(SIGCHLD, before);
    close_stage();
}

Test(process, who_knows_an_actor_there_by_its_own_id_hears_of_the_crash_too)
{
    enum { ROUNDS = 20 }; // The end of the link and that of the process come in either order.
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.backoff_min_ns = pool.backoff_max_ns = 1000000;
    start_pool(&pool);
    for (size_t i = 0; i < ROUNDS * CRASHES; i++) {
        const char *text = ends[i % CRASHES].text;
        outcome seen = seen_of(ends[i % CRASHES].how);
        cr_expect_eq(seen.down.kind, COGO_EXIT_ERROR);
        cr_expect_eq(seen.down.err, COGO_EFAULT);
        cr_expect_str_eq(seen.down.text, text);
        cr_expect_eq(seen.exit.kind, COGO_EXIT_ERROR);
        cr_expect_str_eq(seen.exit.text, text);
        cr_expect_eq(seen.ask, COGO_EGONE);
    }
    close_stage();
}

/* Nobody waits for a reason that is not there yet: the process lives. */
Test(process, of_one_that_lives_without_its_link_is_told_that_it_is_not_linked)
{
    open_pool(50);
    static const uint64_t ways[] = {STANDING_STILL, CUT_OFF};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        outcome seen = seen_of(ways[i]);
        cr_expect_eq(seen.down.kind, COGO_EXIT_NOCONNECTION);
        cr_expect_eq(seen.exit.kind, COGO_EXIT_NOCONNECTION);
        cr_expect_eq(seen.ask, COGO_EGONE);
    }
    cr_expect_str_eq(end_by(CUT_OFF).text, "SIGKILL: it stood still");
    close_stage();
}

Test(process, memory_beyond_the_limit_ends_the_process_not_the_machine)
{
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.memory_bytes = LIMITS_WORK ? UINT64_C(1) << 30 : 0;
    start_pool(&pool);
    if (LIMITS_WORK) {
        cr_expect_str_eq(end_by(BY_HUNGER).text, "SIGABRT in victim");
    }
    close_stage();
}

Test(process, one_that_stands_still_is_killed)
{
    open_pool(50);
    cr_expect_str_eq(end_by(STANDING_STILL).text, "SIGKILL: it stood still");
    close_stage();
}

Test(process, a_pool_that_fails_too_often_is_given_up)
{
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.intensity = 2;
    pool.period_ns = 1000 * SCENE_LONG_NS;
    start_pool(&pool);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(end_by(BY_KILL).err, COGO_EFAULT);
    }
    await_no_pool();
    cogo_reason why = end_by(BY_KILL);
    cr_expect_eq(why.err, COGO_ENOTFOUND);
    cr_expect_str_eq(why.text, "process p has no pool of this name");
    close_stage();
}
