/* The variables of OpenTelemetry, and spans as a collector wants them. */
#include "actors/telemetry/otlp.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

static const char *const (*variables)[2]; /* Of the running test; ends with NULL. */

static const char *get(const char *name)
{
    for (size_t i = 0; variables != NULL && variables[i][0] != NULL; i++) {
        if (strcmp(variables[i][0], name) == 0) {
            return variables[i][1];
        }
    }
    return NULL;
}

static telemetry_settings *read(const char *endpoint, const char *const (*given)[2])
{
    static telemetry_settings out;
    char error[256] = "";
    variables = given;
    bool good = telemetry_settings_read(&out, endpoint, get, error);
    cr_expect(good, "%s", error);
    return &out;
}

Test(settings, without_an_endpoint_nothing_is_exported)
{
    cr_expect_str_eq(read(NULL, NULL)->url, "");
    cr_expect_str_eq(read("", NULL)->url, "");
    cr_expect_str_eq(read("http://c:4318", NULL)->url, "http://c:4318/v1/traces");
    cr_expect_str_eq(read("http://c:4318//", NULL)->url, "http://c:4318/v1/traces");
    static const char *const off[][2] = {{"OTEL_SDK_DISABLED", "TRUE"}, {NULL, NULL}};
    cr_expect_str_eq(read("http://c:4318", off)->url, "");
    static const char *const none[][2] = {{"OTEL_TRACES_EXPORTER", "none"}, {NULL, NULL}};
    cr_expect_str_eq(read("http://c:4318", none)->url, "");
    static const char *const own[][2] = {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://d/x/"},
                                         {NULL, NULL}};
    cr_expect_str_eq(read("http://c:4318", own)->url, "https://d/x/");
}

Test(settings, pairs_are_unescaped_and_numbers_bounded)
{
    static const char *const given[][2] = {
        {"OTEL_EXPORTER_OTLP_HEADERS", " a = b%20c , ,d=e=f%3"},
        {"OTEL_BSP_MAX_QUEUE_SIZE", "10"},
        {"OTEL_TRACES_SAMPLER", "traceidratio"},
        {"OTEL_TRACES_SAMPLER_ARG", "0.25"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
        {NULL, NULL}};
    const telemetry_settings *s = read("http://c", given);
    cr_assert_eq(s->headers.count, 2u);
    cr_expect_str_eq(s->headers.names[0], "a");
    cr_expect_str_eq(s->headers.values[0], "b c");
    cr_expect_str_eq(s->headers.values[1], "e=f%3");
    cr_expect(s->queue_max == 10 && s->batch_max == 10, "a batch is no more than the queue");
    cr_expect(s->ratio > 0.24 && s->ratio < 0.26 && s->warning != NULL);
}

Test(settings, a_line_break_can_not_become_a_header)
{
    static const char *const given[][2] = {{"OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0aHost: x"},
                                           {NULL, NULL}};
    telemetry_settings out;
    char error[256] = "";
    variables = given;
    cr_expect_not(telemetry_settings_read(&out, "http://c", get, error));
    cr_expect(strstr(error, "line break") != NULL && strstr(error, "Host") == NULL);
}

Test(otlp, a_partial_success_is_read_and_nothing_else_is_one)
{
    static const struct {
        const char *body;
        int64_t rejected;
    } all[] = {{"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"full\"}}", 3},
               {"{\"partialSuccess\":{\"rejectedSpans\":2}}", 2},
               {"{\"partialSuccess\":{}}", 0},
               {"{}", 0},
               {"no JSON", 0},
               {"{\"partialSuccess\":{\"rejectedSpans\":\"-1\"}}", 0}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cr_expect_eq(otlp_rejected(all[i].body, strlen(all[i].body)), all[i].rejected);
    }
    cr_expect_eq(otlp_rejected(NULL, 0), 0);
}

Test(otlp, numbers_are_text_and_what_is_absent_is_left_out)
{
    telemetry_settings settings = {.service = "s"};
    span good = {.trace_id = "11", .span_id = "22", .name = "good", .end_ns = INT64_MAX};
    const span *spans[] = {&good};
    char *text = otlp_request(&settings, spans, 1);
    cr_assert_not_null(text);
    cr_expect_not_null(strstr(text, "\"endTimeUnixNano\":\"9223372036854775807\""));
    cr_expect_null(strstr(text, "parentSpanId"));
    free(text);
}
