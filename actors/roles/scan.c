#include "actors/roles/scan.h"

#include <stdlib.h>
#include <string.h>

/* The files still to do, shared by the threads of one pass. */
typedef struct pass {
    scan *s;
    const scan_adapter *adapter;
    pthread_mutex_t lock;
    size_t next, total, done, per_run;
    uint64_t spent_ms; /* Of running; waiting for a free slot costs nothing. */
    size_t unread;     /* Files that were run alone and still got no readable answer. */
    size_t retried;    /* Files of unreadable chunks that were run alone. */
    size_t given;      /* Files that the tool was started for, each once. */
    bool malformed, died, timed_out;
} pass;

static void pass_thread(void *ctx);
static void pass_report(pass *p);

static bool wants(const scan_adapter *adapter, const workspace_file *file)
{
    return adapter->wanted(file) && (adapter->generated_too || !file->generated);
}

void scan_run(scan *s, const scan_adapter *adapter)
{
    pass p = {.s = s, .adapter = adapter};
    for (size_t i = 0; i < s->ws->count; i++) {
        p.total += wants(adapter, &s->ws->files[i]);
    }
    if (p.total == 0) {
        return;
    }
    size_t half = (p.total + 1) / 2;
    size_t limit =
        adapter->files_per_run < SCAN_FILES_MAX ? adapter->files_per_run : SCAN_FILES_MAX;
    p.per_run = half > 4 && half < limit ? half : limit;
    pthread_mutex_init(&p.lock, NULL);
    tool_task task = {pass_thread, &p};
    tool_task tasks[TOOL_PARALLEL_MAX] = {task, task};
    tool_parallel(tasks, p.total > p.per_run ? TOOL_PARALLEL_MAX : 1);
    pthread_mutex_destroy(&p.lock);
    pass_report(&p);
}

typedef struct chunk {
    const char *argv[SCAN_PREFIX_MAX + SCAN_FILES_MAX + 1];
    size_t prefix, files;
    bool again; /* Its files were in a run before. */
    cogo_arena arena;
} chunk;

/* Takes the next files; false when there are none. */
static bool chunk_take(pass *p, chunk *c)
{
    const workspace *ws = p->s->ws;
    size_t bytes = 0;
    c->prefix = c->files = 0;
    for (const char *const *at = p->adapter->prefix; *at != NULL && c->prefix < SCAN_PREFIX_MAX;
         at++) {
        c->argv[c->prefix++] = *at;
    }
    pthread_mutex_lock(&p->lock);
    while (p->next < ws->count && c->files < p->per_run && bytes < TOOL_CHUNK_BYTES) {
        const workspace_file *file = &ws->files[p->next++];
        if (!wants(p->adapter, file)) {
            continue;
        }
        char *path = cogo_arena_printf(&c->arena, "%s/%s", ws->tree, file->path);
        if (path != NULL) {
            bytes += strlen(path);
            c->argv[c->prefix + c->files++] = path;
        }
    }
    pthread_mutex_unlock(&p->lock);
    c->argv[c->prefix + c->files] = NULL;
    return c->files > 0;
}

static uint64_t time_for_run(pass *p)
{
    pthread_mutex_lock(&p->lock);
    uint64_t budget = p->adapter->budget_ms;
    uint64_t left = p->spent_ms < budget ? budget - p->spent_ms : 0;
    pthread_mutex_unlock(&p->lock);
    return tool_time_left(p->s->box->job,
                          left < p->adapter->run_ms ? left : p->adapter->run_ms);
}

static void run_alone(pass *p, const chunk *c);

/* False: the pass ends (the tool is missing, the job is over). */
static bool run_chunk(pass *p, const chunk *c, uint64_t wall_ms)
{
    const scan_adapter *a = p->adapter;
    const char *readable[] = {p->s->ws->tree, NULL};
    tool_spec spec = {
        .name = a->name,
        .program = a->program,
        .package = a->package,
        .purpose = a->purpose,
        .argv = c->argv,
        .file_count = c->again ? 0 : c->files,
        .readable = readable,
        .stdin_text = a->stdin_text,
        .limits = {.wall_ms = wall_ms, .cpu_ms = wall_ms * 2, .mem_bytes = a->mem_bytes},
    };
    tool_result result;
    tool_end end = tool_run(p->s->box, &spec, &result);
    bool usable = end == TOOL_EXITED || end == TOOL_TIMEOUT || end == TOOL_DIED;
    bool parsed = usable && a->parse(p->s, a, &result);
    pthread_mutex_lock(&p->lock);
    bool unread = end == TOOL_DIED || (end == TOOL_EXITED && !parsed);
    bool alone = unread && c->files > 1 && p->retried + c->files <= SCAN_ALONE_MAX;
    p->retried += alone ? c->files : 0;
    p->given += spec.file_count;
    p->spent_ms += result.run.wall_ms;
    bool given_up = unread && c->files == 1;
    p->unread += given_up;
    p->done += (end == TOOL_EXITED && !alone) || given_up ? c->files : 0;
    p->timed_out = p->timed_out || end == TOOL_TIMEOUT;
    p->died = p->died || (end == TOOL_DIED && !alone && c->files > 1);
    p->malformed = p->malformed || (end == TOOL_EXITED && !parsed && !alone && c->files > 1);
    bool missing = end == TOOL_MISSING || end == TOOL_REFUSED;
    if (missing) {
        p->done = p->total; /* Said by tool_run() already. */
    }
    pthread_mutex_unlock(&p->lock);
    tool_result_finish(&result);
    if (alone) {
        run_alone(p, c);
    } else if (given_up) {
        const char *file = scan_relative(p->s, c->argv[c->prefix]);
        tool_skip(p->s->box, "%s: %s could not be judged: %s", a->name,
                  file != NULL ? file : "a file",
                  end == TOOL_DIED ? "the tool crashed or hit a limit on it"
                                   : "the tool's answer was unreadable");
        tool_unchecked(p->s->box, a->name, 1);
    }
    return !missing && end != TOOL_CANCELLED;
}

/* One file that a tool chokes on must not hide the others of its chunk. */
static void run_alone(pass *p, const chunk *c)
{
    chunk *one = calloc(1, sizeof *one);
    uint64_t wall_ms = 0;
    if (one == NULL) {
        return;
    }
    memcpy(one->argv, c->argv, c->prefix * sizeof one->argv[0]);
    one->prefix = c->prefix;
    one->files = 1;
    one->again = true;
    for (size_t i = 0; i < c->files && (wall_ms = time_for_run(p)) > 0; i++) {
        one->argv[c->prefix] = c->argv[c->prefix + i];
        one->argv[c->prefix + 1] = NULL;
        if (!run_chunk(p, one, wall_ms)) {
            break;
        }
    }
    free(one);
}

static void pass_thread(void *ctx)
{
    pass *p = ctx;
    chunk *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return;
    }
    uint64_t wall_ms = 0;
    while ((wall_ms = time_for_run(p)) > 0 && chunk_take(p, c)) {
        if (!run_chunk(p, c, wall_ms)) {
            break;
        }
        cogo_arena_finish(&c->arena);
    }
    cogo_arena_finish(&c->arena);
    free(c);
}

static void pass_report(pass *p)
{
    const char *name = p->adapter->name;
    if (p->malformed || p->unread == p->total) {
        tool_failed(p->s->box, name,
                    "its output could not be read; some findings may be missing");
    }
    if (p->done >= p->total) {
        return;
    }
    size_t left = p->total - p->done;
    if (p->done == 0 && tool_time_left(p->s->box->job, 1) == 0) {
        tool_useless(p->s->box, name);
    }
    tool_unchecked(p->s->box, name, p->given > p->done ? p->given - p->done : 0);
    if (role_cancelled(p->s->box->job)) {
        tool_skip(p->s->box, "%s: stopped, %zu of %zu files left out", name, left, p->total);
    } else if (p->died) {
        tool_skip(p->s->box, "%s: crashed or hit a limit, up to %zu of %zu files left out",
                  name, left, p->total);
    } else {
        tool_skip(p->s->box,
                  "%s: its tool time of %u s was used up, up to %zu of %zu files left out",
                  name, (unsigned)(p->adapter->budget_ms / 1000), left, p->total);
    }
}

const char *scan_relative(const scan *s, const char *path)
{
    size_t size = strlen(s->ws->tree);
    if (strncmp(path, s->ws->tree, size) != 0 || path[size] != '/') {
        return NULL;
    }
    path += size + 1;
    while (path[0] == '.' && path[1] == '/') {
        path += 2;
    }
    return path;
}

bool scan_lines(const char *text, bool (*each)(char *line, void *ctx), void *ctx)
{
    size_t capacity = 0;
    char *line = NULL;
    bool ok = true;
    while (ok && text != NULL && *text != '\0') {
        size_t size = strcspn(text, "\n");
        if (size + 1 > capacity) {
            capacity = size + 256;
            char *more = realloc(line, capacity);
            if (more == NULL) {
                ok = false;
                break;
            }
            line = more;
        }
        memcpy(line, text, size);
        line[size] = '\0';
        ok = each(line, ctx);
        text += size + (text[size] == '\n');
    }
    free(line);
    return ok;
}

size_t scan_fields(char *line, char **out, size_t capacity)
{
    size_t count = 0;
    for (char *at = line; count < capacity; count++) {
        out[count] = at;
        at = count + 1 < capacity ? strchr(at, '\t') : NULL;
        if (at == NULL) {
            return count + 1;
        }
        *at++ = '\0';
    }
    return count;
}

unsigned scan_number(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 && n < 100000000 ? (unsigned)n : 0;
}

uint64_t scan_code_lines(const workspace *ws)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < ws->count; i++) {
        const workspace_file *f = &ws->files[i];
        size_t size = 0;
        bool known = scan_is_c(f) || scan_is_python(f) || scan_is_shell(f)
                     || f->language == LANGUAGE_JAVASCRIPT;
        char *text = known && !f->generated ? workspace_read(ws, f, &size) : NULL;
        lines += text != NULL ? language_count(f->language, text, size).code : 0;
        free(text);
    }
    return lines;
}

bool scan_is_c(const workspace_file *file)
{
    return file->language == LANGUAGE_C || file->language == LANGUAGE_C_HEADER
           || file->language == LANGUAGE_CPP;
}

bool scan_is_c_unit(const workspace_file *file)
{
    if (file->language == LANGUAGE_CPP) {
        const char *dot = strrchr(file->path, '.');
        return dot != NULL && dot[1] != 'h' && dot[1] != 'i' && dot[1] != 't';
    }
    return file->language == LANGUAGE_C;
}

bool scan_is_python(const workspace_file *file)
{
    return file->language == LANGUAGE_PYTHON;
}

bool scan_is_python_product(const workspace_file *file)
{
    return scan_is_python(file) && !workspace_is_test(file->path);
}

bool scan_is_shell(const workspace_file *file)
{
    return file->language == LANGUAGE_SHELL;
}
