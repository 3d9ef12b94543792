#include "actors/doors/key.h"

#include "codec/contract/digest.h"

bool key_valid(const char *key)
{
    size_t size = 0;
    while (key[size] >= ' ' && key[size] <= '~') {
        size++;
    }
    return key[size] == '\0' && size > 0 && size <= KEY_MAX;
}

bool key_put(task_submit *submit, const char *key, const void *bytes, size_t size,
             cogo_arena *arena)
{
    char *hash = cogo_arena_alloc(arena, DIGEST_SIZE);
    /* No client's key has this byte. */
    submit->idempotency_key = submit->tenant == NULL
                                  ? key
                                  : cogo_arena_printf(arena, "%s\x01%s", submit->tenant, key);
    if (hash == NULL || submit->idempotency_key == NULL) {
        return false;
    }
    digest_hex(bytes, size, hash);
    submit->request_hash = hash;
    return true;
}
