#include "actors/roles/test_runner/suite.h"

#include "actors/roles/test_runner/lines.h"
#include "actors/roles/test_runner/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const suite_env[] = {
    "CI=1",
    "TERM=dumb",
    "NO_COLOR=1",
    "PYTHONDONTWRITEBYTECODE=1",
    "PYTHONPATH=.:src",
    "CRITERION_VERBOSITY_LEVEL=1", // Else only failures are named.
    "CK_VERBOSITY=verbose",        // libcheck: the same.
    "CTEST_OUTPUT_ON_FAILURE=1",
    NULL,
};

void suite_init(suite *s, role_job *job, const workspace *ws, tool_box *box,
                const test_plan *plan)
{
    *s = (suite){
        .job = job, .ws = ws, .box = box, .plan = plan, .build_ok = true, .runs_asked = 1};
    case_list_init(&s->cases);
}

void suite_finish(suite *s)
{
    case_list_finish(&s->cases);
}

const char *suite_label(const suite *s, const plan_step *step)
{
    if (step->label != NULL) {
        return step->label;
    }
    const char *label = step->argv[0];
    for (size_t i = 1; label != NULL && step->argv[i] != NULL; i++) {
        label = cogo_arena_printf(&s->job->arena, "%s %s", label, step->argv[i]);
    }
    return label == NULL ? step->argv[0] : label;
}

static void progress(suite *s, double percent, const char *phase, const char *message)
{
    if (s->job->progress != NULL) {
        s->job->progress(s->job, percent, phase, message);
    }
}

static uint64_t time_left(const suite *s)
{
    uint64_t left = tool_time_left(s->job, SUITE_STEP_MS_MAX + SUITE_RESERVE_MS);
    return left > SUITE_RESERVE_MS ? left - SUITE_RESERVE_MS : 0;
}

static bool past_deadline(const suite *s)
{
    uint64_t reserve = (uint64_t)SUITE_RESERVE_MS * 1000000u;
    return s->job->deadline_ns != 0 && tool_now_ns() + reserve >= s->job->deadline_ns;
}

/* A limit that only made a call fail is told by the suite's own last words, if by anything. */
static const char *limit_in_words(const sandbox_result *run)
{
    static const struct {
        const char *words, *limit;
    } known[] = {
        {"Cannot fork", "pids"},
        {"fork: Resource temporarily unavailable", "pids"},
        {"fork: retry", "pids"},
        {"can't start new thread", "pids"},
        {"No space left on device", "fs"},
        {"ReserveShadowMemoryRange failed",
         "mem"}, // A sanitizer under a limit of address space.
        {"Cannot allocate memory", "mem"},
    };
    size_t size = run->out == NULL ? 0 : run->out_size;
    size_t from = size > SUITE_LOG_BYTES ? size - SUITE_LOG_BYTES : 0;
    line tail = {run->out + from, size - from};
    for (size_t i = 0; size > 0 && i < sizeof known / sizeof known[0]; i++) {
        if (line_find(tail, known[i].words) != NULL) {
            return known[i].limit;
        }
    }
    return NULL;
}

/* What ended a command that did not end by itself. */
static void note_end(suite *s, const tool_result *result)
{
    if (result->end == TOOL_CANCELLED) {
        s->cancelled = !past_deadline(s);
        s->limit_hit = s->cancelled ? s->limit_hit : "wall";
    } else if (result->end == TOOL_REFUSED || result->end == TOOL_MISSING) {
        s->refused = true;
    } else if (result->run.limit_hit != NULL) {
        s->limit_hit = result->run.limit_hit;
    } else if (result->end == TOOL_TIMEOUT) {
        s->limit_hit = "wall";
    } else if (result->run.out_cut) {
        s->limit_hit = "out";
    } else if (result->end == TOOL_DIED || result->run.exit_code != 0) {
        s->limit_hit = limit_in_words(&result->run);
    }
    s->level = result->run.level;
}

static bool run_step(suite *s, const plan_step *step, tool_result *result)
{
    uint64_t wall_ms = time_left(s);
    *result = (tool_result){.end = TOOL_CANCELLED, .version = ""};
    if (wall_ms == 0) {
        s->cancelled = !past_deadline(s);
        s->limit_hit = s->cancelled ? s->limit_hit : "wall";
        return false;
    }
    tool_spec spec = {
        .name = suite_label(s, step),
        .package = s->plan->package,
        .purpose = "the tests were not run",
        .argv = step->argv,
        .file_count = s->ws->count,
        .workdir = s->ws->tree,
        .start_in = s->plan->folder[0] == '\0' ? NULL : s->plan->folder,
        .env = suite_env,
        .merge_stderr = true,
        .net_loopback = true,
        .limits = {.cpu_ms = 2 * wall_ms,
                   .wall_ms = wall_ms,
                   .mem_bytes = SUITE_MEM_BYTES,
                   .pids = SUITE_PIDS,
                   .fs_bytes = SUITE_FS_BYTES,
                   .out_bytes = SUITE_OUT_BYTES},
    };
    (void)tool_run(s->box, &spec, result);
    note_end(s, result);
    return result->end == TOOL_EXITED || result->end == TOOL_DIED
           || result->end == TOOL_TIMEOUT;
}

static void build(suite *s)
{
    for (size_t i = 0; i < s->plan->build_count && s->build_ok; i++) {
        const plan_step *step = &s->plan->build[i];
        tool_result result;
        progress(s, 5 + 30 * (double)i / (double)s->plan->build_count, "build",
                 suite_label(s, step));
        s->built = true;
        s->build_step = step;
        bool ran = run_step(s, step, &result);
        s->build_ok = ran && result.end == TOOL_EXITED && result.run.exit_code == 0;
        s->build_log = ran ? suite__tail(s, &result.run) : NULL;
        if (ran && !s->build_ok) {
            suite__note_build_errors(s, &result.run);
        }
        if (s->build_ok && s->limit_hit != NULL && strcmp(s->limit_hit, "out") == 0) {
            s->limit_hit = NULL; // A loud build is still a build.
        }
        tool_result_finish(&result);
    }
}

/* One run; false: no more runs make sense. */
static bool run_once(suite *s, const plan_step *step, uint64_t *out_ms)
{
    char message[64];
    unsigned planned = s->runs_asked > SUITE_RUNS_MAX ? s->runs_asked : SUITE_RUNS_MAX;
    (void)snprintf(message, sizeof message, "run %u/%u", s->runs + 1, planned);
    progress(s, 40 + 55 * (double)s->runs / planned, "run", message);
    if (s->plan->report != NULL) {
        const char *path =
            cogo_arena_printf(&s->job->arena, "%s%s", s->plan->folder, s->plan->report);
        if (path != NULL) {
            suite_remove_report(s->ws->tree, path);
        }
    }
    tool_result result;
    case_list cases;
    case_list_init(&cases);
    bool ran = run_step(s, step, &result);
    bool more = false;
    if (ran || result.run.out_size > 0) {
        s->runs++;
        *out_ms = result.run.wall_ms;
        suite__parse_run(s, &result.run, &cases);
        if (!suite__failed_to_build(s, &result, &cases)) {
            suite__excuse_missing(s, &cases);
            suite__judge_end(s, &result, &cases);
            s->build_ok = s->build_ok || cases.count > 0;
            more = s->limit_hit == NULL && !s->cancelled && s->missing == NULL;
        }
        case_totals totals = case_count(&cases);
        if (s->log == NULL && (totals.failed > 0 || cases.count == 0)) {
            s->log = suite__tail(s, &result.run);
        }
        case_merge(&s->cases, &cases);
    }
    case_list_finish(&cases);
    tool_result_finish(&result);
    return more;
}

/* ctest and pytest can repeat only what failed; others repeat all. */
static plan_step repeat_step(const suite *s, uint64_t first_ms)
{
    plan_step step = s->plan->test;
    size_t count = 0;
    while (step.argv[count] != NULL) {
        count++;
    }
    bool ctest = strcmp(s->plan->framework, "cmake") == 0;
    if (first_ms > SUITE_RERUN_ALL_MS && ctest && count < PLAN_ARGV_MAX) {
        step.argv[count] = "--rerun-failed";
    }
    return step;
}

static void say_unrepeated(suite *s, uint64_t first_ms)
{
    tool_skip(
        s->box,
        "flaky tests: failures were not repeated, the first run took %llu ms and too little "
        "time is left (raise the timeout)",
        (unsigned long long)first_ms);
}

void suite_execute(suite *s)
{
    build(s);
    bool make = strcmp(s->plan->framework, "make") == 0;
    if (s->cancelled || s->refused || (!s->build_ok && (!make || s->limit_hit != NULL))) {
        return; // With make the tests may not need all of what did not build.
    }
    uint64_t first_ms = 0;
    bool more = run_once(s, &s->plan->test, &first_ms);
    while (more && s->runs < SUITE_RUNS_ASKED_MAX) {
        case_totals totals = case_count(&s->cases);
        bool doubt = totals.failed > 0 && s->runs < SUITE_RUNS_MAX;
        if (!doubt && s->runs >= s->runs_asked) {
            break;
        }
        if (time_left(s) < first_ms + first_ms / 2) {
            say_unrepeated(s, first_ms);
            break;
        }
        plan_step step = repeat_step(s, first_ms);
        uint64_t ms = 0;
        more = run_once(s, &step, &ms);
    }
}
