/* What calls are made wrongly with. */
#ifndef TESTS_UNIT_RUNTIME_REFUSAL_H
#define TESTS_UNIT_RUNTIME_REFUSAL_H

#include "tests/unit/runtime/inside.h"

static char long_text[400];

static inline const char *too_long(void)
{
    memset(long_text, 'n', sizeof long_text - 1);
    return long_text;
}

static inline cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior plain = {
    .struct_size = sizeof plain, .name = "plain", .receive = ignore};

#endif
