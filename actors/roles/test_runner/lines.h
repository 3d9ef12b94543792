/* Walks text line by line without copying it, and cuts words out of a line.
 * Used by every parser of the test-runner.
 * Never needs a NUL at the end, never writes, never allocates; a line may have any length. */
#ifndef TEST_RUNNER_LINES_H
#define TEST_RUNNER_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct line {
    const char *text; /* Without its end. */
    size_t size;
} line;

typedef struct line_walk {
    const char *at, *end;
} line_walk;

line_walk line_walk_of(const char *text, size_t size);

/* False at the end. "\r" before the end of a line is left out. */
bool line_next(line_walk *walk, line *out);

/* Takes blanks off both ends. */
void line_trim(const char **text, size_t *size);

/* Does the line begin with @p word? If so it is cut off. */
bool line_take(line *at, const char *word);

/* Cuts off blanks; says how many. */
size_t line_take_blanks(line *at);

/* Cuts off a number of at most 9 digits; false: none is there. */
bool line_take_number(line *at, int64_t *out);

/* The place of @p word, or NULL. */
const char *line_find(line at, const char *word);

bool line_ends_with(line at, const char *word);

/* "0.25" (seconds) as ms; -1: no number. */
int64_t line_seconds_ms(const char *text, size_t size);

#endif
