/* Where spans go and how: the variables of OpenTelemetry's specification.
 * Used by the exporter and by who starts it. Never prints a header: they hold secrets. */
#ifndef TELEMETRY_SETTINGS_H
#define TELEMETRY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SETTINGS_URL_MAX = 1024,
    SETTINGS_PAIRS_MAX = 32,  /* Headers, or attributes of the resource. */
    SETTINGS_TEXT_MAX = 8192, /* Bytes of all of them together. */
};

/* Names and values; they point into `text`. */
typedef struct settings_pairs {
    size_t count;
    const char *names[SETTINGS_PAIRS_MAX], *values[SETTINGS_PAIRS_MAX];
    char text[SETTINGS_TEXT_MAX];
} settings_pairs;

/* Not to be copied: it points into itself. */
typedef struct telemetry_settings {
    char url[SETTINGS_URL_MAX]; /* Of the traces; "": nothing is exported. */
    settings_pairs headers;     /* Of the request. */
    settings_pairs resource;
    char service[128];
    int64_t timeout_ms;  /* Of one request. */
    int64_t delay_ms;    /* Spans wait so long for others. */
    int64_t queue_max;   /* Spans that wait; more are dropped and counted. */
    int64_t batch_max;   /* Of one request. */
    double ratio;        /* Of new traces that are sampled. */
    const char *warning; /* Something that does not work as asked for; NULL: nothing. */
} telemetry_settings;

/* @p endpoint: OTEL_EXPORTER_OTLP_ENDPOINT, by flag, environment or file; NULL: none. @p get
 * reads the other variables, as getenv() does. False with a sentence in @p error that names
 * what is wrong. */
bool telemetry_settings_read(telemetry_settings *out, const char *endpoint,
                             const char *(*get)(const char *name), char error[256]);

#endif
