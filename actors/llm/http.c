#include "actors/llm/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct call {
    const http_request *request;
    http_response *response;
    CURL *curl;
    http_bytes_fn on_bytes; /* NULL: collect. */
    void *ctx;
    size_t limit_bytes;
    size_t body_capacity;
    size_t headers_size;
    bool stopped, too_large, no_memory;
} call;

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void init_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static http_outcome fail(http_response *response, http_outcome outcome, const char *text)
{
    response->outcome = outcome;
    snprintf(response->error, sizeof response->error, "%s", text);
    return outcome;
}

/* A line break in a header would become a header of its own. */
static bool one_line(const char *text)
{
    return text == NULL || text[strcspn(text, "\r\n")] == '\0';
}

static bool asked_to_stop(call *c)
{
    if (c->request->stopped != NULL && c->request->stopped(c->request->stopped_ctx)) {
        c->stopped = true;
    }
    return c->stopped;
}

static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return asked_to_stop(ctx) ? 1 : 0;
}

static bool collect(call *c, const char *bytes, size_t size)
{
    http_response *r = c->response;
    if (size > c->limit_bytes - r->body_size) {
        c->too_large = true;
        return false;
    }
    if (r->body_size + size + 1 > c->body_capacity) {
        size_t capacity = 2 * c->body_capacity + size + 1024;
        char *body = realloc(r->body, capacity);
        if (body == NULL) {
            c->no_memory = true;
            return false;
        }
        r->body = body;
        c->body_capacity = capacity;
    }
    memcpy(r->body + r->body_size, bytes, size);
    r->body_size += size;
    r->body[r->body_size] = '\0';
    return true;
}

/* Fewer bytes than given make curl end the transfer. */
static size_t on_body(char *bytes, size_t one, size_t size, void *ctx)
{
    call *c = ctx;
    (void)one;
    if (asked_to_stop(c)) {
        return 0;
    }
    long status = 0;
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    if (c->on_bytes == NULL || status < 200 || status > 299) {
        return collect(c, bytes, size) ? size : 0;
    }
    if (!c->on_bytes(c->ctx, bytes, size)) {
        c->stopped = true;
        return 0;
    }
    return size;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *ctx)
{
    call *c = ctx;
    (void)one;
    if (size >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        c->headers_size = 0; /* The headers of a 100 Continue are not the answer's. */
    }
    if (size > HTTP_HEADERS_LIMIT - c->headers_size) {
        c->too_large = true;
        return 0;
    }
    char *headers = realloc(c->response->headers, c->headers_size + size + 1);
    if (headers == NULL) {
        c->no_memory = true;
        return 0;
    }
    memcpy(headers + c->headers_size, bytes, size);
    c->headers_size += size;
    headers[c->headers_size] = '\0';
    c->response->headers = headers;
    return size;
}

/* Appends to a list that is freed by the caller also on failure. */
static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer != NULL) {
        *list = longer;
    }
    return longer != NULL;
}

static bool add_pair(struct curl_slist **list, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 1;
    char *line = malloc(size);
    if (line == NULL) {
        return false;
    }
    snprintf(line, size, "%s%s", name, value);
    bool ok = add_header(list, line);
    explicit_bzero(line, size); /* May be the token. */
    free(line);
    return ok;
}

static bool make_headers(const http_request *q, struct curl_slist **list)
{
    /* Without this curl waits a second for a 100 Continue before it sends a big body. */
    bool ok = add_header(list, "Expect:");
    if (q->token != NULL) {
        ok = ok && add_pair(list, "Authorization: Bearer ", q->token);
    }
    if (q->body != NULL) {
        const char *type = q->content_type != NULL ? q->content_type : "application/json";
        ok = ok && add_pair(list, "Content-Type: ", type);
    }
    for (size_t i = 0; q->headers != NULL && q->headers[i] != NULL; i++) {
        ok = ok && add_header(list, q->headers[i]);
    }
    return ok;
}

static const char *wrong_with(const http_request *q)
{
    if (q->url == NULL || !one_line(q->url)) {
        return "the URL is missing or has a line break";
    }
    if (!one_line(q->token) || !one_line(q->content_type) || !one_line(q->method)) {
        return "a line break in the token, content type or method";
    }
    for (size_t i = 0; q->headers != NULL && q->headers[i] != NULL; i++) {
        if (i == HTTP_REQUEST_HEADERS_MAX) {
            return "too many request headers";
        }
        if (!one_line(q->headers[i]) || strchr(q->headers[i], ':') == NULL) {
            return "a request header is not one line of the form Name: value";
        }
    }
    return NULL;
}

static bool is_loopback(const char *url)
{
    bool loopback = false;
    char *host = NULL;
    CURLU *parts = curl_url();
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK
        && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        loopback = strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0
                   || strcmp(host, "[::1]") == 0;
    }
    curl_free(host);
    curl_url_cleanup(parts);
    return loopback;
}

static void set_limits(call *c)
{
    const http_request *q = c->request;
    uint64_t connect =
        q->connect_timeout_ms > 0 ? q->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS;
    uint64_t timeout = q->timeout_ms > 0 ? q->timeout_ms : HTTP_TIMEOUT_MS;
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    if (c->on_bytes == NULL) {
        curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)timeout);
    } else { /* Silence: less than one byte a second for so many seconds. */
        curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)((timeout + 999) / 1000));
    }
    curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    if (is_loopback(q->url)) {
        curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    }
}

static void set_request(call *c, struct curl_slist *headers)
{
    const http_request *q = c->request;
    curl_easy_setopt(c->curl, CURLOPT_URL, q->url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    if (q->body != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, q->body);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_size);
    }
    if (q->method != NULL && strcmp(q->method, "HEAD") == 0) {
        curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    } else if (q->method != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, q->method);
    }
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
}

static http_outcome judge(call *c, CURLcode code, const char *text)
{
    if (code == CURLE_OK) {
        c->response->outcome = HTTP_ANSWERED;
        return HTTP_ANSWERED;
    }
    if (c->stopped) {
        return fail(c->response, HTTP_STOPPED, "stopped by the caller");
    }
    if (c->too_large) {
        return fail(c->response, HTTP_TOO_LARGE, "the answer is larger than the limit");
    }
    if (c->no_memory || code == CURLE_OUT_OF_MEMORY) {
        return fail(c->response, HTTP_BROKEN, "out of memory while reading the answer");
    }
    if (text[0] == '\0') {
        text = curl_easy_strerror(code);
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST
        || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_SSL_CONNECT_ERROR
        || code == CURLE_PEER_FAILED_VERIFICATION) {
        return fail(c->response, HTTP_UNREACHABLE, text);
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return fail(c->response, HTTP_TIMED_OUT, text);
    }
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        return fail(c->response, HTTP_INVALID, text);
    }
    return fail(c->response, HTTP_BROKEN, text);
}

static http_outcome perform(call *c)
{
    char text[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    http_outcome outcome;
    CURLcode code;
    long status = 0;
    c->curl = curl_easy_init();
    if (c->curl == NULL || !make_headers(c->request, &headers)) {
        outcome = fail(c->response, HTTP_INVALID, "out of memory");
        goto done;
    }
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, text);
    set_limits(c);
    set_request(c, headers);
    code = curl_easy_perform(c->curl);
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    c->response->status = (int)status;
    outcome = judge(c, code, text);

done:
    curl_slist_free_all(headers);
    if (c->curl != NULL) {
        curl_easy_cleanup(c->curl);
    }
    return outcome;
}

http_outcome http_stream(const http_request *request, http_bytes_fn on_bytes, void *ctx,
                         http_response *response)
{
    memset(response, 0, sizeof *response);
    const char *wrong = wrong_with(request);
    if (wrong != NULL) {
        return fail(response, HTTP_INVALID, wrong);
    }
    if (pthread_once(&curl_once, init_curl) != 0 || curl_ready != CURLE_OK) {
        return fail(response, HTTP_INVALID, "libcurl does not start");
    }
    call c = {.request = request, .response = response, .on_bytes = on_bytes, .ctx = ctx};
    c.limit_bytes = request->response_limit > 0 ? request->response_limit : HTTP_RESPONSE_LIMIT;
    return perform(&c);
}

http_outcome http_send(const http_request *request, http_response *response)
{
    return http_stream(request, NULL, NULL, response);
}

bool http_response_header(const http_response *response, const char *name, char *out,
                          size_t capacity)
{
    size_t name_size = strlen(name);
    out[0] = '\0';
    const char *line = response->headers;
    while (line != NULL && *line != '\0') {
        size_t size = strcspn(line, "\r\n");
        if (size > name_size && line[name_size] == ':'
            && strncasecmp(line, name, name_size) == 0) {
            const char *value = line + name_size + 1;
            const char *end = line + size;
            while (value < end && isspace((unsigned char)*value)) {
                value++;
            }
            while (end > value && isspace((unsigned char)end[-1])) {
                end--;
            }
            snprintf(out, capacity, "%.*s", (int)(end - value), value);
            return true;
        }
        line += size;
        line += strspn(line, "\r\n");
    }
    return false;
}

void http_response_finish(http_response *response)
{
    free(response->body);
    free(response->headers);
    memset(response, 0, sizeof *response);
}
