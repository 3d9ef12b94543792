/* What the run made, changed and removed in its folder. */
#include "actors/roles/sandbox_executor/execution.h"
#include "actors/roles/utf8.h"
#include "actors/sandbox/walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SEEN_MAX = 100000 };

#define SCRATCH_FOLDER ".cogo-tmp" /* For TMPDIR; gone after the run. */

static const char *type_name(char letter)
{
    return letter == 'f' ? "file" : letter == 'd' ? "folder" : letter == 'l' ? "link" : "other";
}

static char type_letter(mode_t mode)
{
    return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'o';
}

static void note_change(execution *x, const char *path, json_int_t size, const char *kind,
                        char type)
{
    if (json_array_size(x->changed) >= EXECUTION_CHANGED_MAX) {
        x->changed_left_out++;
        return;
    }
    (void)json_array_append_new(
        x->changed, json_pack("{s:o, s:I, s:s, s:s}", "path", utf8_json(path, strlen(path)),
                              "size", size, "kind", kind, "type", type_name(type)));
}

/* A path that is now of another type was created; what was there is gone with it. */
static void compare(execution *x, const sandbox__walk_entry *e, const char *now)
{
    const char *before = json_string_value(json_object_get(x->before, e->path));
    bool created = before == NULL || before[0] != now[0];
    if (created || strcmp(before, now) != 0) {
        json_int_t size = S_ISREG(e->st.st_mode) ? (json_int_t)e->st.st_size : 0;
        note_change(x, e->path, size, created ? "created" : "changed", now[0]);
    }
    (void)json_object_del(x->before, e->path);
}

static sandbox__walk_answer look(void *ctx, const sandbox__walk_entry *e)
{
    execution *x = ctx;
    char now[128];
    if (e->kind == WALK_UNREADABLE) {
        (void)json_object_del(x->before, e->path); /* It is there, whatever it holds. */
        return WALK_GO_ON;
    }
    if (strcmp(e->path, SCRATCH_FOLDER) == 0) { /* The sandbox's own. */
        return WALK_PASS_OVER;
    }
    char type = type_letter(e->st.st_mode);
    if (type == 'f' || type == 'l') {
        (void)snprintf(now, sizeof now, "%c %lld %lld.%09ld %llu", type,
                       (long long)e->st.st_size, (long long)e->st.st_mtim.tv_sec,
                       e->st.st_mtim.tv_nsec, (unsigned long long)e->st.st_ino);
    } else { /* A folder's own times say no more than what is in it. */
        (void)snprintf(now, sizeof now, "%c", type);
    }
    if (x->noting_before) {
        (void)json_object_set_new_nocheck(x->before, e->path, json_string(now));
    } else {
        compare(x, e, now);
    }
    return ++x->seen < SEEN_MAX ? WALK_GO_ON : WALK_STOP;
}

/* What was there before and was not seen again. */
static void note_removed(execution *x)
{
    const char *path;
    json_t *was;
    json_object_foreach(x->before, path, was)
    {
        note_change(x, path, 0, "removed", json_string_value(was)[0]);
    }
}

void execution_look(execution *x, bool before)
{
    x->noting_before = before;
    x->seen = 0;
    bool whole = sandbox__walk(x->workdir_fd, look, x);
    if (!before && whole) {
        note_removed(x);
    }
    if (x->changed_left_out > 0 || x->seen >= SEEN_MAX) {
        role_skip(x->job, "changed: only the first %d of the files are listed",
                  EXECUTION_CHANGED_MAX);
    }
}
