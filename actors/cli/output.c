#include "actors/cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 12, CELL_MAX = 160, WIDTH_DEFAULT = 100, WIDTH_MIN = 60, WIDTH_MAX = 140 };

bool output_colour(FILE *to)
{
    const char *off = getenv("NO_COLOR");
    return isatty(fileno(to)) && (off == NULL || *off == '\0');
}

void output_text(FILE *to, output_style style, const char *text)
{
    static const char *const codes[] = {"",         "\033[1m",  "\033[2m",
                                        "\033[31m", "\033[33m", "\033[32m"};
    bool on = style != OUTPUT_PLAIN && output_colour(to);
    if (on) {
        fputs(codes[style], to);
    }
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, to);
    }
    if (on) {
        fputs("\033[0m", to);
    }
}

size_t output_width(FILE *to)
{
    struct winsize size;
    if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return WIDTH_DEFAULT;
    }
    return size.ws_col < WIDTH_MIN   ? WIDTH_MIN
           : size.ws_col > WIDTH_MAX ? WIDTH_MAX
                                     : size.ws_col;
}

void output_wrapped(FILE *to, size_t width, size_t column, size_t indent, output_style style,
                    const char *text)
{
    char word[256];
    bool first = true;
    while (*text != '\0') {
        text += strspn(text, " \n\t");
        size_t length = strcspn(text, " \n\t");
        if (length == 0) {
            break;
        }
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        text += length;
        if (!first && column + 1 + length > width) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        if (!first) {
            fputc(' ', to);
            column++;
        }
        output_text(to, style, word);
        column += length;
        first = false;
    }
    fputc('\n', to);
}

void output_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    putchar('\n');
}

const char *output_value(const json_t *object, const char *key, char *out, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s", key);
    char *save = NULL;
    for (char *part = strtok_r(path, ".", &save); part != NULL;
         part = strtok_r(NULL, ".", &save)) {
        object = json_object_get(object, part);
    }
    out[0] = '\0';
    if (json_is_string(object)) {
        snprintf(out, size, "%s", json_string_value(object));
    } else if (json_is_integer(object)) {
        snprintf(out, size, "%lld", (long long)json_integer_value(object));
    } else if (json_is_real(object)) {
        snprintf(out, size, "%.2f", json_real_value(object));
    } else if (json_is_boolean(object)) {
        snprintf(out, size, "%s", json_is_true(object) ? "yes" : "no");
    } else if (json_is_array(object)) {
        snprintf(out, size, "%zu", json_array_size(object));
    }
    return out;
}

void output_table(const output_column *columns, const json_t *rows)
{
    size_t widths[COLUMNS_MAX] = {0}, count = 0, r;
    char cell[CELL_MAX];
    json_t *row;
    for (; columns[count].title != NULL && count < COLUMNS_MAX; count++) {
        widths[count] = strlen(columns[count].title);
        json_array_foreach(rows, r, row)
        {
            size_t width = strlen(output_value(row, columns[count].key, cell, sizeof cell));
            widths[count] = width > widths[count] ? width : widths[count];
        }
    }
    for (size_t c = 0; c < count; c++) {
        snprintf(cell, sizeof cell, "%-*s", c + 1 < count ? (int)widths[c] + 2 : 0,
                 columns[c].title);
        output_text(stdout, OUTPUT_DIM, cell);
    }
    putchar('\n');
    json_array_foreach(rows, r, row)
    {
        for (size_t c = 0; c < count; c++) {
            output_text(stdout, OUTPUT_PLAIN,
                        output_value(row, columns[c].key, cell, sizeof cell));
            int pad = c + 1 < count ? (int)(widths[c] + 2 - strlen(cell)) : 0;
            printf("%*s", pad, "");
        }
        putchar('\n');
    }
}

void output_page(const output_column *columns, const json_t *answer, const char *key)
{
    char next[300];
    output_table(columns, json_object_get(answer, key));
    if (*output_value(answer, "nextPageToken", next, sizeof next) != '\0') {
        fprintf(stderr, "more: --page-token %s\n", next);
    }
}
