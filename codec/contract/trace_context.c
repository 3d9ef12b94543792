#include "codec/contract/trace_context.h"

#include <stdio.h>
#include <string.h>

static bool hex(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") >= size;
}

bool trace_context_parse(const char *text, trace_context *out)
{
    bool valid = text != NULL && strlen(text) == TRACEPARENT_SIZE - 1 && hex(text, 2)
                 && text[2] == '-' && hex(text + 3, 32) && text[35] == '-' && hex(text + 36, 16)
                 && text[52] == '-' && hex(text + 53, 2) && strncmp(text, "ff", 2) != 0
                 && strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
    if (!valid) {
        return false;
    }
    memcpy(out->trace_id, text + 3, 32);
    memcpy(out->span_id, text + 36, 16);
    out->trace_id[32] = out->span_id[16] = '\0';
    out->sampled = strchr("13579bdf", text[54]) != NULL;
    return true;
}

void trace_context_format(const trace_context *c, char out[TRACEPARENT_SIZE])
{
    (void)snprintf(out, TRACEPARENT_SIZE, "00-%.32s-%.16s-%s", c->trace_id, c->span_id,
                   c->sampled ? "01" : "00");
}

void span_id_format(uint64_t number, char out[SPAN_ID_SIZE])
{
    (void)snprintf(out, SPAN_ID_SIZE, "%016llx",
                   (unsigned long long)(number != 0 ? number : 1));
}

void trace_context_begin(trace_context *out, uint64_t random_high, uint64_t random_low,
                         double ratio)
{
    uint64_t low = random_low != 0 ? random_low : 1;
    (void)snprintf(out->trace_id, sizeof out->trace_id, "%016llx%016llx",
                   (unsigned long long)random_high, (unsigned long long)low);
    // As OpenTelemetry's ratio does: by the low 56 bits of the id.
    out->sampled =
        ratio >= 1 || (double)(low & 0xffffffffffffffU) < ratio * 72057594037927936.0;
    out->span_id[0] = '\0';
}
