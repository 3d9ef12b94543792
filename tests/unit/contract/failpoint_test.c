/* Orders for the places where a test ends the process. */
#include "codec/contract/failpoint.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

Test(failpoint, an_order_that_is_not_one_is_refused)
{
    static const char *const bad[] = {"store.commit.after",
                                      "store.commit.after:",
                                      "store.commit.after:kill:",
                                      "store.commit.after:kill:0",
                                      "store.commit.after:kill:3x",
                                      "store.commit.after:killed",
                                      "store.commit:kill",
                                      "store.commit.after:kill,",
                                      "store.commit.after:kill,nowhere:kill",
                                      ":kill",
                                      "nowhere:kill"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_not(failpoints_arm(bad[i]), "%s", bad[i]);
    }
    cr_expect(failpoints_arm(NULL));
    cr_expect_not(failpoint_armed);
    failpoint("store.commit.after");
}

Test(failpoint, the_process_ends_at_the_passage_that_was_ordered)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        bool armed = failpoints_arm("store.told.after:kill,store.commit.after:kill:3");
        for (int i = 0; armed && i < 5; i++) {
            failpoint("store.commit.before");
            if (write(ends[1], "x", 1) != 1) {
                break;
            }
            failpoint("store.commit.after");
        }
        _exit(0);
    }
    (void)close(ends[1]);
    char passages[8];
    ssize_t count = 0;
    for (ssize_t got; (got = read(ends[0], passages, sizeof passages)) > 0;) {
        count += got;
    }
    (void)close(ends[0]);
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    cr_expect_eq(count, 3);
}
