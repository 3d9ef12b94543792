/* Whether root may make mount namespaces here: in many containers it may not.
 * Used by the plan; found out once per process by trying.
 * Never changes this process. */
#ifndef SANDBOX_STAGE_H
#define SANDBOX_STAGE_H

#include <stdbool.h>

bool sandbox__stage_works(void);

#endif
