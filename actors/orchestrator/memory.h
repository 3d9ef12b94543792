/* Memory of this room: zeroed, and never NULL.
 * Used by every file here. Running out ends the process: the journal holds everything that was
 * acknowledged, and a half-applied transition in memory would be worse than a restart.
 * Never used for memory that goes to another actor: that is a message. */
#ifndef ORCHESTRATOR_MEMORY_H
#define ORCHESTRATOR_MEMORY_H

#include <cogo/record.h>

#include <stddef.h>

__attribute__((returns_nonnull)) void *orc_alloc(size_t size_bytes);
__attribute__((returns_nonnull)) void *orc_realloc(void *block, size_t size_bytes);

/* NULL gives NULL. */
char *orc_strdup(const char *text);

/* One block with a deep copy of @p record, which starts with the struct. */
__attribute__((returns_nonnull)) void *orc_copy(const cogo_record *type, const void *record);

void orc_free(void *block);

#endif
