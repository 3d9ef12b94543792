#include "actors/orchestrator/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(size_t size_bytes)
{
    fprintf(stderr, "cogo: orchestrator: out of memory (%zu bytes); stopping\n", size_bytes);
    abort();
}

void *orc_alloc(size_t size_bytes)
{
    void *block = calloc(1, size_bytes == 0 ? 1 : size_bytes);
    if (block == NULL) {
        give_up(size_bytes);
    }
    return block;
}

void *orc_realloc(void *block, size_t size_bytes)
{
    void *moved = realloc(block, size_bytes == 0 ? 1 : size_bytes);
    if (moved == NULL) {
        give_up(size_bytes);
    }
    return moved;
}

char *orc_strdup(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    return memcpy(orc_alloc(size), text, size);
}

void *orc_copy(const cogo_record *type, const void *record)
{
    void *block = orc_alloc(cogo_record_flat_size(type, record));
    cogo_record_flatten(type, record, block);
    return block;
}

void orc_free(void *block)
{
    free(block);
}
