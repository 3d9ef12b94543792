#include "actors/cli/keep.h"

static bool take_time(const args *a, const char *name, int64_t least_ms, int64_t *out_ms)
{
    const char *text = args_value(a, name);
    if (!args_duration_ms(text, out_ms) || *out_ms < least_ms) {
        (void)cli_fail(CLI_USAGE, "--%s '%s' is no duration like 12h or 30d%s", name, text,
                       least_ms > 0 ? " above 0" : "");
        return false;
    }
    return true;
}

static bool take_count(const args *a, const char *name, int64_t *out)
{
    const char *text = args_value(a, name);
    if (!args_count(text, out)) {
        (void)cli_fail(CLI_USAGE, "--%s '%s' is not a number of tasks", name, text);
        return false;
    }
    return true;
}

cli_exit keep_take(const args *a, node_keep *out)
{
    return take_time(a, "keep-tasks-for", 0, &out->tasks_ms)
                   && take_time(a, "keep-deadletters-for", 0, &out->deadletters_ms)
                   && take_time(a, "keep-audit-for", 0, &out->audit_ms)
                   && take_time(a, "keep-events-for", 0, &out->events_ms)
                   && take_time(a, "keep-every", 1, &out->every_ms)
                   && take_count(a, "keep-tasks", &out->tasks)
               ? CLI_OK
               : CLI_USAGE;
}
