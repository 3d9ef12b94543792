/* Runs gcc over C and C++ files one by one and reads its JSON diagnostics.
 * Used by the syntax and the semantics dimension.
 * Never takes a header that is not in the tree for a defect of the file that wants it. */
#ifndef ROLES_CODE_VALIDATOR_GCC_H
#define ROLES_CODE_VALIDATOR_GCC_H

#include "actors/roles/code_validator/dimension.h"

#define GCC_FOLDERS_MAX 60u /* Folders with headers that are given to gcc. */

/* -iquote and -idirafter of every folder that has headers: a tree's own "string.h" never hides
 * the system's <string.h>. The caller frees it; NULL when out of memory. */
char *gcc_flags_of(const workspace *ws);

/* Errors only. */
void gcc_syntax(dimension_job *d);
/* Warnings and -fanalyzer. */
void gcc_semantics(dimension_job *d);

#endif
