/* Rate limits: one bucket of requests per tenant, refilled all the time. Used by the gates of
 * all doors. Never waits: it says how long a caller has to. */
#ifndef DOORS_RATE_H
#define DOORS_RATE_H

#include "actors/doors/grant.h"

enum {
    RATES_MAX = 64,          /* Tenants with a limit of their own. */
    RATE_TENANTS_MAX = 1024, /* Buckets; one that is full can be forgotten. */
    RATE_MOST = 1000000,     /* Requests per second of one limit. */
    RATE_BURST_SECONDS = 2,  /* A bucket holds what so many seconds give. */
    RATE_LOOKUPS = 100,      /* Unknown tokens looked up per second, over all callers. */
};

typedef struct rate_bucket {
    char tenant[GRANT_TENANT_MAX + 1];
    double level; /* Below 0: a batch took more than there was. */
    uint64_t at_ns;
} rate_bucket;

typedef struct rates {
    int64_t common; /* Requests per second of each tenant; 0: no limit. */
    int64_t whole;  /* Of all callers together; 0: no limit. */
    rate_bucket all;
    size_t own_count;
    struct {
        char tenant[GRANT_TENANT_MAX + 1];
        int64_t per_second;
    } own[RATES_MAX];
    rate_bucket lookups;
    size_t bucket_count;
    rate_bucket buckets[RATE_TENANTS_MAX];
    uint64_t refused; /* Ever. */
} rates;

/* What @p text says of @p door ("http", "ws" or "redis"): entries with commas between them, "N"
 * for each tenant, "TENANT=N" for one, "*=N" for all callers together, each perhaps behind
 * "DOOR:" for this door alone; requests per second, and a later entry is right. NULL or "": no
 * limit. False with a sentence in @p error. */
bool rates_init(rates *r, const char *text, const char *door, char error[256]);

/* One request of @p tenant (NULL: of a caller that is bound to none). 0: it may; else ms after
 * which it may. */
int64_t rates_take(rates *r, const char *tenant, uint64_t now_ns);
/* @p count more of the same, which was let in already: the next ones wait longer. */
void rates_charge(rates *r, const char *tenant, size_t count, uint64_t now_ns);
/* One look-up of a token that is not known. As rates_take(). */
int64_t rates_take_lookup(rates *r, uint64_t now_ns);

#endif
