/* Lists of metric families, and the Prometheus text format of them.
 * Used by every actor that answers metrics.read, and by the door that serves /metrics.
 * Never measures anything: it only writes down. */
#ifndef CONTRACT_METRIC_TEXT_H
#define CONTRACT_METRIC_TEXT_H

#include "codec/contract/messages.h"

/* A list that grows in an arena. Fields belong to the list. */
typedef struct metric_list {
    cogo_arena *arena;
    metric_family *families;
    size_t family_count;
    size_t family_capacity;
    metric_sample *samples; /* Of the latest family. */
    size_t sample_capacity;
    bool failed; /* Out of memory once: stays so. */
} metric_list;

void metric_list_init(metric_list *list, cogo_arena *arena);

/* Begins a family. The three texts are borrowed: constants, or in the list's arena. */
void metric_list_family(metric_list *list, const char *name, const char *help,
                        const char *type);

/* Adds a sample to the latest family. Both texts are borrowed; @p labels may be NULL. */
void metric_list_sample(metric_list *list, const char *suffix, const char *labels,
                        double value);

/* What was collected, in the list's arena. COGO_ENOMEM when something is missing. */
COGO_MUST_USE cogo_err metric_list_finish(const metric_list *list, metrics *out);

/* `role="echo",status="failed"` with values escaped, in @p arena. @p names and @p values have
 * @p count entries; a NULL value is an empty one. NULL when out of memory, or for no labels. */
char *metric_labels(cogo_arena *arena, const char *const *names, const char *const *values,
                    size_t count);

/* The text format, version 0.0.4, in memory that the caller frees; ends with NUL, which
 * @p out_size does not count. */
COGO_MUST_USE cogo_err metric_text(const metrics *from, char **out_text, size_t *out_size);

#endif
