/* How long a thread of the runtime wants the CPU at a time, and that its children do not. */
#include "runtime/base/slice.h"
#include "tests/unit/runtime/scene.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In ns, from sched_getattr(2); 0 where the kernel knows no turns of a thread's own. */
static uint64_t turn_ns(void)
{
    enum { RUNTIME = 3, WORDS = 6 }; // The words of the first version of its structure.
    uint64_t attributes[WORDS] = {0};
    (void)syscall(SYS_sched_getattr, 0, attributes, sizeof attributes, 0);
    return attributes[RUNTIME];
}

/* Asked with 0: its own turn. Else that of a process that it forks. */
static cogo_err tell(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint64_t answer = turn_ns();
    if (*(const uint64_t *)cogo_msg_payload(msg) != 0) {
        int ends[2] = {-1, -1};
        cr_expect_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            uint64_t own = turn_ns();
            _exit(write(ends[1], &own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
        }
        cr_expect_eq(read(ends[0], &answer, sizeof answer), (ssize_t)sizeof answer);
        cr_expect_eq(waitpid(child, NULL, 0), child);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    return scene_reply_u64(ctx, msg, answer);
}

static const cogo_behavior teller = {
    .struct_size = sizeof(cogo_behavior),
    .name = "teller",
    .receive = tell,
};

Test(slice, lanes_take_short_turns_and_what_they_fork_does_not)
{
    uint64_t usual = turn_ns(), turn = 0, forked = 0;
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &teller, NULL, 0, 0);
    uint64_t *const answers[] = {&turn, &forked};
    for (uint64_t i = 0; i < 2; i++) {
        cogo_msg *msg = NULL;
        cr_assert_eq(cogo_system_ask(system, id, scene_msg_u64(system, SCENE_ASK, i),
                                     SCENE_LONG_NS, &msg),
                     COGO_OK);
        *answers[i] = scene_u64(msg);
        cogo_msg_destroy(msg);
    }
    // A kernel before 6.12 takes the call and goes on as ever.
    cr_expect_eq(turn, usual == 0 ? 0u : (uint64_t)COGO__SLICE_NS);
    cr_expect_eq(forked, usual);
    cr_expect_eq(turn_ns(), usual, "the caller's own thread is left alone");
    scene_close(system);
}
