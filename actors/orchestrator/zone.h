/* Time zones: what UTC is on a clock somewhere, from the system's database (TZif files).
 * Used by cron.c and schedule.c; the C library can do this for one zone per process only.
 * Never changes once it is loaded. */
#ifndef ORCHESTRATOR_ZONE_H
#define ORCHESTRATOR_ZONE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct zone zone; /* NULL is UTC. */

typedef struct zone_date {
    int year, month, day; /* From 1. */
    int weekday;          /* 0: Sunday. */
} zone_date;

/* "UTC", or a name of the database such as "Europe/Berlin". False: it is not known here. */
bool zone_load(const char *name, zone **out);
void zone_free(zone *z);

/* Seconds that local time is ahead of UTC at @p utc_s (seconds since 1970). */
int64_t zone_offset(const zone *z, int64_t utc_s);

/* The first moment at which the clocks there show @p local_s, or have gone past it. */
int64_t zone_to_utc(const zone *z, int64_t local_s);

zone_date zone_date_of(int64_t local_s);
int64_t zone_day(int year, int month, int day); /* Seconds since 1970 at its begin. */

#endif
