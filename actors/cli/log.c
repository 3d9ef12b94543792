#include "actors/cli/log.h"

#include "actors/roles/utf8.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048, CHARACTER_MAX_BYTES = 4 };

/* Process-wide, as stderr is; written before the first node starts. */
static cogo_log_level least = COGO_LOG_INFO;
static bool as_json;
static const char *const level_names[] = {"error", "warn", "info", "debug"};

bool log_configure(char error[256])
{
    const char *level = getenv("COGO_LOG_LEVEL");
    const char *format = getenv("COGO_LOG_FORMAT");
    const char *debug = getenv("DEBUG");
    if (debug != NULL && (strcmp(debug, "1") == 0 || strcmp(debug, "true") == 0)) {
        least = COGO_LOG_DEBUG;
    }
    if (level != NULL && *level != '\0') {
        size_t i = 0;
        while (i < 4 && strcmp(level, level_names[i]) != 0) {
            i++;
        }
        if (i == 4) {
            snprintf(error, 256, "COGO_LOG_LEVEL '%s' is none of error, warn, info, debug",
                     level);
            return false;
        }
        least = (cogo_log_level)i;
    }
    as_json = !isatty(STDERR_FILENO);
    if (format != NULL && *format != '\0') {
        as_json = strcmp(format, "json") == 0;
        if (!as_json && strcmp(format, "text") != 0) {
            snprintf(error, 256, "COGO_LOG_FORMAT '%s' is neither text nor json", format);
            return false;
        }
    }
    return true;
}

void log_set_level(cogo_log_level level)
{
    least = level;
}

/* Where the words key=value begin that @p text ends with; its end when it has none. */
static const char *fields_of(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    const char *begin = NULL, *word = text;
    while (*word != '\0') {
        size_t size = strcspn(word, " "), key = strspn(word, letters);
        bool field = key > 0 && key < size && word[key] == '=';
        begin = !field ? NULL : begin != NULL ? begin : word;
        word += size;
        word += strspn(word, " ");
    }
    return begin != NULL ? begin : word;
}

/* Each of them is a member of its own. */
static void add_fields(json_t *line, const char *word)
{
    while (*word != '\0') {
        char key[64];
        size_t size = strcspn(word, " "), at = strcspn(word, "=");
        snprintf(key, sizeof key, "%.*s", (int)at, word);
        if (json_object_get(line, key) == NULL) {
            (void)json_object_set_new(line, key, json_stringn(word + at + 1, size - at - 1));
        }
        word += size;
        word += strspn(word, " ");
    }
}

static void write_json(const char *stamp, cogo_log_level level, const char *text)
{
    const char *fields = fields_of(text);
    size_t size = (size_t)(fields - text);
    while (*fields != '\0' && size > 0 && text[size - 1] == ' ') {
        size--;
    }
    json_t *line = json_pack("{s:s, s:s, s:s%}", "time", stamp, "level", level_names[level],
                             "message", text, size);
    add_fields(line, fields);
    char *out = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    if (out != NULL) {
        fprintf(stderr, "%s\n", out);
    }
    free(out);
    json_decref(line);
}

/* Bytes of the character that @p text begins with; 0: it is broken. */
static size_t character(const char *text)
{
    for (size_t size = 1; size <= CHARACTER_MAX_BYTES && text[size - 1] != '\0'; size++) {
        if (utf8_is_valid(text, size)) {
            return size;
        }
    }
    return 0;
}

static bool is_control(const unsigned char *c, size_t size)
{
    return (size == 1 && (*c < ' ' || *c == 0x7f)) || (size == 2 && *c == 0xc2 && c[1] < 0xa0);
}

/* A line may hold anybody's words: it stays one line, well-formed, and nothing in it moves a
 * terminal. The mark is no space, which would begin another field. */
static void tame(const char *text, char out[LINE_MAX_BYTES])
{
    size_t used = 0;
    while (*text != '\0' && used < LINE_MAX_BYTES - CHARACTER_MAX_BYTES) {
        size_t size = character(text);
        if (size == 0 || is_control((const unsigned char *)text, size)) {
            out[used++] = '?';
        } else {
            memcpy(out + used, text, size);
            used += size;
        }
        text += size == 0 ? 1 : size;
    }
    out[used] = '\0';
}

void log_runtime_line(void *ctx, cogo_log_level level, const char *line)
{
    (void)ctx;
    if (level > least) {
        return;
    }
    char stamp[40], text[LINE_MAX_BYTES];
    tame(line, text);
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t used = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(stamp + used, sizeof stamp - used, ".%03ldZ", now.tv_nsec / 1000000);
    if (as_json) {
        write_json(stamp, level, text);
    } else {
        fprintf(stderr, "%s %-5s %s\n", stamp, level_names[level], text);
    }
}

void log_line(cogo_log_level level, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    log_runtime_line(NULL, level, text);
}
