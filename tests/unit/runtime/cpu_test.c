/* How many CPUs there are for us: the affinity, and what cgroups of both versions say. The
 * files are in a folder of the test's own, laid out as in a container, a service or an old
 * kernel. */
#include "runtime/base/cpu.h"
#include "tests/unit/runtime/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 256 };

typedef struct tree {
    char root[32];
} tree;

static tree tree_open(void)
{
    tree t = {"/tmp/cogo-cpu-XXXXXX"};
    cr_expect_not_null(mkdtemp(t.root));
    return t;
}

static void tree_close(const tree *t)
{
    char command[PATH_SIZE];
    (void)snprintf(command, sizeof command, "rm -r %s", t->root);
    cr_expect_eq(system(command), 0);
}

/* A file below the root, and the folders on the way to it. */
static void put(const tree *t, const char *name, const char *text)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s%s", t->root, name);
    for (char *slash = strchr(path + strlen(t->root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700); // Perhaps it is there.
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

Test(cpu, quota_is_rounded_up)
{
    cr_expect_eq(cogo__cpu_parse_max("200000 100000"), 2u);
    cr_expect_eq(cogo__cpu_parse_max("150000 100000"), 2u);
    cr_expect_eq(cogo__cpu_parse_max("max 100000"), 0u);
    cr_expect_eq(cogo__cpu_parse_max(""), 0u);
    cr_expect_eq(cogo__cpu_parse_max("200000 0"), 0u);
    cr_expect_eq(cogo__cpu_parse_max("9000000000 1"), 0u, "more than there can be: no limit");
    cr_expect_geq(cogo__cpu_count(), 1u);
}

/* A container is limited by its own group; a service also by the slices it is in. */
Test(cpu, the_least_limit_of_a_group_and_those_above_it_counts)
{
    tree t = tree_open();
    cr_expect_eq(cogo__cpu_limit(t.root), 0u, "no cgroups at all");
    put(&t, "/proc/self/cgroup", "0::/a.slice/b.service\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 0u, "nothing says anything");
    put(&t, "/sys/fs/cgroup/a.slice/b.service/cpu.max", "400000 100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 4u);
    put(&t, "/sys/fs/cgroup/a.slice/cpu.max", "300000 100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 3u);
    put(&t, "/sys/fs/cgroup/cpu.max", "max 100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 3u);
    put(&t, "/proc/self/cgroup", "0::/\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 0u);
    put(&t, "/sys/fs/cgroup/cpu.max", "50000 100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 1u);
    tree_close(&t);
}

Test(cpu, limits_of_old_cgroups_are_known)
{
    tree t = tree_open();
    put(&t, "/proc/self/cgroup",
        "9:cpuset:/x\n7:memory:/x\nnonsense\n4:cpu,cpuacct:/docker/c\n2\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 0u);
    put(&t, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 0u, "a quota without its period says nothing");
    put(&t, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 2u, "in a container its own group is the top");
    put(&t, "/sys/fs/cgroup/cpu/docker/c/cpu.cfs_quota_us", "-1\n");
    put(&t, "/sys/fs/cgroup/cpu/docker/c/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 0u, "-1 is no limit");
    put(&t, "/proc/self/cgroup", "3:cpu:/docker/d\n0::/\n"); // Both versions are mounted.
    put(&t, "/sys/fs/cgroup/cpu.max", "100000 100000\n");
    cr_expect_eq(cogo__cpu_limit(t.root), 1u);
    tree_close(&t);
}

Test(cpu, throttling_is_read_from_the_groups_file)
{
    cr_expect_eq(cogo__cpu_parse_stat("usage_usec 5\nnr_periods 9\nnr_throttled 123\n"), 123u);
    cr_expect_eq(cogo__cpu_parse_stat("usage_usec 5\n"), 0u);
    cr_expect_eq(cogo__cpu_parse_stat(""), 0u);
    (void)cogo__cpu_throttled(""); // Whatever this machine says, it must read it.
    (void)cogo__cpu_under_quota();
    tree t = tree_open();
    cr_expect_eq(cogo__cpu_throttled(t.root), 0u);
    put(&t, "/proc/self/cgroup", "4:cpu:/c\n");
    cr_expect_eq(cogo__cpu_throttled(t.root), 0u, "only new cgroups say it");
    put(&t, "/proc/self/cgroup", "4:name=x:/c\n0::/c\n");
    cr_expect_eq(cogo__cpu_throttled(t.root), 0u);
    put(&t, "/sys/fs/cgroup/c/cpu.stat", "nr_periods 9\nnr_throttled 7\n");
    cr_expect_eq(cogo__cpu_throttled(t.root), 7u);
    tree_close(&t);
}
