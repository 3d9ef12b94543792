/* Three supervised workers; every job that is a multiple of 7 breaks its worker, which is
 * restarted with its id and its mailbox: only the job that broke it is lost. */
#include <cogo/cogo.h>

#include <stdio.h>

enum { JOB = COGO_MSG_USER, WORKERS = 3, JOBS = 20 };

static cogo_err work(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    int job = *(const int *)cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) == JOB && job % 7 == 0) {
        return COGO_EIO;
    }
    printf("job %d done\n", job);
    cogo_msg *done = cogo_msg_create(cogo_context_system(ctx), JOB, 0);
    return cogo_reply(ctx, msg, done);
}

static const cogo_behavior worker = {
    .struct_size = sizeof(cogo_behavior), .name = "worker", .receive = work};

int main(void)
{
    static const char *const ids[WORKERS] = {"a", "b", "c"};
    cogo_child_spec children[WORKERS] = {0};
    for (int i = 0; i < WORKERS; i++) {
        children[i].id = ids[i];
        children[i].options.struct_size = sizeof(cogo_spawn_options);
        children[i].options.behavior = &worker;
    }
    cogo_supervisor_spec spec = {.struct_size = sizeof spec,
                                 .strategy = COGO_ONE_FOR_ONE,
                                 .children = children,
                                 .child_count = WORKERS};
    cogo_system *system = NULL;
    cogo_actor_id pool;
    if (cogo_system_create(NULL, &system) != COGO_OK
        || cogo_supervisor_start(system, &spec, &pool) != COGO_OK) {
        return 1;
    }
    for (int job = 1; job <= JOBS; job++) {
        cogo_msg *answer = NULL, *msg = cogo_msg_create(system, JOB, sizeof job);
        if (msg != NULL) {
            *(int *)cogo_msg_payload(msg) = job;
        }
        cogo_actor_id to = cogo_supervisor_child(system, pool, ids[job % WORKERS]);
        cogo_err err = cogo_system_ask(system, to, msg, 1000000000, &answer);
        if (err != COGO_OK) {
            printf("job %d: %s\n", job, cogo_strerror(err));
        }
        cogo_msg_destroy(answer);
    }
    cogo_err err = cogo_system_stop(system, 1000000000);
    cogo_system_destroy(system);
    return err != COGO_OK;
}
