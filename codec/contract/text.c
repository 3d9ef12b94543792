#include "codec/contract/text.h"

#include <stdio.h>
#include <string.h>

static size_t character_size(const char *at)
{
    unsigned char first = (unsigned char)at[0];
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80) {
            return 0; // Also at the end of the text.
        }
    }
    return (first & 0xc0) == 0x80 ? 0 : size;
}

static void drop_cut_characters(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0';) {
        size_t size = character_size(at);
        memmove(to, at, size);
        to += size;
        at += size > 0 ? size : 1;
    }
    *to = '\0';
}

void text_format(char *out, size_t size, const char *format, va_list args)
{
    (void)vsnprintf(out, size, format, args);
    drop_cut_characters(out);
}

const char *text_print(cogo_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : cogo_arena_alloc(arena, (size_t)length + 1);
    if (text != NULL) {
        va_start(args, format);
        text_format(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}
