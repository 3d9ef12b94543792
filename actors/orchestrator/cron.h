/* Cron expressions: five fields, or a word such as @daily, in the local time of a zone.
 * Used by schedule.c. Pure: no clock, no memory of its own. */
#ifndef ORCHESTRATOR_CRON_H
#define ORCHESTRATOR_CRON_H

#include "actors/orchestrator/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cron {
    uint64_t minutes; /* Bit sets. */
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* "*": the other of the two decides alone. */
} cron;

enum { CRON_ERROR_SIZE = 160 };

/* False: @p error says which field is wrong, and how. */
bool cron_parse(const char *text, cron *out, char error[CRON_ERROR_SIZE]);

/* The first time after @p after_ms (ms since 1970) that fits; 0: none within nine years.
 * A local time that a change of the clocks leaves out counts at the moment of the change; one
 * that comes twice counts the first time. */
int64_t cron_next(const cron *c, const zone *z, int64_t after_ms);

#endif
