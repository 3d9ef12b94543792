#include "actors/doors/rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_number(const char *text, size_t size, int64_t *out)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    *out = number;
    return size > 0 && text[0] >= '0' && text[0] <= '9' && end == text + size
           && number <= RATE_MOST;
}

/* Where the limit of the tenant goes; NULL: that is no tenant, or one too many. */
static int64_t *place_of(rates *r, const char *name, size_t size)
{
    char tenant[GRANT_TENANT_MAX + 1];
    if (size > GRANT_TENANT_MAX) {
        return NULL;
    }
    memcpy(tenant, name, size);
    tenant[size] = '\0';
    size_t i = 0;
    while (i < r->own_count && strcmp(r->own[i].tenant, tenant) != 0) {
        i++;
    }
    if (i == RATES_MAX || !grant_tenant_valid(tenant)) {
        return NULL;
    }
    memcpy(r->own[i].tenant, tenant, size + 1);
    r->own_count += i == r->own_count;
    return &r->own[i].per_second;
}

/* "100", "acme=500" or "*=1000". */
static bool take_one(rates *r, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    size_t name = equals != NULL ? (size_t)(equals - text) : 0;
    if (equals == NULL) {
        return take_number(text, size, &r->common);
    }
    int64_t *place = name == 1 && text[0] == '*' ? &r->whole : place_of(r, text, name);
    return place != NULL && take_number(equals + 1, size - name - 1, place);
}

/* The doors that there are; what is behind another one's name is checked and not used. */
static bool take_entry(rates *r, rates *others, const char *text, size_t size, const char *door)
{
    static const char *const doors[] = {"http", "ws", "redis"};
    const char *colon = memchr(text, ':', size);
    size_t name = colon != NULL ? (size_t)(colon - text) : 0;
    bool known = colon == NULL;
    for (size_t i = 0; colon != NULL && i < sizeof doors / sizeof doors[0]; i++) {
        known = known || (strlen(doors[i]) == name && memcmp(doors[i], text, name) == 0);
    }
    bool mine = colon == NULL || (strlen(door) == name && memcmp(door, text, name) == 0);
    size_t skip = colon != NULL ? name + 1 : 0;
    return known && take_one(mine ? r : others, text + skip, size - skip);
}

bool rates_init(rates *r, const char *text, const char *door, char error[256])
{
    rates *others = calloc(1, sizeof *others);
    memset(r, 0, sizeof *r);
    r->lookups.level = RATE_LOOKUPS;
    while (others != NULL && text != NULL && *text != '\0') {
        size_t size = strcspn(text, ",");
        if (!take_entry(r, others, text, size, door)) {
            snprintf(error, 256,
                     "the rate '%.*s' is not N, TENANT=N or *=N, perhaps behind http:, ws: or "
                     "redis:; requests a second up to %d",
                     (int)(size < 80 ? size : 80), text, RATE_MOST);
            free(others);
            return false;
        }
        text += size;
        text += *text == ',';
    }
    if (others == NULL) {
        snprintf(error, 256, "out of memory");
    }
    r->all.level = (double)r->whole * RATE_BURST_SECONDS;
    bool good = others != NULL;
    free(others);
    return good;
}

static int64_t limit_of(const rates *r, const char *tenant)
{
    for (size_t i = 0; i < r->own_count; i++) {
        if (strcmp(r->own[i].tenant, tenant) == 0) {
            return r->own[i].per_second;
        }
    }
    return r->common;
}

static void fill(rate_bucket *b, int64_t per_second, uint64_t now_ns)
{
    double most = (double)per_second * RATE_BURST_SECONDS;
    b->level += (double)(now_ns - b->at_ns) * 1e-9 * (double)per_second;
    b->level = b->level > most ? most : b->level;
    b->at_ns = now_ns;
}

/* Of a new tenant: full, in the place of the one that was used least lately. */
static rate_bucket *bucket_of(rates *r, const char *tenant, int64_t per_second, uint64_t now_ns)
{
    rate_bucket *oldest = &r->buckets[0];
    for (size_t i = 0; i < r->bucket_count; i++) {
        if (strcmp(r->buckets[i].tenant, tenant) == 0) {
            fill(&r->buckets[i], per_second, now_ns);
            return &r->buckets[i];
        }
        oldest = r->buckets[i].at_ns < oldest->at_ns ? &r->buckets[i] : oldest;
    }
    rate_bucket *b =
        r->bucket_count < RATE_TENANTS_MAX ? &r->buckets[r->bucket_count++] : oldest;
    *b = (rate_bucket){.level = (double)per_second * RATE_BURST_SECONDS, .at_ns = now_ns};
    snprintf(b->tenant, sizeof b->tenant, "%s", tenant);
    return b;
}

static int64_t take(rates *r, rate_bucket *b, int64_t per_second)
{
    if (b->level >= 1) {
        b->level -= 1;
        return 0;
    }
    r->refused++;
    return (int64_t)((1 - b->level) * 1000 / (double)per_second) + 1;
}

int64_t rates_take(rates *r, const char *tenant, uint64_t now_ns)
{
    int64_t per_second = tenant != NULL ? limit_of(r, tenant) : 0;
    if (r->whole > 0) {
        fill(&r->all, r->whole, now_ns);
    }
    if (r->whole > 0 && r->all.level < 1) {
        return take(r, &r->all, r->whole);
    }
    int64_t wait_ms =
        per_second > 0 ? take(r, bucket_of(r, tenant, per_second, now_ns), per_second) : 0;
    r->all.level -= wait_ms == 0 && r->whole > 0 ? 1 : 0;
    return wait_ms;
}

void rates_charge(rates *r, const char *tenant, size_t count, uint64_t now_ns)
{
    int64_t per_second = tenant != NULL ? limit_of(r, tenant) : 0;
    if (per_second > 0) {
        bucket_of(r, tenant, per_second, now_ns)->level -= (double)count;
    }
    r->all.level -= r->whole > 0 ? (double)count : 0;
}

int64_t rates_take_lookup(rates *r, uint64_t now_ns)
{
    fill(&r->lookups, RATE_LOOKUPS, now_ns);
    return take(r, &r->lookups, RATE_LOOKUPS);
}
