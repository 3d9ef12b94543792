#include "actors/roles/test_runner/xml.h"

#include <string.h>

enum { ENTITY_BYTES_MAX = 12 };

static const char *find_in(const char *from, const char *end, const char *word)
{
    return from >= end ? NULL : memmem(from, (size_t)(end - from), word, strlen(word));
}

/* The '>' that ends a tag, quotes considered. NULL: cut off. */
static const char *tag_end(const char *from, const char *end)
{
    char quote = '\0';
    for (const char *at = from; at < end; at++) {
        if (quote != '\0') {
            quote = *at == quote ? '\0' : quote;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == '>') {
            return at;
        }
    }
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static xml_token tag_of(const char *from, const char *close)
{
    xml_token token = {.kind = XML_OPEN};
    if (from < close && *from == '/') {
        token.kind = XML_CLOSE;
        from++;
    }
    if (close > from && close[-1] == '/') {
        token.is_empty = true;
        close--;
    }
    const char *at = from;
    while (at < close && !is_space(*at)) {
        if (*at == ':') {
            from = at + 1;
        }
        at++;
    }
    token.name = (line){from, (size_t)(at - from)};
    token.attributes = (line){at, (size_t)(close - at)};
    return token;
}

/* Passes over what is no tag and no text; NULL when nothing of that kind begins at @p at. */
static const char *skip_other(const char *at, const char *end)
{
    static const struct {
        const char *open, *close;
    } others[] = {{"<!--", "-->"}, {"<?", "?>"}, {"<!", ">"}};
    line rest = {at, (size_t)(end - at)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        line inside = rest;
        if (line_take(&inside, others[i].open)) {
            const char *close = find_in(inside.text, end, others[i].close);
            return close == NULL ? end : close + strlen(others[i].close);
        }
    }
    return NULL;
}

xml_token xml_next(xml_walk *walk)
{
    while (walk->at < walk->end) {
        const char *at = walk->at;
        if (*at != '<') {
            const char *open = memchr(at, '<', (size_t)(walk->end - at));
            walk->at = open == NULL ? walk->end : open;
            return (xml_token){.kind = XML_TEXT, .text = {at, (size_t)(walk->at - at)}};
        }
        line inside = {at, (size_t)(walk->end - at)};
        if (line_take(&inside, "<![CDATA[")) {
            const char *close = find_in(inside.text, walk->end, "]]>");
            const char *stop = close == NULL ? walk->end : close;
            walk->at = close == NULL ? walk->end : close + 3;
            return (xml_token){.kind = XML_TEXT,
                               .text = {inside.text, (size_t)(stop - inside.text)},
                               .is_cdata = true};
        }
        const char *after = skip_other(at, walk->end);
        if (after != NULL) {
            walk->at = after;
            continue;
        }
        const char *close = tag_end(at + 1, walk->end);
        if (close == NULL) {
            break;
        }
        walk->at = close + 1;
        return tag_of(at + 1, close);
    }
    walk->at = walk->end;
    return (xml_token){.kind = XML_END};
}

line xml_attribute(const xml_token *token, const char *name)
{
    line at = token->attributes;
    while (at.size > 0) {
        line_take_blanks(&at);
        line key = {at.text, 0};
        while (at.size > 0 && at.text[0] != '=' && !is_space(at.text[0])) {
            at.text++;
            at.size--;
            key.size++;
        }
        line_take_blanks(&at);
        if (!line_take(&at, "=")) {
            if (key.size == 0) {
                break;
            }
            continue;
        }
        line_take_blanks(&at);
        if (at.size == 0 || (at.text[0] != '"' && at.text[0] != '\'')) {
            break;
        }
        const char *close = memchr(at.text + 1, at.text[0], at.size - 1);
        if (close == NULL) {
            break;
        }
        line value = {at.text + 1, (size_t)(close - at.text) - 1};
        if (key.size == strlen(name) && memcmp(key.text, name, key.size) == 0) {
            return value;
        }
        at.size -= (size_t)(close - at.text) + 1;
        at.text = close + 1;
    }
    return (line){NULL, 0};
}

/* Writes one character as UTF-8; what XML does not allow becomes '?'. */
static size_t put_character(char *out, uint32_t c)
{
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        c = '?';
    }
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint32_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1;) {
        out[i] = (char)(unsigned char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(unsigned char)(first[size] | c);
    return size;
}

static bool numeric(line at, uint32_t *out)
{
    uint32_t base = line_take(&at, "x") ? 16 : 10;
    uint32_t value = 0;
    for (size_t i = 0; i < at.size; i++) {
        char c = at.text[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 99;
        if (digit >= base || value > 0x10FFFF) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return at.size > 0;
}

/* The character that "&...;" at @p at stands for and its size there; 0: none. */
static size_t entity(line at, uint32_t *out)
{
    static const struct {
        const char *name;
        char value;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    size_t reach = at.size < ENTITY_BYTES_MAX ? at.size : ENTITY_BYTES_MAX;
    const char *end = memchr(at.text, ';', reach);
    if (end == NULL || at.text[0] != '&') {
        return 0;
    }
    line inside = {at.text + 1, (size_t)(end - at.text) - 1};
    size_t whole = inside.size + 2;
    if (line_take(&inside, "#")) {
        return numeric(inside, out) ? whole : 0;
    }
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (inside.size == strlen(named[i].name)
            && memcmp(inside.text, named[i].name, inside.size) == 0) {
            *out = (uint32_t)(unsigned char)named[i].value;
            return whole;
        }
    }
    return 0;
}

char *xml_unescape(cogo_arena *arena, line raw, size_t max, size_t *out_size)
{
    size_t limit = raw.size < max ? raw.size : max;
    char *out = limit == 0 ? NULL : cogo_arena_alloc(arena, limit + 4);
    if (out == NULL) {
        return NULL;
    }
    size_t used = 0;
    while (raw.size > 0 && used < limit) {
        uint32_t character = 0;
        size_t step = raw.text[0] == '&' ? entity(raw, &character) : 0;
        if (step == 0) {
            out[used++] = raw.text[0];
            step = 1;
        } else {
            used += put_character(out + used, character);
        }
        raw.text += step;
        raw.size -= step;
    }
    out[used] = '\0';
    *out_size = used;
    return out;
}
