#include "actors/roles/test_runner/lines.h"

#include <string.h>

enum { DIGITS_MAX = 9 };

line_walk line_walk_of(const char *text, size_t size)
{
    return (line_walk){.at = text, .end = text == NULL ? text : text + size};
}

bool line_next(line_walk *walk, line *out)
{
    if (walk->at == walk->end) {
        return false;
    }
    size_t left = (size_t)(walk->end - walk->at);
    const char *newline = memchr(walk->at, '\n', left);
    *out =
        (line){.text = walk->at, .size = newline == NULL ? left : (size_t)(newline - walk->at)};
    walk->at = newline == NULL ? walk->end : newline + 1;
    while (out->size > 0 && out->text[out->size - 1] == '\r') {
        out->size--;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void line_trim(const char **text, size_t *size)
{
    while (*size > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && is_blank((*text)[*size - 1])) {
        (*size)--;
    }
}

bool line_take(line *at, const char *word)
{
    size_t size = strlen(word);
    if (at->size < size || memcmp(at->text, word, size) != 0) {
        return false;
    }
    at->text += size;
    at->size -= size;
    return true;
}

size_t line_take_blanks(line *at)
{
    size_t count = 0;
    while (at->size > 0 && is_blank(at->text[0])) {
        at->text++;
        at->size--;
        count++;
    }
    return count;
}

bool line_take_number(line *at, int64_t *out)
{
    int64_t value = 0;
    size_t digits = 0;
    while (digits < at->size && digits < DIGITS_MAX && at->text[digits] >= '0'
           && at->text[digits] <= '9') {
        value = value * 10 + (at->text[digits] - '0');
        digits++;
    }
    if (digits == 0) {
        return false;
    }
    at->text += digits;
    at->size -= digits;
    *out = value;
    return true;
}

const char *line_find(line at, const char *word)
{
    return at.size == 0 ? NULL : memmem(at.text, at.size, word, strlen(word));
}

bool line_ends_with(line at, const char *word)
{
    size_t size = strlen(word);
    return at.size >= size && memcmp(at.text + at.size - size, word, size) == 0;
}

int64_t line_seconds_ms(const char *text, size_t size)
{
    line at = {text, size};
    line_take_blanks(&at);
    int64_t whole = 0;
    if (!line_take_number(&at, &whole)) {
        return -1;
    }
    int64_t ms = whole * 1000;
    if (line_take(&at, ".")) {
        int64_t scale = 100;
        for (; at.size > 0 && at.text[0] >= '0' && at.text[0] <= '9' && scale > 0;
             scale /= 10) {
            ms += (at.text[0] - '0') * scale;
            (void)line_take(&at, (char[]){at.text[0], '\0'});
        }
    }
    return ms;
}
