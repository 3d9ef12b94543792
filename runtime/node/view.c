#include "runtime/node/view.h"

#include "runtime/base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 8, ORDINAL_DIGITS = 6 };
#define FORGET_NS UINT64_C(3600000000000) /* A member that is gone, or doubted without end. */

/* --- Lists: "a,b,pod-0..2". --------------------------------------------------------------- */

/* Digits that end @p text of @p size bytes. */
static size_t digits_at_end(const char *text, size_t size)
{
    size_t count = 0;
    while (count < size && text[size - 1 - count] >= '0' && text[size - 1 - count] <= '9') {
        count++;
    }
    return count;
}

static uint32_t number_of(const char *digits, size_t size)
{
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number * 10 + (uint32_t)(digits[i] - '0');
    }
    return number;
}

typedef struct range {
    const char *prefix;
    size_t prefix_size;
    uint32_t first, last;
    bool numbered;
} range;

/* One item of a list, up to a comma. False: it can't be read. */
static bool read_item(const char *text, size_t size, range *out)
{
    const char *dots = NULL;
    for (size_t i = 0; i + 1 < size && dots == NULL; i++) {
        dots = text[i] == '.' && text[i + 1] == '.' ? text + i : NULL;
    }
    *out = (range){.prefix = text, .prefix_size = size};
    if (dots != NULL) {
        size_t before = (size_t)(dots - text), after = size - before - 2;
        size_t low = digits_at_end(text, before), high = digits_at_end(dots + 2, after);
        if (low == 0 || low > ORDINAL_DIGITS || high != after || high == 0
            || high > ORDINAL_DIGITS) {
            return false;
        }
        *out = (range){text, before - low, number_of(dots - low, low),
                       number_of(dots + 2, high), true};
    }
    return out->first <= out->last && out->last - out->first < COGO_CLUSTER_VOTERS_MAX
           && size != 0 && out->prefix_size + ORDINAL_DIGITS <= COGO__NODE_NAME_MAX;
}

typedef cogo_err (*take_name)(void *ctx, const char *name);

static cogo_err each_name(const char *members, take_name take, void *ctx)
{
    char name[COGO__NODE_NAME_MAX + 1];
    cogo_err err = COGO_OK;
    for (const char *at = members; at != NULL && *at != '\0' && err == COGO_OK;) {
        size_t size = strcspn(at, ",");
        range r;
        if (!read_item(at, size, &r)) {
            return COGO_EINVAL;
        }
        for (uint32_t i = r.first; i <= r.last && err == COGO_OK; i++) {
            int prefix = (int)r.prefix_size;
            if (r.numbered) {
                (void)snprintf(name, sizeof name, "%.*s%u", prefix, r.prefix, i);
            } else {
                (void)snprintf(name, sizeof name, "%.*s", prefix, r.prefix);
            }
            err = take(ctx, name);
        }
        at += size + (at[size] == ',');
    }
    return err;
}

static cogo_err count_name(void *ctx, const char *name)
{
    (void)name;
    return ++*(uint32_t *)ctx <= COGO_CLUSTER_VOTERS_MAX ? COGO_OK : COGO_EINVAL;
}

bool cogo__view_list_is_valid(const char *members)
{
    uint32_t count = 0;
    return each_name(members, count_name, &count) == COGO_OK;
}

/* --- Entries. ----------------------------------------------------------------------------- */

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Hashes are added up: without this, two records that differ alike from two others in their
 * last bytes cancel each other out. */
static uint64_t mixed(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static uint64_t hash_of(const cogo__member *m)
{
    const uint64_t numbers[] = {m->incarnation, m->version, (uint64_t)m->state};
    uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), m->name, strlen(m->name) + 1);
    hash = hash_bytes(hash, m->address, strlen(m->address) + 1);
    return mixed(hash_bytes(hash, numbers, sizeof numbers));
}

bool cogo__view_tells(const cogo__entry *entry, uint64_t now_ns)
{
    bool lasting = entry->self || entry->known.state == COGO_MEMBER_ALIVE;
    return entry->known.incarnation != 0
           && (lasting || now_ns - entry->since_ns < FORGET_NS / 2);
}

/* The digest is a sum, so that one change costs the same however many members there are. */
static void sum_up(cogo__view *view, cogo__entry *entry, uint64_t now_ns)
{
    view->digest -= entry->hash;
    entry->hash = cogo__view_tells(entry, now_ns) ? hash_of(&entry->known) : 0;
    view->digest += entry->hash;
}

cogo__entry *cogo__view_find(const cogo__view *view, const char *name)
{
    for (uint32_t i = 0; i < view->count; i++) {
        if (strcmp(view->entries[i].known.name, name) == 0) {
            return &view->entries[i];
        }
    }
    return NULL;
}

static void drop(cogo__view *view, uint32_t index)
{
    view->digest -= view->entries[index].hash;
    memmove(&view->entries[index], &view->entries[index + 1],
            (view->count - index - 1) * sizeof *view->entries);
    view->count--;
    view->forgotten++;
}

/* Whom to forget for a newcomer: who has been gone for longest. Nobody on the list. */
static bool make_room(cogo__view *view)
{
    uint32_t worst = 0;
    for (uint32_t i = 1; i < view->count; i++) {
        const cogo__entry *e = &view->entries[i];
        bool gone =
            !e->listed && !e->linked
            && (cogo__member_is_final(e->known.state) || e->known.state == COGO_MEMBER_SUSPECT);
        if (gone && (worst == 0 || e->since_ns < view->entries[worst].since_ns)) {
            worst = i;
        }
    }
    if (worst != 0) {
        drop(view, worst);
    }
    return worst != 0;
}

/* NULL: no room. */
static cogo__entry *add(cogo__view *view, const char *name)
{
    if (view->count >= COGO_CLUSTER_MEMBERS_MAX && !make_room(view)) {
        return NULL;
    }
    if (view->count == view->capacity) {
        uint32_t capacity = view->capacity != 0 ? view->capacity * 2 : FIRST_CAPACITY;
        void *entries =
            cogo__realloc(view->from, view->entries, capacity * sizeof *view->entries);
        if (entries == NULL) {
            return NULL;
        }
        view->entries = entries;
        view->capacity = capacity;
    }
    cogo__entry *entry = &view->entries[view->count++];
    memset(entry, 0, sizeof *entry);
    (void)snprintf(entry->known.name, sizeof entry->known.name, "%s", name);
    return entry;
}

static cogo_err add_listed(void *ctx, const char *name)
{
    cogo__view *view = ctx;
    cogo__entry *entry = cogo__view_find(view, name);
    entry = entry != NULL ? entry : add(view, name);
    if (entry == NULL) {
        return COGO_ENOMEM;
    }
    view->listed += !entry->listed;
    entry->listed = true;
    return COGO_OK;
}

void cogo__view_finish(cogo__view *view)
{
    cogo__free(view->entries);
    view->entries = NULL;
    view->digest = 0;
    view->count = view->capacity = view->listed = 0;
}

cogo_err cogo__view_begin(cogo__view *view, const cogo__member *self, const char *members,
                          uint64_t now_ns)
{
    cogo__view_finish(view);
    cogo__entry *first = add(view, self->name);
    if (first == NULL) {
        return COGO_ENOMEM;
    }
    first->self = true;
    cogo__view_set(view, first, self, now_ns);
    return each_name(members, add_listed, view);
}

/* --- News. -------------------------------------------------------------------------------- */

void cogo__view_set(cogo__view *view, cogo__entry *entry, const cogo__member *known,
                    uint64_t now_ns)
{
    cogo__member copy = *known; // It may be the entry's own.
    bool other = entry->known.incarnation != copy.incarnation;
    if (other || entry->known.state != copy.state) {
        entry->since_ns = now_ns;
    }
    if (other) {
        entry->node = 0;
        entry->linked = false;
        entry->failed = entry->probed_ns = 0;
        entry->unlinked_ns = now_ns;
    }
    entry->known = copy;
    view->epoch++;
    sum_up(view, entry, now_ns);
}

/* Where it lies between two records of one incarnation: see the head of view.h. */
static int rank(cogo_member_state state)
{
    return state == COGO_MEMBER_DEAD ? 2 : state == COGO_MEMBER_LEFT ? 1 : 0;
}

static bool is_newer(const cogo__member *known, const cogo__member *news)
{
    if (news->incarnation != known->incarnation) {
        return news->incarnation > known->incarnation;
    }
    if (rank(news->state) != rank(known->state)) {
        return rank(news->state) > rank(known->state);
    }
    if (news->version != known->version) {
        return news->version > known->version;
    }
    if (news->state != known->state) {
        return news->state == COGO_MEMBER_SUSPECT;
    }
    return strcmp(news->address, known->address) > 0;
}

cogo__merged cogo__view_merge(cogo__view *view, const cogo__member *news, uint64_t now_ns,
                              cogo__member *before, cogo__entry **out_entry)
{
    cogo__entry *entry = cogo__view_find(view, news->name);
    bool tombstone = cogo__member_is_final(news->state);
    *out_entry = entry;
    *before = (cogo__member){.incarnation = 0};
    if (entry != NULL && entry->self) {
        *before = entry->known;
        return COGO__MERGED_SELF;
    }
    if (entry != NULL && !is_newer(&entry->known, news)) {
        return COGO__MERGED_NOTHING;
    }
    if (entry == NULL && tombstone) { // Nobody misses it; and so it is forgotten at last.
        return COGO__MERGED_NOTHING;
    }
    entry = entry != NULL ? entry : add(view, news->name);
    if (entry == NULL) {
        view->forgotten++;
        return COGO__MERGED_FULL;
    }
    *before = entry->known;
    cogo__view_set(view, entry, news, now_ns);
    *out_entry = entry;
    return COGO__MERGED_NEWS;
}

void cogo__view_age(cogo__view *view, uint64_t now_ns)
{
    for (uint32_t i = view->count; i-- > 1;) {
        cogo__entry *e = &view->entries[i];
        if (e->hash != 0 && !cogo__view_tells(e, now_ns)) {
            sum_up(view, e, now_ns);
        }
        bool lasting = e->listed || e->linked || e->known.state == COGO_MEMBER_ALIVE;
        if (!lasting && now_ns - e->since_ns >= FORGET_NS) {
            drop(view, i);
        }
    }
}

void cogo__view_count(const cogo__view *view, uint32_t *out_voters, uint32_t *out_here)
{
    *out_voters = *out_here = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const cogo__entry *e = &view->entries[i];
        bool votes = view->listed != 0 ? e->listed : !cogo__member_is_final(e->known.state);
        *out_voters += votes;
        *out_here += votes && (e->self || e->linked);
    }
}

cogo_err cogo__view_judge(const cogo__view *view, const char *name, uint64_t incarnation,
                          uint64_t *out_beyond)
{
    const cogo__entry *e = cogo__view_find(view, name);
    if (e == NULL || e->known.incarnation < incarnation
        || (e->known.incarnation == incarnation && !cogo__member_is_final(e->known.state))) {
        return COGO_OK;
    }
    *out_beyond = e->known.incarnation;
    return e->known.incarnation > incarnation && e->known.state == COGO_MEMBER_ALIVE
               ? COGO_EEXIST
               : COGO_EGONE;
}
