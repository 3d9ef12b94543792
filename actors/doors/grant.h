/* What a caller may do: scopes and a tenant, from the token that it shows; and the tokens that
 * were looked up lately. Used by the gates of all doors. Never holds a secret: only hashes. */
#ifndef DOORS_GRANT_H
#define DOORS_GRANT_H

#include "codec/contract/id.h"
#include "codec/contract/messages.h"

enum {
    GRANT_TENANT_MAX = 63, /* Bytes of a tenant's name. */
    GRANTS_MAX = 1024,     /* Tokens remembered; the oldest goes first. */
    GRANT_FRESH_MS = 5000, /* A token is looked up again after it: so long a revoked one may
                              still be good at another door. */
};

enum grant_scope {
    SCOPE_READ = 1 << 0,
    SCOPE_SUBMIT = 1 << 1,
    SCOPE_ADMIN = 1 << 2,
    SCOPE_WORK = 1 << 3,
};

typedef struct grant {
    uint32_t scopes;                   /* With all that they imply. */
    char tenant[GRANT_TENANT_MAX + 1]; /* TENANT_ALL: not bound to one. */
    char token_id[ID_SIZE];            /* "": the configured token, or none was needed. */
    int64_t expires_at;                /* Wall clock in ms; 0: never. */
} grant;

/* All rights over all tenants. */
grant grant_all(void);

/* The tenant that @p g is bound to; NULL: to none. */
const char *grant_bound(const grant *g);
/* The same as tasks and messages carry it: NULL also for the default tenant. */
const char *grant_tenant(const grant *g);

/* The scopes by name, with what they imply. False: @p *out_unknown is none. */
bool grant_scopes(cogo_strings names, uint32_t *out, const char **out_unknown);
const char *grant_scope_name(uint32_t scope); /* Of one bit. */

/* 1 to GRANT_TENANT_MAX of a-z, 0-9, '-' and '_', not beginning with '-'. */
bool grant_tenant_valid(const char *name);

/* What the store says of a token. False: it is not good. */
bool grant_from(const access_token *token, int64_t wall_ms, grant *out);

/* A token that was looked up, good or not. */
typedef struct grants_item {
    uint8_t hash[32];
    uint64_t at_ns;
    bool used, good;
    grant grant;
} grants_item;

typedef struct grants {
    size_t next;
    grants_item items[GRANTS_MAX];
} grants;

/* The item for @p hash when it is fresh; NULL: it has to be looked up. */
const grants_item *grants_find(const grants *g, const uint8_t hash[32], uint64_t now_ns);
/* True when @p hash was good when it was looked up last, however long ago. */
bool grants_knows(const grants *g, const uint8_t hash[32]);
/* @p granted NULL: it is no good token. */
void grants_put(grants *g, const uint8_t hash[32], const grant *granted, uint64_t now_ns);
/* Forgets the token with this id: it was revoked here. */
void grants_drop(grants *g, const char *token_id);

#endif
