/* Bytes from anywhere into the parser of HTTP request heads. Wherever the bytes are cut on
 * their way, the head ends at the same place; what is accepted points into the head and ends.
 */
#include "actors/gateway/request.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* As bytes come in from a slow client, @p step at a time. */
static long end_in_steps(const char *bytes, size_t size, size_t step)
{
    size_t scanned = 0;
    long end = 0;
    for (size_t have = step < size ? step : size;;) {
        end = request_head_end(bytes, have, &scanned);
        if (end != 0 || have == size) {
            return end;
        }
        have = have + step < size ? have + step : size;
    }
}

static void is_inside(const char *text, const char *head, size_t size)
{
    claim(text >= head && text < head + size + 1);
    claim(memchr(text, 0, (size_t)(head + size + 1 - text)) != NULL);
}

static void check(const request_head *request, const char *head, size_t size)
{
    claim(request->path[0] == '/');
    is_inside(request->path, head, size);
    for (const char *c = request->path; *c != '\0'; c++) {
        claim((unsigned char)*c >= 0x20);
    }
    if (request->query[0] != '\0') {
        is_inside(request->query, head, size);
    }
    for (int i = 0; i < REQUEST_HEADER_COUNT; i++) {
        if (request->headers[i] != NULL) {
            is_inside(request->headers[i], head, size);
        }
    }
    claim(request->content_length >= 0);
    claim(request->method < HTTP_METHOD_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    claim(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    bytes[size] = '\0';
    long end = end_in_steps(bytes, size, size > 0 ? size : 1);
    claim(end == end_in_steps(bytes, size, 1));
    claim(end <= (long)size);
    if (end > 0) {
        // A copy of exactly the head, so that a read beyond it is seen.
        char *head = malloc((size_t)end + 1);
        request_head request = {0};
        const char *why = NULL;
        claim(head != NULL);
        memcpy(head, bytes, (size_t)end);
        head[end] = '\0';
        int status = request_parse(head, (size_t)end, &request, &why);
        claim(status == 0 || (status >= 400 && status < 600 && why != NULL));
        if (status == 0) {
            check(&request, head, (size_t)end);
        }
        free(head);
    }
    free(bytes);
    return 0;
}
