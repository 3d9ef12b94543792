/* One run at a level that the caller names.
 * Used by the room itself: to probe levels and to test them.
 * Never falls back to another level. */
#ifndef SANDBOX_RUN_H
#define SANDBOX_RUN_H

#include "actors/sandbox/sandbox.h"

COGO_MUST_USE cogo_err sandbox__run_at(const sandbox_request *request, sandbox_level level,
                                       sandbox_result *result);

#endif
