#include "actors/roles/test_runner/case.h"

#include "actors/roles/test_runner/lines.h"

#include <stdlib.h>
#include <string.h>

enum { CASES_FIRST = 64 };

void case_list_init(case_list *list)
{
    *list = (case_list){0};
    cogo_arena_init(&list->arena, CASE_BYTES_MAX);
}

void case_list_finish(case_list *list)
{
    free(list->items);
    cogo_arena_finish(&list->arena);
    *list = (case_list){0};
}

static bool grow(case_list *list)
{
    if (list->count >= CASES_MAX) {
        list->cut = true;
        return false;
    }
    if (list->count < list->capacity) {
        return true;
    }
    size_t capacity = list->capacity == 0 ? CASES_FIRST : list->capacity * 2;
    case_record *items = realloc(list->items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

case_record *case_add(case_list *list, const char *suite, size_t suite_size, const char *name,
                      size_t name_size, case_status status)
{
    if (!grow(list)) {
        return NULL;
    }
    const char *kept = case_text(list, name, name_size, CASE_NAME_MAX);
    if (kept == NULL) {
        kept = cogo_arena_printf(&list->arena, "test %zu", list->count + 1);
    }
    if (kept == NULL) {
        list->cut = true; // The arena's limit.
        return NULL;
    }
    case_record *record = &list->items[list->count++];
    *record = (case_record){
        .name = kept,
        .suite = suite == NULL ? NULL : case_text(list, suite, suite_size, CASE_NAME_MAX),
        .duration_ms = -1,
        .status = status,
    };
    return record;
}

/* Bytes of the UTF-8 sequence at @p text; 0: none is there. */
static size_t utf8_size(const char *text, size_t left)
{
    unsigned char first = (unsigned char)text[0];
    size_t size = first < 0x80   ? 1
                  : first < 0xC2 ? 0
                  : first < 0xE0 ? 2
                  : first < 0xF0 ? 3
                  : first < 0xF5 ? 4
                                 : 0;
    if (size == 0 || size > left) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    unsigned char second = size > 1 ? (unsigned char)text[1] : 0;
    bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
               || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return bad ? 0 : size;
}

/* The size of a terminal colour sequence at @p text; 0: none. */
static size_t escape_size(const char *text, size_t left)
{
    if (left < 2 || text[0] != '\033' || text[1] != '[') {
        return 0;
    }
    size_t i = 2;
    while (i < left && ((text[i] >= '0' && text[i] <= '9') || text[i] == ';')) {
        i++;
    }
    return i < left ? i + 1 : left;
}

const char *case_text(case_list *list, const char *text, size_t size, size_t max)
{
    line_trim(&text, &size);
    char *out =
        size == 0 ? NULL : cogo_arena_alloc(&list->arena, (size < max ? size : max) + 1);
    if (out == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < size && used < max;) {
        size_t escape = escape_size(text + i, size - i);
        if (escape > 0) {
            i += escape;
            continue;
        }
        size_t step = utf8_size(text + i, size - i);
        if (step > 1) {
            if (used + step > max) {
                break;
            }
            memcpy(out + used, text + i, step);
            used += step;
        } else {
            unsigned char c = (unsigned char)text[i];
            out[used++] = step == 0               ? '?'
                          : c == '\n'             ? '\n'
                          : c < 0x20 || c == 0x7F ? ' '
                                                  : text[i];
        }
        i += step == 0 ? 1 : step;
    }
    while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '\n')) {
        used--;
    }
    out[used] = '\0';
    return used == 0 ? NULL : out;
}

/* Finds cases by suite, name and, with @p by_nth, by their number. */
typedef struct name_index {
    const case_list *list;
    uint32_t *slots; /* Index + 1 of a case; 0: free. Twice as many as there may be cases. */
    size_t slot_count;
    bool by_nth;
} name_index;

static bool index_init(name_index *index, const case_list *list, size_t most, bool by_nth)
{
    *index = (name_index){.list = list, .slot_count = most * 2 + 1, .by_nth = by_nth};
    index->slots = calloc(index->slot_count, sizeof *index->slots);
    return index->slots != NULL;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u; // FNV-1a
    }
    return hash * 31;
}

static bool same_name(const case_record *a, const case_record *b)
{
    return strcmp(a->name, b->name) == 0
           && strcmp(a->suite == NULL ? "" : a->suite, b->suite == NULL ? "" : b->suite) == 0;
}

/* The slot of the case like @p like, or the free one where it belongs. */
static uint32_t *index_slot(const name_index *index, const case_record *like)
{
    uint64_t hash = mix(mix(14695981039346656037u, like->suite), like->name);
    hash += index->by_nth ? like->nth * 2654435761u : 0;
    size_t at = (size_t)(hash % index->slot_count);
    while (index->slots[at] != 0) {
        const case_record *other = &index->list->items[index->slots[at] - 1];
        if (same_name(other, like) && (!index->by_nth || other->nth == like->nth)) {
            break;
        }
        at = (at + 1) % index->slot_count;
    }
    return &index->slots[at];
}

void case_number_repeats(case_list *list, size_t from)
{
    name_index index;
    if (!index_init(&index, list, list->count - from, false)) {
        return; // Equal names stay equal; their runs get mixed.
    }
    for (size_t i = from; i < list->count; i++) {
        uint32_t *slot = index_slot(&index, &list->items[i]);
        list->items[i].nth = *slot == 0 ? 0 : list->items[*slot - 1].nth + 1;
        *slot = (uint32_t)i + 1;
    }
    free(index.slots);
}

static void add_outcome(case_record *record, case_status status)
{
    record->good += status == CASE_PASSED;
    record->bad += status == CASE_FAILED || status == CASE_ERROR;
    if (record->good > 0 && record->bad > 0) {
        record->status = CASE_FLAKY;
    }
}

static void take_text(case_list *into, case_record *to, const case_record *from)
{
    if (to->message == NULL && from->message != NULL) {
        to->message = cogo_arena_strdup(&into->arena, from->message);
    }
    if (to->file == NULL && from->file != NULL) {
        to->file = cogo_arena_strdup(&into->arena, from->file);
        to->line = from->line;
    }
    if (to->duration_ms < 0) {
        to->duration_ms = from->duration_ms;
    }
}

void case_merge(case_list *into, const case_list *run)
{
    name_index index;
    if (!index_init(&index, into, into->count + run->count, true)) {
        into->cut = true;
        return;
    }
    for (size_t i = 0; i < into->count; i++) {
        *index_slot(&index, &into->items[i]) = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < run->count; i++) {
        const case_record *from = &run->items[i];
        uint32_t *slot = index_slot(&index, from);
        if (*slot == 0) {
            case_record *added =
                case_add(into, from->suite, from->suite == NULL ? 0 : strlen(from->suite),
                         from->name, strlen(from->name), from->status);
            if (added == NULL) {
                break;
            }
            added->nth = from->nth;
            *slot = (uint32_t)into->count;
        }
        case_record *to = &into->items[*slot - 1];
        add_outcome(to, from->status);
        take_text(into, to, from);
    }
    into->cut = into->cut || run->cut;
    free(index.slots);
}

case_totals case_count(const case_list *list)
{
    case_totals totals = {0};
    for (size_t i = 0; i < list->count; i++) {
        case_status status = list->items[i].status;
        totals.passed += status == CASE_PASSED;
        totals.failed += status == CASE_FAILED || status == CASE_ERROR;
        totals.skipped += status == CASE_SKIPPED;
        totals.flaky += status == CASE_FLAKY;
    }
    return totals;
}

const char *case_status_name(case_status status)
{
    static const char *const names[] = {"passed", "failed", "skipped", "error", "flaky"};
    return names[status];
}
