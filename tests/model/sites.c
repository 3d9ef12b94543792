/* The operations in the source, by name; and the one that is weakened now. */
#include "tests/model/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_MAX = 1024 };

static site_record records[SITES_MAX];
static uint32_t record_count;

static const char *const order_names[] = {"relaxed", "acquire", "release", "acq_rel",
                                          "seq_cst"};
static const char *const kind_names[] = {"load", "store", "swap", "cas", "add", "or", "clear"};

const char *order_name(cogo__atomic_order order)
{
    return order_names[order];
}

bool order_parse(const char *name, cogo__atomic_order *out_order)
{
    for (unsigned i = 0; i < sizeof order_names / sizeof *order_names; i++) {
        if (strcmp(name, order_names[i]) == 0) {
            *out_order = (cogo__atomic_order)i;
            return true;
        }
    }
    return false;
}

/* A header is included under two names, and a source by a program that renames its functions.
 */
static const char *file_of(const cogo__atomic_site *s)
{
    return strncmp(s->file, "./", 2) == 0 ? s->file + 2 : s->file;
}

static int by_line(const void *a, const void *b)
{
    const cogo__atomic_site *x = *(cogo__atomic_site *const *)a,
                            *y = *(cogo__atomic_site *const *)b;
    int files = strcmp(file_of(x), file_of(y));
    if (files != 0 || x->line != y->line) {
        return files != 0 ? files : x->line - y->line;
    }
    int operands = strcmp(x->operand, y->operand);
    return operands != 0 ? operands : (int)x->kind - (int)y->kind;
}

static bool same(const cogo__atomic_site *a, const cogo__atomic_site *b)
{
    return by_line(&a, &b) == 0;
}

/* The name has no line number, so that it stays when lines move. */
static void give_name(site_record *record)
{
    const cogo__atomic_site *s = record->site;
    char name[sizeof record->name - 8];
    const char *file = strncmp(s->file, "./", 2) == 0 ? s->file + 2 : s->file;
    (void)snprintf(name, sizeof name, "%s %s() %s(%s)", file, s->function, kind_names[s->kind],
                   s->operand);
    unsigned twins = 1;
    for (const site_record *other = records; other < record; other++) {
        twins += strncmp(other->name, name, strlen(name)) == 0
                 && (other->name[strlen(name)] == '\0' || other->name[strlen(name)] == '#');
    }
    (void)snprintf(record->name, sizeof record->name, twins > 1 ? "%s#%u" : "%s", name, twins);
}

void sites_read(void)
{
    size_t count = (size_t)(__stop_cogo_sites - __start_cogo_sites);
    cogo__atomic_site **all = malloc(count * sizeof *all);
    memcpy(all, __start_cogo_sites, count * sizeof *all);
    qsort(all, count, sizeof *all, by_line);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same(all[i], all[i - 1])) {
            if (record_count == SITES_MAX) {
                abort();
            }
            site_record *record = &records[record_count++];
            record->site = all[i];
            record->order = all[i]->order;
            give_name(record);
        }
        all[i]->note = &records[record_count - 1];
    }
    free(all);
}

site_record *sites_find(const char *name)
{
    for (uint32_t i = 0; i < record_count; i++) {
        if (strcmp(records[i].name, name) == 0) {
            return &records[i];
        }
    }
    return NULL;
}

/* A weaker order of the same kind of operation: what a reader might try. */
static bool weaker(const cogo__atomic_site *s, cogo__atomic_order order)
{
    if (order >= s->order || (s->order == COGO__RELEASE && order == COGO__ACQUIRE)) {
        return false;
    }
    if (s->kind == COGO__LOAD) {
        return order == COGO__RELAXED || order == COGO__ACQUIRE;
    }
    return s->kind != COGO__STORE || order == COGO__RELAXED || order == COGO__RELEASE;
}

void sites_print(void)
{
    for (uint32_t i = 0; i < record_count; i++) {
        const cogo__atomic_site *s = records[i].site;
        bool ours = strncmp(s->file, "tests/", 6) == 0 && strstr(s->file, "litmus") == NULL;
        bool lock = strstr(s->file, "base/lock.h") != NULL; // Ships as a mutex.
        if (s->order == COGO__RELAXED || ours || lock) {
            continue;
        }
        printf("%s\t%s\t%llu\t", records[i].name, order_name(s->order),
               (unsigned long long)records[i].reached);
        for (int order = COGO__SEQ_CST; order >= COGO__RELAXED; order--) {
            if (weaker(s, (cogo__atomic_order)order)) {
                printf(" %s", order_name((cogo__atomic_order)order));
            }
        }
        printf("\n");
    }
}
