#include "actors/telemetry/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MS_MAX = 600000, COUNT_MAX = 1000000 };

typedef const char *getter(const char *name);

static const char *given(getter *get, const char *name)
{
    const char *text = get(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool take_number(getter *get, const char *name, int64_t fallback, int64_t most,
                        int64_t *out, char error[256])
{
    const char *text = given(get, name);
    char *end = NULL;
    *out = fallback;
    if (text == NULL) {
        return true;
    }
    *out = strtoll(text, &end, 10);
    if (*end != '\0' || *out < 1 || *out > most) {
        (void)snprintf(error, 256, "%s '%.40s' is not 1 to %lld", name, text, (long long)most);
        return false;
    }
    return true;
}

/* Percent escapes, in place. */
static void unescape(char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        char pair[3] = {0};
        if (*from == '%' && strspn(from + 1, digits) >= 2) {
            memcpy(pair, from + 1, 2);
            *to++ = (char)strtol(pair, NULL, 16);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        text[--size] = '\0';
    }
    return text;
}

/* "a=1,b=2" with percent escapes. What is said about it never repeats it. */
static bool take_pairs(const char *name, const char *text, settings_pairs *out, char error[256])
{
    if (text == NULL) {
        return true;
    }
    if (strlen(text) >= sizeof out->text) {
        (void)snprintf(error, 256, "%s is longer than %d bytes", name, SETTINGS_TEXT_MAX - 1);
        return false;
    }
    memcpy(out->text, text, strlen(text) + 1);
    char *rest = out->text;
    for (char *pair; (pair = strsep(&rest, ",")) != NULL;) {
        pair = trim(pair);
        char *value = strchr(pair, '=');
        if (*pair == '\0') {
            continue;
        }
        if (value == NULL || value == pair || out->count == SETTINGS_PAIRS_MAX) {
            (void)snprintf(error, 256, "%s is not up to %d of name=value with commas between",
                           name, SETTINGS_PAIRS_MAX);
            return false;
        }
        *value++ = '\0';
        value = trim(value);
        unescape(value);
        if (strpbrk(value, "\r\n") != NULL) {
            (void)snprintf(error, 256, "%s has a line break", name);
            return false;
        }
        out->names[out->count] = trim(pair);
        out->values[out->count++] = value;
    }
    return true;
}

static bool take_url(telemetry_settings *out, const char *endpoint, getter *get,
                     char error[256])
{
    const char *traces = given(get, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const char *from = traces != NULL ? traces : endpoint;
    if (from == NULL || from[0] == '\0') {
        return true;
    }
    size_t size = strlen(from);
    if (strncmp(from, "http://", 7) != 0 && strncmp(from, "https://", 8) != 0) {
        (void)snprintf(error, 256, "%s is not an http:// or https:// URL",
                       traces != NULL ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
                                      : "OTEL_EXPORTER_OTLP_ENDPOINT");
        return false;
    }
    while (traces == NULL && from[size - 1] == '/') {
        size--;
    }
    if (size + sizeof "/v1/traces" > sizeof out->url) {
        (void)snprintf(error, 256, "OTEL_EXPORTER_OTLP_ENDPOINT is longer than %d bytes",
                       SETTINGS_URL_MAX);
        return false;
    }
    (void)snprintf(out->url, sizeof out->url, "%.*s%s", (int)size, from,
                   traces != NULL ? "" : "/v1/traces");
    return true;
}

/* What the caller has decided always holds; this is for traces that begin here. */
static bool take_sampler(telemetry_settings *out, getter *get, char error[256])
{
    const char *sampler = given(get, "OTEL_TRACES_SAMPLER");
    const char *arg = given(get, "OTEL_TRACES_SAMPLER_ARG");
    char *end = NULL;
    out->ratio = 1;
    if (sampler == NULL) {
        return true;
    }
    const char *kind =
        sampler + (strncmp(sampler, "parentbased_", 12) == 0 ? strlen("parentbased_") : 0);
    if (strcmp(kind, "always_off") == 0) {
        out->ratio = 0;
    } else if (strcmp(kind, "traceidratio") == 0 && arg != NULL) {
        out->ratio = strtod(arg, &end);
    } else if (strcmp(kind, "always_on") != 0 && strcmp(kind, "traceidratio") != 0) {
        (void)snprintf(error, 256,
                       "OTEL_TRACES_SAMPLER '%.40s' is none of always_on, always_off, "
                       "traceidratio, also with parentbased_ before it",
                       sampler);
        return false;
    }
    if ((end != NULL && *end != '\0') || !(out->ratio >= 0 && out->ratio <= 1)) {
        (void)snprintf(error, 256, "OTEL_TRACES_SAMPLER_ARG '%.40s' is not 0 to 1", arg);
        return false;
    }
    return true;
}

static bool is_off(getter *get)
{
    const char *disabled = given(get, "OTEL_SDK_DISABLED");
    const char *exporter = given(get, "OTEL_TRACES_EXPORTER");
    return (disabled != NULL && strcasecmp(disabled, "true") == 0)
           || (exporter != NULL && strcmp(exporter, "none") == 0);
}

bool telemetry_settings_read(telemetry_settings *out, const char *endpoint,
                             const char *(*get)(const char *name), char error[256])
{
    memset(out, 0, sizeof *out);
    const char *service = given(get, "OTEL_SERVICE_NAME");
    const char *protocol = given(get, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
    const char *headers = given(get, "OTEL_EXPORTER_OTLP_TRACES_HEADERS");
    protocol = protocol != NULL ? protocol : given(get, "OTEL_EXPORTER_OTLP_PROTOCOL");
    headers = headers != NULL ? headers : given(get, "OTEL_EXPORTER_OTLP_HEADERS");
    (void)snprintf(out->service, sizeof out->service, "%s", service != NULL ? service : "cogo");
    if (protocol != NULL && strcmp(protocol, "http/json") != 0) {
        out->warning = "OTEL_EXPORTER_OTLP_PROTOCOL: spans are sent as http/json";
    }
    if (!take_number(get, "OTEL_EXPORTER_OTLP_TIMEOUT", 10000, MS_MAX, &out->timeout_ms, error)
        || !take_number(get, "OTEL_BSP_SCHEDULE_DELAY", 5000, MS_MAX, &out->delay_ms, error)
        || !take_number(get, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, COUNT_MAX, &out->queue_max, error)
        || !take_number(get, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, COUNT_MAX, &out->batch_max,
                        error)
        || !take_sampler(out, get, error)
        || !take_pairs("OTEL_EXPORTER_OTLP_HEADERS", headers, &out->headers, error)
        || !take_pairs("OTEL_RESOURCE_ATTRIBUTES", given(get, "OTEL_RESOURCE_ATTRIBUTES"),
                       &out->resource, error)) {
        return false;
    }
    if (out->batch_max > out->queue_max) {
        out->batch_max = out->queue_max;
    }
    return is_off(get) || take_url(out, endpoint, get, error);
}
