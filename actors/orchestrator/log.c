/* Lines of the log about tasks that don't go well. The others would be a line for each task. */
#include "actors/orchestrator/log.h"

#include "actors/orchestrator/spans.h"

#include <cogo/system.h>

enum { LINES_MAX = 50, ERROR_MAX = 200 /* Bytes. */ };

static bool is_worth_a_line(int32_t state)
{
    return state == TASK_RETRYING || state == TASK_FAILED || state == TASK_EXPIRED
           || state == TASK_DEADLETTERED;
}

/* At most so many a second; the first of the next one says how many there were. */
static bool has_room(orc *o)
{
    uint64_t second = cogo_now_ns(o->ctx) / (1000 * NS_PER_MS);
    if (second != o->log_second) {
        if (o->log_lines > LINES_MAX) {
            cogo_log(o->system, COGO_LOG_WARN, "%llu more tasks or attempts failed",
                     (unsigned long long)(o->log_lines - LINES_MAX));
        }
        o->log_second = second;
        o->log_lines = 0;
    }
    return ++o->log_lines <= LINES_MAX;
}

/* At most @p most bytes of anybody's text, without @p mark. */
static const char *without(char mark, const char *text, size_t most, char *out)
{
    size_t size = 0;
    for (; text[size] != '\0' && size < most; size++) {
        out[size] = text[size] == mark ? '_' : text[size];
    }
    out[size] = '\0';
    return out;
}

const char *orc_log_word(const char *text, char out[LOG_WORD_SIZE])
{
    return text == NULL ? "-" : without(' ', text, LOG_WORD_SIZE - 1, out);
}

void orc_log_task(orc *o, const orc_task *t)
{
    const task *r = t->record;
    char error[ERROR_MAX + 1], trace[40], worker[LOG_WORD_SIZE];
    if (!is_worth_a_line(r->state) || !has_room(o)) {
        return;
    }
    orc_spans_trace_id(o, t, trace);
    cogo_log(o->system, r->state == TASK_RETRYING ? COGO_LOG_INFO : COGO_LOG_WARN,
             "%s: %s | task=%s trace=%s state=%s role=%s attempt=%lld worker=%s",
             r->state == TASK_RETRYING ? "attempt failed" : "task failed",
             without('|', r->error == NULL ? "" : r->error, ERROR_MAX, error), r->task_id,
             trace, task_state_names[r->state], r->role, (long long)r->attempt,
             orc_log_word(r->worker_id, worker));
}
