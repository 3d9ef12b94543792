/* How many CPUs this process may use.
 * Used once per system, for its default number of lanes.
 * Never reads anything but the affinity mask and the cgroup files. */
#ifndef COGO_BASE_CPU_H
#define COGO_BASE_CPU_H

#include <stdint.h>

/** The smaller of affinity and cgroup quota (rounded up); at least 1. */
uint32_t cogo__cpu_count(void);

/** CPUs of a cgroup v2 `cpu.max` line ("200000 100000", "max 100000"); 0: no limit. */
uint32_t cogo__cpu_parse_max(const char *line);

#endif
