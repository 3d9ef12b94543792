/* A machine that has no descriptors left: what needs one is refused with an error and leaves
 * none behind; once there are some again, all goes on. The limit is that of this process, one
 * more for each run, so that every place where one is needed is the first to find none. */
#include "tests/unit/runtime/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MORE_MAX = 64 };

static struct rlimit plenty;

/* Descriptors that are open, without that of the look itself. */
static int open_count(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    for (struct dirent *one; all != NULL && (one = readdir(all)) != NULL;) {
        count += one->d_name[0] != '.' && atoi(one->d_name) != dirfd(all);
    }
    (void)closedir(all);
    return count;
}

/* The lowest number that a limit can be so that @p more can be opened. */
static rlim_t limit_for(int more)
{
    rlim_t limit = 0;
    for (int fd = 0; more >= 0; fd++) {
        bool taken = fcntl(fd, F_GETFD) != -1;
        more -= !taken;
        limit = (rlim_t)fd;
    }
    return limit;
}

static void scarce(int more)
{
    (void)getrlimit(RLIMIT_NOFILE, &plenty);
    const struct rlimit limit = {limit_for(more), plenty.rlim_max};
    cr_expect_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void enough(void)
{
    cr_expect_eq(setrlimit(RLIMIT_NOFILE, &plenty), 0);
}

/* --- Nodes. ------------------------------------------------------------------------------- */

static const cogo_node_config hears = {
    .struct_size = sizeof hears, .name = "n", .listen = "127.0.0.1:0"};

/* True: it runs, so it has all that it needs. */
static bool start_poor(cogo_system *system, int more)
{
    scarce(more);
    cogo_err err = cogo_node_start(system, &hears);
    enough();
    cr_expect(err == COGO_OK || err == COGO_EIO, "%d: %s", more, cogo_strerror(err));
    return err == COGO_OK;
}

Test(outage, a_node_that_finds_no_descriptor_to_listen_with_can_be_started_later)
{
    int before = open_count();
    cogo_system *system = scene_open(1);
    cr_expect(!start_poor(system, 0));
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_ESTATE);
    cr_expect_eq(cogo_node_start(system, &hears), COGO_OK);
    cr_expect_neq(cogo_node_port(system), 0);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
    cr_expect_eq(open_count(), before);
}

/* Of all that its actors open, each is once the first that is refused. */
Test(outage, a_node_that_found_no_descriptor_at_first_is_reached_as_soon_as_there_are_some)
{
    int before = open_count();
    for (int more = 1; more < 8; more++) {
        place a = {.system = scene_open(1)}, b;
        if (start_poor(a.system, more)) {
            place_open(&b,
                       (cogo_node_config){
                           .struct_size = sizeof hears, .name = "b", .reconnect_max_ms = 50},
                       &a);
            sem_wait(&b.ups);
            place_close(&b);
            cr_expect_eq(cogo_node_stop(a.system, SCENE_LONG_NS), COGO_OK);
        }
        scene_close(a.system);
    }
    cr_expect_eq(open_count(), before);
}

/* --- Child processes. --------------------------------------------------------------------- */

/* Asks one for its number; COGO_OK, or why there is none. */
static cogo_err talk_to_child(void)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_msg *answer = NULL;
    const cogo_spawn_options options = victim_options("process:p");
    cogo_err err = cogo_system_spawn(scene.system, &options, &id);
    if (err != COGO_OK) {
        return err;
    }
    err = cogo_system_ask(scene.system, id, cogo_msg_create(scene.system, SCENE_ASK, 0),
                          SCENE_LONG_NS, &answer);
    if (err == COGO_OK) {
        cogo_msg_destroy(answer);
    }
    return err;
}

/* It may fail once: then it is given up, and can be started again. */
static bool pool_works(void)
{
    cogo_process_pool pool = pool_of("p");
    pool.intensity = COGO_INTENSITY_NONE;
    cogo_err err = cogo_process_pool_start(scene.system, &pool);
    if (err == COGO_OK) {
        err = talk_to_child();
    }
    cr_expect(err == COGO_OK || err == COGO_EGONE || err == COGO_ENOTFOUND, "%s",
              cogo_strerror(err));
    return err == COGO_OK;
}

Test(outage, a_pool_of_processes_that_finds_no_descriptor_can_be_started_later)
{
    int before = open_count(), refused = 0;
    bool whole = false;
    for (int more = 0; more < MORE_MAX && !whole; more++) {
        open_stage(0);
        scarce(more);
        whole = pool_works();
        enough();
        if (!whole) {
            await_no_pool();
            cr_expect(pool_works(), "with %d it is given up, with more it works", more);
        }
        refused += !whole;
        close_stage();
        cr_expect_eq(open_count(), before);
        cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no process is left");
    }
    cr_expect(whole, "the last run had all it needed");
    cr_expect_gt(refused, 4);
}
