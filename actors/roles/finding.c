#include "actors/roles/finding.h"

#include "actors/roles/secret.h"
#include "actors/roles/utf8.h"
#include "actors/roles/weakness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 400u
#define NEAR_LINES  2u /* Tools disagree by that much about where a leak is. */

static int by_place(const void *a, const void *b);
static int worst_first(const void *a, const void *b);
static void absorb(finding *into, const finding *from);
static bool same_defect(const finding *a, const finding *b);
static void fingerprint_all(finding_list *list, const workspace *ws);

void finding_list_init(finding_list *list)
{
    *list = (finding_list){0};
    pthread_mutex_init(&list->lock, NULL);
    cogo_arena_init(&list->arena, 0);
}

void finding_list_finish(finding_list *list)
{
    free(list->items);
    cogo_arena_finish(&list->arena);
    pthread_mutex_destroy(&list->lock);
    *list = (finding_list){0};
}

/* Compilers write quotation marks that few terminals and fewer searches know. */
static void straighten(char *text)
{
    char *out = text;
    for (const char *at = text; *at != '\0';) {
        bool single = strncmp(at, "‘", 3) == 0 || strncmp(at, "’", 3) == 0;
        bool twice = strncmp(at, "“", 3) == 0 || strncmp(at, "”", 3) == 0;
        *out++ = single ? '\'' : twice ? '"' : *at;
        at += single || twice ? 3 : 1;
    }
    *out = '\0';
}

static char *message_of(finding_list *list, const finding_draft *draft)
{
    char text[MESSAGE_MAX];
    (void)snprintf(text, sizeof text, "%s", draft->message);
    straighten(text);
    secret_mask_text(text);
    const char *class = weakness_class(draft->cwe);
    if (class != NULL && strcmp(class, "secret") == 0 && strcmp(draft->tool, "secrets") != 0) {
        secret_mask_quoted(text); /* Another tool's words may quote the secret. */
    }
    utf8_clean(text);
    return cogo_arena_strdup(&list->arena, text);
}

void finding_add(finding_list *list, const finding_draft *draft)
{
    pthread_mutex_lock(&list->lock);
    if (list->count == list->capacity && list->count < FINDING_KEPT_MAX) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        finding *items = realloc(list->items, capacity * sizeof *items);
        if (items != NULL) {
            list->items = items;
            list->capacity = capacity;
        }
    }
    char *rule = cogo_arena_strdup(&list->arena, draft->rule_id);
    char *file = cogo_arena_strdup(&list->arena, draft->file);
    char *message = message_of(list, draft);
    if (list->count >= FINDING_KEPT_MAX || list->count >= list->capacity || rule == NULL
        || file == NULL || message == NULL) {
        list->dropped++;
    } else {
        list->items[list->count++] = (finding){
            .rule_id = rule,
            .file = file,
            .message = message,
            .tools = {draft->tool},
            .tool_count = 1,
            .cwe = draft->cwe,
            .line = draft->line,
            .column = draft->column,
            .cause_line = draft->cause_line,
            .trust = draft->trust,
            .severity = draft->severity,
            .dimension = draft->dimension,
            .confirms_only = draft->confirms_only,
        };
    }
    pthread_mutex_unlock(&list->lock);
}

/* Groups by file and line, then looks a few lines back. */
void finding_list_merge(finding_list *list, const workspace *ws)
{
    size_t kept = 0;
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof list->items[0], by_place);
    }
    for (size_t i = 0; i < list->count; i++) {
        finding *f = &list->items[i];
        finding *same = NULL;
        for (size_t k = kept; k-- > 0 && same == NULL;) {
            if (strcmp(list->items[k].file, f->file) != 0) {
                break;
            }
            same = same_defect(&list->items[k], f) ? &list->items[k] : NULL;
        }
        if (same != NULL) {
            absorb(same, f);
        } else {
            list->items[kept++] = *f;
        }
    }
    size_t listed = 0;
    for (size_t i = 0; i < kept; i++) {
        const finding *f = &list->items[i];
        const workspace_file *file = ws != NULL ? workspace_find(ws, f->file) : NULL;
        bool known = ws == NULL || f->line == 0 || file != NULL;
        if (file != NULL && file->generated) {
            continue; /* A header that a program wrote, seen by a file that people wrote. */
        } else if (f->confirms_only || !known) {
            list->unconfirmed++;
        } else {
            list->items[listed++] = *f;
        }
    }
    list->count = listed;
    fingerprint_all(list, ws);
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof list->items[0], worst_first);
    }
}

static int by_place(const void *a, const void *b)
{
    const finding *x = a, *y = b;
    int files = strcmp(x->file, y->file);
    if (files != 0) {
        return files;
    }
    /* What may only confirm comes after what it may confirm, whatever their lines. */
    if (x->confirms_only != y->confirms_only) {
        return x->confirms_only ? 1 : -1;
    }
    /* And what knows two lines comes before what may have been said about either. */
    if ((x->cause_line != 0) != (y->cause_line != 0)) {
        return x->cause_line != 0 ? -1 : 1;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    if (x->trust != y->trust) {
        return x->trust > y->trust ? -1 : 1;
    }
    return strcmp(x->rule_id, y->rule_id);
}

static int worst_first(const void *a, const void *b)
{
    const finding *x = a, *y = b;
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (x->tool_count != y->tool_count) {
        return x->tool_count > y->tool_count ? -1 : 1;
    }
    int files = strcmp(x->file, y->file);
    return files != 0 ? files : x->line < y->line ? -1 : x->line > y->line;
}

static const char *class_of(const finding *f)
{
    const char *class = weakness_class(f->cwe);
    return class != NULL ? class : f->rule_id;
}

static bool same_defect(const finding *a, const finding *b)
{
    if (strcmp(class_of(a), class_of(b)) != 0) {
        return false;
    }
    if (a->line == b->line) {
        return true;
    }
    bool prepared = (a->cause_line != 0 && a->cause_line == b->line)
                    || (b->cause_line != 0 && b->cause_line == a->line);
    unsigned apart = a->line > b->line ? a->line - b->line : b->line - a->line;
    bool other_tool = strcmp(a->tools[0], b->tools[0]) != 0;
    return prepared || (other_tool && apart <= NEAR_LINES && strcmp(class_of(a), "leak") == 0);
}

static void add_tool(finding *f, const char *tool)
{
    for (size_t i = 0; i < f->tool_count; i++) {
        if (strcmp(f->tools[i], tool) == 0) {
            return;
        }
    }
    if (f->tool_count < FINDING_TOOLS_MAX) {
        f->tools[f->tool_count++] = tool;
    }
}

/* The words come from the more trusted one; the severity too, unless it is only a guess. */
static void absorb(finding *into, const finding *from)
{
    if (from->trust > into->trust && !from->confirms_only) {
        finding merged = *from;
        for (size_t i = 0; i < into->tool_count; i++) {
            add_tool(&merged, into->tools[i]);
        }
        merged.cause_line = from->cause_line != 0 ? from->cause_line : into->cause_line;
        *into = merged;
        return;
    }
    for (size_t i = 0; i < from->tool_count; i++) {
        add_tool(into, from->tools[i]);
    }
    if (into->cwe == 0) {
        into->cwe = from->cwe;
    }
}

static uint64_t hash_text(uint64_t hash, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u; /* FNV-1a. */
    }
    return hash;
}

/* The line without any blanks: a re-indented defect is the same defect. */
static uint64_t hash_line(uint64_t hash, const char *text, size_t size, unsigned line)
{
    const char *at = text, *end = text + size;
    for (unsigned n = 1; n < line && at < end; n++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    for (; at < end && *at != '\n'; at++) {
        if (*at != ' ' && *at != '\t' && *at != '\r') {
            hash = hash_text(hash, at, 1);
        }
    }
    return hash;
}

/* Hash of class, file and the line's text, never its number; equal lines are told apart by
 * their order. The list is in the order of files here. */
static void fingerprint_all(finding_list *list, const workspace *ws)
{
    char *text = NULL;
    size_t size = 0;
    for (size_t i = 0; i < list->count; i++) {
        finding *f = &list->items[i];
        if (i == 0 || strcmp(f->file, list->items[i - 1].file) != 0) {
            const workspace_file *file = ws != NULL ? workspace_find(ws, f->file) : NULL;
            free(text);
            size = 0;
            text = file != NULL ? workspace_read(ws, file, &size) : NULL;
        }
        uint64_t hash = hash_text(14695981039346656037u, class_of(f), strlen(class_of(f)) + 1);
        hash = hash_text(hash, f->file, strlen(f->file) + 1);
        if (text != NULL && f->line > 0) {
            hash = hash_line(hash, text, size, f->line);
        }
        (void)snprintf(f->fingerprint, sizeof f->fingerprint, "%016" PRIx64, hash);
        for (size_t k = i; k-- > 0 && strcmp(list->items[k].file, f->file) == 0;) {
            if (strcmp(list->items[k].fingerprint, f->fingerprint) == 0) {
                hash = hash_text(hash, "+", 1);
                (void)snprintf(f->fingerprint, sizeof f->fingerprint, "%016" PRIx64, hash);
                k = i;
            }
        }
    }
    free(text);
}
