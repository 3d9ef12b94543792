#include "actors/gateway/request.h"

#include <string.h>
#include <strings.h>

const char *http_method_name(http_method method)
{
#define X(name) #name,
    static const char *const names[] = {HTTP_METHOD_MAP(X)};
#undef X
    return method < HTTP_METHOD_COUNT ? names[method] : "OTHER";
}

long request_head_end(const char *bytes, size_t size, size_t *scanned)
{
    for (size_t i = *scanned; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\r') {
            if (i + 1 == size) {
                *scanned = i; /* The next byte decides. */
                return 0;
            }
            if (bytes[i + 1] != '\n') {
                return -1;
            }
        } else if (c == '\n') {
            if (i == 0 || bytes[i - 1] != '\r') {
                return -1;
            }
            if (i >= 3 && bytes[i - 2] == '\n') {
                return (long)i + 1;
            }
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return -1;
        }
    }
    *scanned = size;
    return 0;
}

static int refuse(int status, const char *text, const char **why)
{
    *why = text;
    return status;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool request_decode(char *text, bool plus)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        char c = *in;
        if (c == '%') {
            int high = hex(in[1]);
            int low = high < 0 ? -1 : hex(in[2]);
            int byte = high * 16 + low;
            if (low < 0 || byte < 0x20 || byte == 0x7f || (byte == '/' && !plus)) {
                return false;
            }
            c = (char)byte;
            in += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        *out++ = c;
    }
    *out = '\0';
    return true;
}

static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static http_method method_of(const char *text)
{
    for (http_method m = HTTP_METHOD_GET; m < HTTP_METHOD_OTHER; m++) {
        if (strcmp(text, http_method_name(m)) == 0) {
            return m;
        }
    }
    return HTTP_METHOD_OTHER;
}

static int parse_target(char *target, request_head *out, const char **why)
{
    if (target[0] != '/') {
        return refuse(400, "The request target must start with a slash.", why);
    }
    for (const char *c = target; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '#') {
            return refuse(400, "The request target has a byte that must be escaped.", why);
        }
    }
    char *query = strchr(target, '?');
    out->query = "";
    if (query != NULL) {
        *query++ = '\0';
        out->query = query;
    }
    if (!request_decode(target, false)) {
        return refuse(400, "The path has a bad or forbidden % escape.", why);
    }
    out->path = target;
    return 0;
}

/* "METHOD target HTTP/1.x", NUL-terminated. */
static int parse_line(char *line, request_head *out, const char **why)
{
    char *end = line;
    while (token_char(*end)) {
        end++;
    }
    char *target = end + 1;
    char *version = *end == ' ' ? strchr(target, ' ') : NULL;
    if (end == line || version == NULL) {
        return refuse(400, "The request line is not METHOD TARGET VERSION.", why);
    }
    *end = '\0';
    *version++ = '\0';
    if (strlen(target) > REQUEST_TARGET_LIMIT) {
        return refuse(414, "The request target is longer than 8 KiB.", why);
    }
    if (strcmp(version, "HTTP/1.1") == 0) {
        out->keep_alive = true;
    } else if (strcmp(version, "HTTP/1.0") == 0) {
        out->keep_alive = false;
    } else if (strncmp(version, "HTTP/", 5) == 0 && strchr(version, ' ') == NULL) {
        return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.", why);
    } else {
        return refuse(400, "The request line is not METHOD TARGET VERSION.", why);
    }
    out->method = method_of(line);
    return parse_target(target, out, why);
}

static int keep_header(request_head *out, const char *name, const char *value, const char **why)
{
#define X(id, text) text,
    static const char *const names[] = {REQUEST_HEADER_MAP(X)};
#undef X
    for (int i = 0; i < REQUEST_HEADER_COUNT; i++) {
        /* The first letter tells most of them apart: this is done for each line of a flood. */
        if ((name[0] | 0x20) != names[i][0] || strcasecmp(name, names[i]) != 0) {
            continue;
        }
        if (out->headers[i] == NULL) {
            out->headers[i] = value;
        } else if (i != REQUEST_ACCEPT) {
            return refuse(400, "A header that may come once came twice.", why);
        }
        return 0;
    }
    return 0;
}

/* "Name: value", NUL-terminated. */
static int parse_header(char *line, request_head *out, const char **why)
{
    if (line[0] == ' ' || line[0] == '\t') {
        return refuse(400, "Folded header lines are not accepted.", why);
    }
    char *end = line;
    while (token_char(*end)) {
        end++;
    }
    if (end == line || *end != ':') {
        return refuse(400, "A header line is not Name: value.", why);
    }
    *end++ = '\0';
    while (*end == ' ' || *end == '\t') {
        end++;
    }
    char *last = end + strlen(end);
    while (last > end && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }
    *last = '\0';
    return keep_header(out, line, end, why);
}

static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, " \t,");
        if (length == size && strncasecmp(at, word, size) == 0) {
            return true;
        }
        at += length;
    }
    return false;
}

/* What the headers mean together. */
static int judge(request_head *out, const char **why)
{
    const char *length = out->headers[REQUEST_CONTENT_LENGTH];
    const char *connection = out->headers[REQUEST_CONNECTION];
    const char *expect = out->headers[REQUEST_EXPECT];
    const char *host = out->headers[REQUEST_HOST];
    if (host == NULL ? out->keep_alive : host[0] == '\0') {
        return refuse(400, "The Host header is missing.", why);
    }
    if (out->headers[REQUEST_TRANSFER_ENCODING] != NULL) {
        if (length != NULL) {
            return refuse(400, "Content-Length and Transfer-Encoding contradict.", why);
        }
        if (!out->keep_alive) { /* Still the version: HTTP/1.0. */
            return refuse(400, "HTTP/1.0 has no Transfer-Encoding.", why);
        }
        if (strcasecmp(out->headers[REQUEST_TRANSFER_ENCODING], "chunked") != 0) {
            return refuse(501, "Of the transfer encodings only chunked is understood.", why);
        }
        out->chunked = true;
    }
    if (length != NULL) {
        size_t digits = strspn(length, "0123456789");
        if (digits == 0 || digits > 15 || length[digits] != '\0') {
            return refuse(400, "Content-Length is not a number of bytes.", why);
        }
        for (size_t i = 0; i < digits; i++) {
            out->content_length = out->content_length * 10 + (length[i] - '0');
        }
    }
    if (connection != NULL && has_word(connection, "close")) {
        out->keep_alive = false;
    } else if (connection != NULL && has_word(connection, "keep-alive")) {
        out->keep_alive = true;
    }
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
        return refuse(417, "Only Expect: 100-continue is understood.", why);
    }
    out->expect_continue = expect != NULL;
    return 0;
}

int request_parse(char *bytes, size_t size, request_head *out, const char **why)
{
    memset(out, 0, sizeof *out);
    out->path = "/";
    out->query = "";
    int count = 0;
    char *line = bytes;
    char *end = bytes + size - 2; /* Without the empty line. */
    while (line < end) {
        char *next = memchr(line, '\r', (size_t)(bytes + size - line));
        if (next == NULL) {
            return refuse(400, "The head has no end.", why);
        }
        *next = '\0';
        int status = count == 0 ? parse_line(line, out, why) : parse_header(line, out, why);
        if (status != 0) {
            return status;
        }
        if (count++ > REQUEST_HEADERS_MAX) {
            return refuse(431, "More than 100 headers.", why);
        }
        line = next + 2;
    }
    return judge(out, why);
}
