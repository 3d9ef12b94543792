#include "runtime/base/cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512, LINE_SIZE = 256, CGROUP_SIZE = 4096 };

bool cogo__cpu_read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, out, size - 1);
    (void)close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static uint32_t quota(long long quota_us, long long period_us)
{
    if (quota_us <= 0 || period_us <= 0) {
        return 0;
    }
    long long cpus = (quota_us + period_us - 1) / period_us;
    return cpus > 65536 ? 0 : (uint32_t)cpus;
}

uint32_t cogo__cpu_parse_max(const char *line)
{
    char *end = NULL;
    long long quota_us = strtoll(line, &end, 10); // "max" parses as 0: no limit.
    return quota(quota_us, end != NULL ? strtoll(end, NULL, 10) : 0);
}

static uint32_t smaller(uint32_t limit, uint32_t found)
{
    return found != 0 && (limit == 0 || found < limit) ? found : limit;
}

/* The group and each of its parents may carry a limit; the least one counts. */
static uint32_t limit_v2(const char *root, char *group)
{
    uint32_t limit = 0;
    for (;;) {
        char path[PATH_SIZE], line[LINE_SIZE];
        (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup%s/cpu.max", root, group);
        if (cogo__cpu_read_text(path, line, sizeof line)) {
            limit = smaller(limit, cogo__cpu_parse_max(line));
        }
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            return limit;
        }
        *slash = '\0';
    }
}

static uint32_t limit_v1(const char *root, const char *group)
{
    const char *const places[] = {group, ""}; // In a container its own group is the top.
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_SIZE], quota_line[LINE_SIZE], period_line[LINE_SIZE];
        (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", root,
                       places[i]);
        if (!cogo__cpu_read_text(path, quota_line, sizeof quota_line)) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", root,
                       places[i]);
        if (cogo__cpu_read_text(path, period_line, sizeof period_line)) {
            return quota(strtoll(quota_line, NULL, 10), strtoll(period_line, NULL, 10));
        }
    }
    return 0;
}

/* /proc/self/cgroup has lines "0::/group" (v2) and "4:cpu,cpuacct:/group" (v1). */
uint32_t cogo__cpu_limit(const char *root)
{
    char text[CGROUP_SIZE], path[PATH_SIZE];
    uint32_t limit = 0;
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!cogo__cpu_read_text(path, text, sizeof text)) {
        return 0;
    }
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *kind = strchr(line, ':');
        char *group = kind != NULL ? strchr(kind + 1, ':') : NULL;
        if (group == NULL) {
            continue;
        }
        *group++ = '\0';
        kind++;
        if (strcmp(group, "/") == 0) {
            group[0] = '\0';
        }
        if (*kind == '\0') {
            limit = smaller(limit, limit_v2(root, group));
        } else if (strncmp(kind, "cpu", 3) == 0 && (kind[3] == ',' || kind[3] == '\0')) {
            limit = smaller(limit, limit_v1(root, group));
        }
    }
    return limit;
}

/* CPUs of the affinity mask; at least 1. */
static uint32_t count_allowed(void)
{
    uint32_t count = 1;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        count = (uint32_t)CPU_COUNT(&set);
    } else if (sysconf(_SC_NPROCESSORS_ONLN) > 0) {
        count = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN); // More CPUs than a cpu_set_t holds.
    }
    return count != 0 ? count : 1;
}

uint32_t cogo__cpu_count(void)
{
    uint32_t count = count_allowed();
    uint32_t limit = cogo__cpu_limit("");
    return limit != 0 && limit < count ? limit : count;
}

bool cogo__cpu_under_quota(void)
{
    uint32_t limit = cogo__cpu_limit("");
    return limit != 0 && limit < count_allowed();
}

uint64_t cogo__cpu_parse_stat(const char *text)
{
    static const char key[] = "nr_throttled ";
    const char *found = strstr(text, key);
    return found != NULL ? strtoull(found + strlen(key), NULL, 10) : 0;
}

uint64_t cogo__cpu_throttled(const char *root)
{
    char line[CGROUP_SIZE], path[2 * PATH_SIZE + LINE_SIZE], text[CGROUP_SIZE];
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!cogo__cpu_read_text(path, line, sizeof line)) {
        return 0;
    }
    char *group = strstr(line, "0::/"); // The only line of a v2 system, or one of several.
    if (group == NULL) {
        return 0;
    }
    group += strlen("0::");
    group[strcspn(group, "\n")] = '\0';
    (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup%.*s/cpu.stat", root, PATH_SIZE, group);
    return cogo__cpu_read_text(path, text, sizeof text) ? cogo__cpu_parse_stat(text) : 0;
}
