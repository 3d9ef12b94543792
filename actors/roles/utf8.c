#include "actors/roles/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t utf8_part(const char *bytes, size_t size_left)
{
    const unsigned char *at = (const unsigned char *)bytes;
    unsigned char first = at[0];
    if (first < 0x80) {
        return first != 0;
    }
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > size_left) {
        return 0;
    }
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf) {
            return 0;
        }
    }
    return size;
}

bool utf8_is_valid(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t part = utf8_part(bytes + i, size - i);
        if (part == 0) {
            return false;
        }
        i += part;
    }
    return true;
}

json_t *utf8_json(const char *bytes, size_t size)
{
    static const char replacement[] = "\xef\xbf\xbd";
    if (bytes == NULL) {
        return json_null();
    }
    char *clean = malloc(size * (sizeof replacement - 1) + 1);
    if (clean == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        size_t part = utf8_part(bytes + i, size - i);
        const char *from = part == 0 ? replacement : bytes + i;
        size_t copied = part == 0 ? sizeof replacement - 1 : part;
        memcpy(clean + used, from, copied);
        used += copied;
        i += part == 0 ? 1 : part;
    }
    json_t *text = json_stringn_nocheck(clean, used);
    free(clean);
    return text;
}

void utf8_clean(char *text)
{
    const char *end = text + strlen(text);
    while (text < end) {
        size_t size = utf8_part(text, (size_t)(end - text));
        bool control = (unsigned char)*text < 0x20 || *text == 0x7f;
        *text = size == 0 ? '?' : control ? ' ' : *text;
        text += size == 0 ? 1 : size;
    }
}
