/* Writes what the rings hold as JSON in the trace event format. */
#include "runtime/actor/events.h"

#include <cogo/observe.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 8192, PIECE_MAX = 512, NAME_SIZE = 160, NS_PER_US = 1000 };

typedef struct event {
    uint64_t at_ns, trace;
    uint64_t actor; /**< Slot << 32 | generation. */
    uint32_t detail;
    uint16_t place;
    uint8_t kind;
    uint8_t flow; /**< Of its trace id: FLOW_*. */
    uint32_t ring;
} event;

enum { FLOW_NONE, FLOW_FIRST, FLOW_STEP, FLOW_LAST };

typedef struct events {
    event *items;
    size_t count;
    uint64_t begun_ns, ended_ns;
    uint64_t lost; /**< Overwritten by newer ones. */
} events;

typedef struct printer {
    cogo_system *system;
    cogo_write_fn write;
    void *ctx;
    bool failed, first;
    size_t used;
    char buffer[BUFFER_SIZE];
} printer;

static void flush(printer *p)
{
    if (!p->failed && p->used != 0) {
        p->failed = !p->write(p->ctx, p->buffer, p->used);
    }
    p->used = 0;
}

static void print(printer *p, const char *format, ...) COGO_PRINTF(2, 3);

static void print(printer *p, const char *format, ...)
{
    if (p->used > BUFFER_SIZE - PIECE_MAX) {
        flush(p);
    }
    va_list args;
    va_start(args, format);
    int length = vsnprintf(p->buffer + p->used, PIECE_MAX, format, args);
    va_end(args);
    if (length < 0 || length >= PIECE_MAX) {
        p->failed = true; // No piece is that long: names are cut before.
        return;
    }
    p->used += (size_t)length;
}

/* @p text as it may stand between quotes: other than printable ASCII becomes '?'. */
static void escape(const char *text, char out[NAME_SIZE])
{
    size_t used = 0;
    for (; *text != '\0' && used < NAME_SIZE - 2; text++) {
        if (*text == '"' || *text == '\\') {
            out[used++] = '\\';
            out[used++] = *text;
        } else {
            out[used++] = *text >= ' ' && *text <= '~' ? *text : '?';
        }
    }
    out[used] = '\0';
}

static void copy_ring(const struct cogo__event_rings *rings, uint32_t index, events *out)
{
    const cogo__event_ring *ring = &rings->rings[index];
    uint64_t head = cogo__u64_load_acquire(&ring->head);
    uint64_t from = ring->from;
    if (head - from > rings->capacity) {
        out->lost += head - from - rings->capacity;
        from = head - rings->capacity;
    }
    for (uint64_t i = from; i < head; i++) {
        const cogo__au64 *word = &ring->words[(i & (rings->capacity - 1)) * COGO__EVENT_WORDS];
        uint64_t facts = cogo__u64_load_acquire(&word[3]);
        event e = {
            .at_ns = cogo__u64_load_acquire(&word[0]),
            .trace = cogo__u64_load_acquire(&word[1]),
            .actor = cogo__u64_load_acquire(&word[2]),
            .detail = (uint32_t)(facts >> 32),
            .place = (uint16_t)(facts >> COGO__EVENT_KIND_BITS),
            .kind = (uint8_t)facts,
            .ring = index,
        };
        if (cogo__u64_load_relaxed(&ring->head) < i + rings->capacity) {
            out->items[out->count++] = e;
        } else {
            out->lost++;
        }
    }
}

/* Caller holds observe_lock. */
static cogo_err collect(cogo_system *system, events *out)
{
    const struct cogo__event_rings *rings = cogo__ptr_load_relaxed(&system->event_rings);
    if (rings == NULL) {
        return COGO_ESTATE;
    }
    uint32_t count = cogo__place_of_others(system) + 1;
    out->items = cogo__alloc(system->config.allocator,
                             (size_t)count * rings->capacity * sizeof *out->items);
    if (out->items == NULL) {
        return COGO_ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        copy_ring(rings, i, out);
    }
    out->begun_ns = rings->begun_ns;
    out->ended_ns = rings->ended_ns != 0 ? rings->ended_ns : cogo__world_now(system->world);
    return COGO_OK;
}

static int by_trace(const void *a, const void *b)
{
    const event *x = *(event *const *)a, *y = *(event *const *)b;
    if (x->trace != y->trace) {
        return x->trace < y->trace ? -1 : 1;
    }
    return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

/* Marks which events of one trace id the arrows join: those that send or handle a message. */
static cogo_err mark_flows(events *all)
{
    event **traced =
        cogo__alloc(cogo__allocator_of(all->items), (all->count + 1) * sizeof(event *));
    if (traced == NULL) {
        return COGO_ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        event *e = &all->items[i];
        if (e->trace != 0 && (e->kind == COGO__EVENT_SEND || e->kind == COGO__EVENT_BEGIN)) {
            traced[count++] = e;
        }
    }
    qsort(traced, count, sizeof(event *), by_trace);
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || traced[i - 1]->trace != traced[i]->trace;
        bool last = i + 1 == count || traced[i + 1]->trace != traced[i]->trace;
        traced[i]->flow = first && last ? FLOW_NONE
                          : first       ? FLOW_FIRST
                          : last        ? FLOW_LAST
                                        : FLOW_STEP;
    }
    cogo__free(traced);
    return COGO_OK;
}

/* The line that it stands on. Handlers of detached actors overlap: each actor has its own. */
static uint32_t line_of(const printer *p, const event *e)
{
    bool own = e->ring == cogo__place_of_others(p->system) && e->kind == COGO__EVENT_BEGIN;
    return e->ring + 1 + (own ? (uint32_t)(e->actor >> 32) : 0);
}

static uint64_t since(const events *all, uint64_t at_ns)
{
    return at_ns > all->begun_ns ? at_ns - all->begun_ns : 0;
}

/* Up to its "args". */
static void print_head(printer *p, const events *all, const event *e, const char *phase,
                       const char *name)
{
    uint64_t ns = since(all, e->at_ns);
    print(p,
          "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%" PRIu32 ",\"ts\":%" PRIu64 ".%03" PRIu64
          ",\"name\":\"%s\"",
          p->first ? "" : ",", phase, line_of(p, e), ns / NS_PER_US, ns % NS_PER_US, name);
    p->first = false;
}

static void behavior_of(const printer *p, const event *e, char out[NAME_SIZE])
{
    const cogo_behavior *behavior = NULL;
    if (e->place > 0 && e->place <= COGO__BEHAVIORS_MAX) {
        behavior = cogo__ptr_load_relaxed(&p->system->behaviors[e->place - 1]);
    }
    escape(behavior != NULL ? behavior->name : "", out);
}

static void type_of(const printer *p, uint32_t number, char out[NAME_SIZE])
{
    char name[NAME_SIZE];
    cogo__type_name(&p->system->types, number, name, sizeof name);
    escape(name, out);
}

static void print_actor(printer *p, const event *e, const char *more)
{
    char behavior[NAME_SIZE];
    behavior_of(p, e, behavior);
    print(p, ",\"args\":{\"actor\":\"%" PRIu64 ".%" PRIu32 "\",\"behavior\":\"%s\"%s",
          e->actor >> 32, (uint32_t)e->actor, behavior, more);
    if (e->trace != 0) {
        print(p, ",\"trace\":\"%016" PRIx64 "\"", e->trace);
    }
    print(p, "}}");
}

static void print_flow(printer *p, const events *all, const event *e)
{
    static const char *const phase[] = {
        [FLOW_FIRST] = "s", [FLOW_STEP] = "t", [FLOW_LAST] = "f"};
    if (e->flow != FLOW_NONE) {
        print_head(p, all, e, phase[e->flow], "trace");
        print(p, ",\"cat\":\"trace\",\"id\":\"%016" PRIx64 "\",\"bp\":\"e\"}", e->trace);
    }
}

/* From @p e to @p end_ns, on the line of its lane. */
static void print_slice(printer *p, const events *all, const event *e, uint64_t end_ns)
{
    uint64_t ns = end_ns > e->at_ns ? end_ns - e->at_ns : 0;
    char behavior[NAME_SIZE], type[NAME_SIZE], name[2 * NAME_SIZE];
    behavior_of(p, e, behavior);
    type_of(p, e->detail, type);
    (void)snprintf(name, sizeof name, "%s: %s", behavior, type);
    print_head(p, all, e, "X", name);
    print(p, ",\"cat\":\"message\",\"dur\":%" PRIu64 ".%03" PRIu64, ns / NS_PER_US,
          ns % NS_PER_US);
    print_actor(p, e, "");
    print_flow(p, all, e);
}

static void print_parked(printer *p, const events *all, const event *e, uint64_t end_ns)
{
    uint64_t ns = end_ns > e->at_ns ? end_ns - e->at_ns : 0;
    print_head(p, all, e, "X", "parked");
    print(p, ",\"cat\":\"lane\",\"dur\":%" PRIu64 ".%03" PRIu64 "}", ns / NS_PER_US,
          ns % NS_PER_US);
}

static void print_instant(printer *p, const events *all, const event *e)
{
    static const char *const name[COGO__EVENT_KINDS] = {
        [COGO__EVENT_SEND] = "send",   [COGO__EVENT_SPAWN] = "spawn",
        [COGO__EVENT_EXIT] = "exit",   [COGO__EVENT_RESTART] = "restart",
        [COGO__EVENT_TIMER] = "timer", [COGO__EVENT_DEAD] = "dead letter",
        [COGO__EVENT_STEAL] = "steal", [COGO__EVENT_WAKE] = "wake",
        [COGO__EVENT_STUCK] = "stuck",
    };
    static const char *const kind[] = {"normal", "shutdown", "killed",
                                       "error",  "noproc",   "noconnection"};
    char type[NAME_SIZE], more[NAME_SIZE + 32] = "";
    if (e->kind >= COGO__EVENT_KINDS || name[e->kind] == NULL) {
        return;
    }
    if (e->kind == COGO__EVENT_SEND || e->kind == COGO__EVENT_STUCK) {
        type_of(p, e->detail, type);
        (void)snprintf(more, sizeof more, ",\"type\":\"%s\"", type);
    } else if (e->kind == COGO__EVENT_EXIT && e->detail < sizeof kind / sizeof *kind) {
        (void)snprintf(more, sizeof more, ",\"reason\":\"%s\"", kind[e->detail]);
    } else if (e->kind == COGO__EVENT_DEAD) {
        (void)snprintf(more, sizeof more, ",\"reason\":\"%s\"",
                       cogo_dead_reason_name((cogo_dead_reason)e->detail));
    } else if (e->kind == COGO__EVENT_STEAL || e->kind == COGO__EVENT_WAKE) {
        (void)snprintf(more, sizeof more, ",\"lane\":%" PRIu32, e->detail);
    }
    print_head(p, all, e, "i", name[e->kind]);
    print(p, ",\"s\":\"t\",\"cat\":\"event\"");
    print_actor(p, e, more);
    if (e->kind == COGO__EVENT_SEND) {
        print_flow(p, all, e);
    }
}

/* Events of one ring come in the order of its writer: what began ends before the next begins.
 * On the ring that threads share, beginnings and ends of several are mixed: there the end is
 * looked for by the actor. */
static uint64_t end_of(const events *all, size_t begin, cogo__event_kind end)
{
    const event *b = &all->items[begin];
    for (size_t i = begin + 1; i < all->count && all->items[i].ring == b->ring; i++) {
        const event *e = &all->items[i];
        if (e->kind == (uint8_t)end && e->actor == b->actor) {
            return e->at_ns;
        }
        if (e->kind == b->kind && e->actor == b->actor) {
            return e->at_ns; // Its end was not kept.
        }
    }
    return all->ended_ns;
}

static void print_all(printer *p, const events *all)
{
    uint32_t lanes = cogo__place_of_others(p->system);
    print(p,
          "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"cogo\":\"%s\",\"lost\":%" PRIu64
          "},\"traceEvents\":[",
          cogo_version(), all->lost);
    for (uint32_t i = 0; i <= lanes; i++) {
        char name[32] = "other threads";
        if (i < lanes) {
            bool spare = i >= p->system->config.lane_count;
            (void)snprintf(name, sizeof name, spare ? "spare lane %" PRIu32 : "lane %" PRIu32,
                           i);
        }
        print(p,
              "%s\n{\"ph\":\"M\",\"pid\":1,\"tid\":%" PRIu32
              ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}",
              p->first ? "" : ",", i + 1, name);
        p->first = false;
    }
    for (size_t i = 0; i < all->count && !p->failed; i++) {
        const event *e = &all->items[i];
        if (e->kind == COGO__EVENT_BEGIN) {
            print_slice(p, all, e, end_of(all, i, COGO__EVENT_END));
        } else if (e->kind == COGO__EVENT_PARK) {
            print_parked(p, all, e, end_of(all, i, COGO__EVENT_UNPARK));
        } else {
            print_instant(p, all, e);
        }
    }
    print(p, "\n]}\n");
    flush(p);
}

cogo_err cogo_system_trace_write(cogo_system *system, cogo_write_fn write, void *ctx)
{
    if (write == NULL) {
        return COGO_EINVAL;
    }
    events all = {0};
    cogo__lock_take(&system->observe_lock);
    cogo_err err = collect(system, &all);
    cogo__lock_give(&system->observe_lock);
    err = err == COGO_OK ? mark_flows(&all) : err;
    printer *p =
        err == COGO_OK ? cogo__alloc_zeroed(system->config.allocator, 1, sizeof *p) : NULL;
    if (p != NULL) {
        p->system = system;
        p->write = write;
        p->ctx = ctx;
        p->first = true;
        print_all(p, &all);
        err = p->failed ? COGO_EIO : COGO_OK;
    } else if (err == COGO_OK) {
        err = COGO_ENOMEM;
    }
    cogo__free(p);
    cogo__free(all.items);
    return err;
}
