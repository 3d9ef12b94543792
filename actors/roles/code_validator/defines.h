/* The -D words that a tree's build files give to its compiler, found as text.
 * Used by the dimensions that compile: most false errors come from a name only the build knows.
 * Never runs a build file, never takes any other option from it. */
#ifndef ROLES_CODE_VALIDATOR_DEFINES_H
#define ROLES_CODE_VALIDATOR_DEFINES_H

#include "actors/roles/workspace.h"

#define DEFINES_BYTES_MAX 16384u /* Of the answer. */
#define DEFINES_FILES_MAX 200u   /* Build files that are read. */

/* Lines of a response file, one "-DNAME=value" each; values that the build computes are "0".
 * The caller frees it; NULL when out of memory. */
char *defines_of(const workspace *ws);

/* The same, added from one text to @p out, which holds DEFINES_BYTES_MAX. */
void defines_in(const char *text, char *out);

#endif
