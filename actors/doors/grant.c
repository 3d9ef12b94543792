#include "actors/doors/grant.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t bit, implies;
} scopes[] = {
    {"read", SCOPE_READ, SCOPE_READ},
    {"submit", SCOPE_SUBMIT, SCOPE_SUBMIT | SCOPE_READ},
    {"admin", SCOPE_ADMIN, SCOPE_ADMIN | SCOPE_SUBMIT | SCOPE_READ | SCOPE_WORK},
    {"work", SCOPE_WORK, SCOPE_WORK},
};
enum { SCOPE_COUNT = sizeof scopes / sizeof scopes[0] };

grant grant_all(void)
{
    return (grant){.scopes = SCOPE_READ | SCOPE_SUBMIT | SCOPE_ADMIN | SCOPE_WORK,
                   .tenant = TENANT_ALL};
}

const char *grant_bound(const grant *g)
{
    return strcmp(g->tenant, TENANT_ALL) == 0 ? NULL : g->tenant;
}

const char *grant_tenant(const grant *g)
{
    const char *bound = grant_bound(g);
    return bound != NULL && strcmp(bound, TENANT_DEFAULT) != 0 ? bound : NULL;
}

bool grant_scopes(cogo_strings names, uint32_t *out, const char **out_unknown)
{
    *out = 0;
    for (size_t i = 0; i < names.count; i++) {
        uint32_t implied = 0;
        for (size_t s = 0; s < SCOPE_COUNT; s++) {
            implied |= strcmp(scopes[s].name, names.items[i]) == 0 ? scopes[s].implies : 0;
        }
        if (implied == 0) {
            *out_unknown = names.items[i];
            return false;
        }
        *out |= implied;
    }
    return true;
}

const char *grant_scope_name(uint32_t scope)
{
    for (size_t s = 0; s < SCOPE_COUNT; s++) {
        if (scopes[s].bit == scope) {
            return scopes[s].name;
        }
    }
    return "read";
}

bool grant_tenant_valid(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size <= GRANT_TENANT_MAX && name[0] != '-'
           && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == size;
}

bool grant_from(const access_token *token, int64_t wall_ms, grant *out)
{
    const char *unknown;
    *out = (grant){.expires_at = token->expires_at};
    /* A scope that this program does not know gives nothing, and takes nothing away. */
    for (size_t i = 0; i < token->scopes.count; i++) {
        uint32_t one;
        if (grant_scopes((cogo_strings){&token->scopes.items[i], 1}, &one, &unknown)) {
            out->scopes |= one;
        }
    }
    bool fits = token->tenant != NULL && strlen(token->tenant) < sizeof out->tenant
                && token->token_id != NULL && strlen(token->token_id) < sizeof out->token_id;
    if (!fits || token->revoked_at != 0
        || (token->expires_at != 0 && token->expires_at <= wall_ms)) {
        return false;
    }
    memcpy(out->tenant, token->tenant, strlen(token->tenant) + 1);
    memcpy(out->token_id, token->token_id, strlen(token->token_id) + 1);
    return true;
}

static size_t find(const grants *g, const uint8_t hash[32])
{
    size_t i = 0;
    while (i < GRANTS_MAX && !(g->items[i].used && memcmp(g->items[i].hash, hash, 32) == 0)) {
        i++;
    }
    return i;
}

const grants_item *grants_find(const grants *g, const uint8_t hash[32], uint64_t now_ns)
{
    size_t i = find(g, hash);
    return i < GRANTS_MAX && now_ns - g->items[i].at_ns < GRANT_FRESH_MS * UINT64_C(1000000)
               ? &g->items[i]
               : NULL;
}

bool grants_knows(const grants *g, const uint8_t hash[32])
{
    size_t i = find(g, hash);
    return i < GRANTS_MAX && g->items[i].good;
}

void grants_put(grants *g, const uint8_t hash[32], const grant *granted, uint64_t now_ns)
{
    size_t i = find(g, hash);
    if (i == GRANTS_MAX) {
        i = g->next;
        g->next = (g->next + 1) % GRANTS_MAX;
    }
    grants_item *item = &g->items[i];
    *item = (grants_item){.used = true, .good = granted != NULL, .at_ns = now_ns};
    memcpy(item->hash, hash, sizeof item->hash);
    if (granted != NULL) {
        item->grant = *granted;
    }
}

void grants_drop(grants *g, const char *token_id)
{
    for (size_t i = 0; i < GRANTS_MAX; i++) {
        if (g->items[i].good && strcmp(g->items[i].grant.token_id, token_id) == 0) {
            g->items[i].used = g->items[i].good = false;
        }
    }
}
