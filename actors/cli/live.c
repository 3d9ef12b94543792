#include "actors/cli/live.h"

#include "actors/cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 200, WIDTH_DEFAULT = 80 };

static const char turning[] = "|/-\\";

void live_start(live *l)
{
    const char *terminal = getenv("TERM");
    *l = (live){.on =
                    isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0};
    if (l->on) {
        fputs("\033[?25l", stderr); /* Hide the cursor. */
    }
}

static void wipe(live *l)
{
    for (; l->lines > 0; l->lines--) {
        fputs("\033[1A\033[2K", stderr);
    }
}

static size_t terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col
                                                                            : WIDTH_DEFAULT;
}

static void draw_task(const live *l, const json_t *task, int64_t elapsed_ms)
{
    char role[64], state[24], phase[80], message[120], percent[16], line[LINE_MAX_BYTES * 2];
    const json_t *progress = json_object_get(task, "progress");
    output_value(task, "role", role, sizeof role);
    output_value(task, "state", state, sizeof state);
    output_value(progress, "phase", phase, sizeof phase);
    output_value(progress, "message", message, sizeof message);
    bool running = strcmp(state, "running") == 0 || strcmp(state, "scheduled") == 0;
    bool good = strcmp(state, "succeeded") == 0 || strcmp(state, "partial") == 0;
    const char *mark = good      ? "ok"
                       : running ? (char[]){' ', turning[l->turn % 4], 0}
                       : strcmp(state, "queued") == 0 || strcmp(state, "blocked") == 0 ? " ."
                                                                                       : " x";
    double done = json_number_value(json_object_get(progress, "percent"));
    percent[0] = '\0';
    if (running && done > 0) {
        snprintf(percent, sizeof percent, "%3.0f %%", done);
    }
    const char *error = json_string_value(json_object_get(task, "error"));
    snprintf(line, sizeof line, "  %s %-17s %-9s %5s  %s%s%s", mark, role, state, percent,
             running         ? phase
             : error != NULL ? error
                             : "",
             running && message[0] ? ": " : "", running ? message : "");
    size_t width = terminal_width();
    char right[24];
    snprintf(right, sizeof right, "%6.1f s", (double)elapsed_ms / 1000.0);
    if (strlen(line) + strlen(right) + 2 > width) {
        line[width - strlen(right) - 2] = '\0';
    }
    output_text(stderr, good ? OUTPUT_GREEN : running ? OUTPUT_BOLD : OUTPUT_DIM, line);
    if (running) {
        fprintf(stderr, "%*s%s", (int)(width - strlen(line) - strlen(right) - 1), "", right);
    }
    fputc('\n', stderr);
}

void live_draw(live *l, const json_t *workflow, int64_t elapsed_ms)
{
    size_t i;
    json_t *task;
    if (!l->on) {
        return;
    }
    wipe(l);
    l->turn++;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        draw_task(l, task, elapsed_ms);
        l->lines++;
    }
    fflush(stderr);
}

void live_stop(live *l)
{
    if (l->on) {
        wipe(l);
        fputs("\033[?25h", stderr);
        fflush(stderr);
        l->on = false;
    }
}
