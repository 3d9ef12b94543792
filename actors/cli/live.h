/* One live line per role on a terminal while an assessment runs: state, progress, elapsed.
 * Used by assess.c. Never writes anything when stderr is not a terminal. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct live {
    bool on;
    size_t lines; /* On the screen now. */
    unsigned turn;
} live;

void live_start(live *l);
/* Draws the tasks of @p workflow over what was drawn before. */
void live_draw(live *l, const json_t *workflow, int64_t elapsed_ms);
/* Wipes the lines: the report takes their place. */
void live_stop(live *l);

#endif
