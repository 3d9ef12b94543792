/* What the store's tests share: a fresh folder or schema, tasks with few words, one write in
 * one line. A test of both engines is written once, with Both(). */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "actors/store/journal.h"
#include "tests/unit/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum fixture_engine { ON_SQLITE, ON_POSTGRES } fixture_engine;
static fixture_engine fixture_on; /* Of the running test. */

/* The same test on each engine; "suite_postgres/name" is the second one's name. */
#define Both(suite, name)                  \
    static void suite##_##name##_on(void); \
    Test(suite, name)                      \
    {                                      \
        fixture_on = ON_SQLITE;            \
        suite##_##name##_on();             \
    }                                      \
    Test(suite##_postgres, name)           \
    {                                      \
        fixture_on = ON_POSTGRES;          \
        suite##_##name##_on();             \
    }                                      \
    static void suite##_##name##_on(void)

typedef struct fixture {
    char folder[64];
    char path[160];
    journal *j;
    journal_reader *r;
    int64_t term;
    int64_t sequence;
    char error[JOURNAL_ERROR_SIZE];
    cogo_arena arena;
} fixture;

static inline bool fixture_open(fixture *f)
{
    if (journal_open(&(store_config){.path = f->path}, &f->j, &f->term, f->error) != COGO_OK) {
        fprintf(stderr, "open: %s\n", f->error);
        return false;
    }
    f->sequence = 0;
    if (journal_reader_open(f->path, &f->r, f->error) != COGO_OK) {
        fprintf(stderr, "reader: %s\n", f->error);
        return false;
    }
    return true;
}

static inline bool fixture_folder(fixture *f)
{
    *f = (fixture){.folder = "/tmp/cogo_store_XXXXXX"};
    cogo_arena_init(&f->arena, 0);
    if (mkdtemp(f->folder) == NULL) {
        return false;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/journal.db", f->folder);
    return true;
}

/* The oldest ancestor that runs this program: Criterion gives each test a child of a child. */
static inline long fixture_run(void)
{
    char own[256], path[64], other[256];
    ssize_t size = readlink("/proc/self/exe", own, sizeof own);
    long run = (long)getpid(), parent = (long)getppid();
    for (;;) {
        (void)snprintf(path, sizeof path, "/proc/%ld/exe", parent);
        if (size <= 0 || readlink(path, other, sizeof other) != size
            || memcmp(own, other, (size_t)size) != 0) {
            return run;
        }
        run = parent;
        (void)snprintf(path, sizeof path, "/proc/%ld/stat", run);
        FILE *stat = fopen(path, "re");
        if (stat == NULL || fscanf(stat, "%*d (%*[^)]) %*c %ld", &parent) != 1) {
            parent = 0;
        }
        if (stat != NULL) {
            (void)fclose(stat);
        }
    }
}

/* The server that all tests of this run share; it ends with the run. Its socket is in @p out.
 */
static inline bool fixture_server(char *out, size_t size)
{
    char command[160];
    long run = fixture_run();
    (void)snprintf(out, size, "/tmp/cogo_pg_%ld", run);
    (void)snprintf(command, sizeof command, "bash tests/postgres.sh up %s %ld", out, run);
    return system(command) == 0;
}

/* A schema of its own in that server. */
static inline bool fixture_schema(fixture *f)
{
    char server[64], command[256];
    if (!fixture_server(server, sizeof server)) {
        fprintf(stderr, "no PostgreSQL for the test\n");
        return false;
    }
    const char *name = f->folder + strlen("/tmp/");
    (void)snprintf(command, sizeof command,
                   "psql -q -h %s -U postgres -c 'CREATE SCHEMA \"%s\"'", server, name);
    (void)snprintf(f->path, sizeof f->path,
                   "postgres://postgres@/postgres?host=%s&options=-csearch_path%%3D%%22%s%%22",
                   server, name);
    return system(command) == 0;
}

static inline bool fixture_start(fixture *f)
{
    return fixture_folder(f) && (fixture_on == ON_SQLITE || fixture_schema(f))
           && fixture_open(f);
}

static inline void fixture_close(fixture *f)
{
    journal_reader_close(f->r);
    journal_close(f->j);
    f->r = NULL;
    f->j = NULL;
}

static inline int fixture_remove_one(const char *path, const struct stat *facts, int kind,
                                     struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void fixture_finish(fixture *f)
{
    fixture_close(f);
    cogo_arena_finish(&f->arena);
    (void)nftw(f->folder, fixture_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A task with its ids made from @p number. */
static inline task *make_task(fixture *f, int number, task_state state)
{
    task *t = cogo_arena_alloc(&f->arena, sizeof *t);
    t->task_id = cogo_arena_printf(&f->arena, "tsk_%026d", number);
    t->instruction_id = cogo_arena_printf(&f->arena, "ins_%026d", number);
    t->role = "echo";
    t->state = (int32_t)state;
    t->priority = PRIORITY_MEDIUM;
    t->max_attempts = 3;
    t->created_at = 1700000000000 + number;
    t->updated_at = t->created_at;
    return t;
}

static inline agent_result *make_result(fixture *f, const task *t, const char *result_id)
{
    agent_result *r = cogo_arena_alloc(&f->arena, sizeof *r);
    result_metadata *m = cogo_arena_alloc(&f->arena, sizeof *m);
    m->quality = 1;
    r->result_id = result_id;
    r->task_id = t->task_id;
    r->instruction_id = t->instruction_id;
    r->status = RESULT_SUCCESS;
    r->output = (cogo_value){.data = (const uint8_t *)"\xa2ok", .size_bytes = 3};
    r->metadata = m;
    return r;
}

static inline cogo_records one_event(fixture *f, const task *t, int64_t sequence)
{
    task_event *e = cogo_arena_alloc(&f->arena, sizeof *e);
    *e = (task_event){.task_id = t->task_id,
                      .sequence = sequence,
                      .type = "cogo.task.queued",
                      .time = t->updated_at};
    return (cogo_records){e, 1};
}

static inline journal_verdict put_many(fixture *f, const store_change *changes, size_t count)
{
    store_write write = {
        .sequence = ++f->sequence, .term = f->term, .changes = {changes, count}};
    return journal_apply(f->j, &write, f->error);
}

static inline journal_verdict put(fixture *f, store_change change)
{
    return put_many(f, &change, 1);
}

/* Applies one change and makes it durable. */
static inline bool keep(fixture *f, store_change change)
{
    if (put(f, change) != JOURNAL_APPLIED || journal_commit(f->j, f->error) != COGO_OK) {
        fprintf(stderr, "keep: %s\n", f->error);
        return false;
    }
    return true;
}

static inline store_found find_one(fixture *f, const char *id)
{
    const char *const ids[] = {id};
    store_found found;
    journal_find(f->r, &(store_lookup){.ids = {ids, 1}}, &f->arena, &found);
    return found;
}

static inline const task *first_task(const store_found *found)
{
    return found->tasks.count == 0 ? NULL : found->tasks.items;
}

#endif
