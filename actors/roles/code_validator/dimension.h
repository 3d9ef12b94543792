/* The four dimensions of the code-validator: each looks at the tree in its own way and adds
 * findings. Used by the role, which runs them at the same time. Never decides the verdict,
 * never waits for another dimension. */
#ifndef ROLES_CODE_VALIDATOR_DIMENSION_H
#define ROLES_CODE_VALIDATOR_DIMENSION_H

#include "actors/roles/scan.h"

#define DIMENSION_RULES_FILE ".cogo-rules"

typedef struct dimension_job {
    scan *s;
    uint64_t budget_ms;    /* For each expensive tool. */
    const char *gcc_flags; /* A response file's text: where headers of the tree are. */
    const char *defines;   /* The same, of what the tree's build files define. */
    bool security_runs;    /* Then cppcheck is its, not the semantics'. */
    char note[200];        /* Written by the dimension: what its evidence should add. */
} dimension_job;

void dimension_syntax(dimension_job *d);
void dimension_semantics(dimension_job *d);
void dimension_architecture(dimension_job *d);

#endif
