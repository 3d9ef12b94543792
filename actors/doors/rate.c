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

/* "100" or "acme=500". */
static bool take_one(rates *r, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    if (equals == NULL) {
        return take_number(text, size, &r->common);
    }
    size_t name = (size_t)(equals - text);
    if (name > GRANT_TENANT_MAX || r->own_count == RATES_MAX) {
        return false;
    }
    memcpy(r->own[r->own_count].tenant, text, name);
    r->own[r->own_count].tenant[name] = '\0';
    bool good = grant_tenant_valid(r->own[r->own_count].tenant)
                && take_number(equals + 1, size - name - 1, &r->own[r->own_count].per_second);
    r->own_count++;
    return good;
}

bool rates_init(rates *r, const char *text, char error[256])
{
    memset(r, 0, sizeof *r);
    r->lookups.level = RATE_LOOKUPS;
    while (text != NULL && *text != '\0') {
        size_t size = strcspn(text, ",");
        if (!take_one(r, text, size)) {
            snprintf(error, 256,
                     "the rate '%.*s' is not N or TENANT=N, requests a second up to %d",
                     (int)(size < 80 ? size : 80), text, RATE_MOST);
            return false;
        }
        text += size;
        text += *text == ',';
    }
    return true;
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
    return per_second > 0 ? take(r, bucket_of(r, tenant, per_second, now_ns), per_second) : 0;
}

void rates_charge(rates *r, const char *tenant, size_t count, uint64_t now_ns)
{
    int64_t per_second = tenant != NULL ? limit_of(r, tenant) : 0;
    if (per_second > 0) {
        bucket_of(r, tenant, per_second, now_ns)->level -= (double)count;
    }
}

int64_t rates_take_lookup(rates *r, uint64_t now_ns)
{
    fill(&r->lookups, RATE_LOOKUPS, now_ns);
    return take(r, &r->lookups, RATE_LOOKUPS);
}
