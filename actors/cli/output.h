/* What a person sees: colour on a terminal, aligned tables, JSON when asked for.
 * Used by every command. Never writes control characters that came from elsewhere. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum output_style {
    OUTPUT_PLAIN,
    OUTPUT_BOLD,
    OUTPUT_DIM,
    OUTPUT_RED,
    OUTPUT_YELLOW,
    OUTPUT_GREEN,
} output_style;

/* True when @p to is a terminal and NO_COLOR is not set. */
bool output_colour(FILE *to);

/* Writes @p text with @p style when colours are on; control characters become '?'. */
void output_text(FILE *to, output_style style, const char *text);

/* Columns of a page on @p to: the terminal's, from 60 to 140; 100 when it is none. */
size_t output_width(FILE *to);

/* Words of @p text and a newline. The first begins at @p column; what would go beyond
 * @p width goes on in the next line at @p indent. */
void output_wrapped(FILE *to, size_t width, size_t column, size_t indent, output_style style,
                    const char *text);

/* Pretty JSON and a newline on stdout. */
void output_json(const json_t *json);

/* One column: a title and the key of each object (dots go into objects). */
typedef struct output_column {
    const char *title;
    const char *key;
} output_column;

/* An aligned table of the array @p rows; ends with a column without title. */
void output_table(const output_column *columns, const json_t *rows);

/* The table of one page, the array @p key of @p answer; on stderr, how to see the next one. */
void output_page(const output_column *columns, const json_t *answer, const char *key);

/* The value at "a.b.c" as text in @p out; "" when absent. */
const char *output_value(const json_t *object, const char *key, char *out, size_t size);

#endif
