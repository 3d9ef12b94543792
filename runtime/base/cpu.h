/* How many CPUs this process may use, and whether it loses them.
 * Used once per system for its default number of lanes, and by its watcher while it works.
 * Never reads anything but the affinity mask and files under /proc and /sys. */
#ifndef COGO_BASE_CPU_H
#define COGO_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The smaller of affinity and cgroup quota (rounded up); at least 1. */
uint32_t cogo__cpu_count(void);

/** True if a cgroup quota is less than what the affinity allows. */
bool cogo__cpu_under_quota(void);
/** CPUs that the cgroup of the process (v2 or v1) and those above it allow; 0: no limit.
 * @p root: what stands before /proc and /sys; tests have their own. */
uint32_t cogo__cpu_limit(const char *root);
/** How often the process's cgroup (v2) was throttled; 0 if that can't be read. */
uint64_t cogo__cpu_throttled(const char *root);
/** The number after "nr_throttled" in a cgroup v2 `cpu.stat`; 0 if there is none. */
uint64_t cogo__cpu_parse_stat(const char *text);
/** The first bytes of a small file, with a NUL. False: not there or empty. */
bool cogo__cpu_read_text(const char *path, char *out, size_t size);

/** CPUs of a cgroup v2 `cpu.max` line ("200000 100000", "max 100000"); 0: no limit. */
uint32_t cogo__cpu_parse_max(const char *line);

#endif
