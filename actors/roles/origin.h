/* Who wrote a file: people of this tree, or a program, or people elsewhere.
 * Used by the workspace when it lists a tree.
 * Never decides by a common name alone: a script called "missing" may be anybody's. */
#ifndef ROLES_ORIGIN_H
#define ROLES_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#define ORIGIN_LINES 8u /* Of a file's head: where generators say that they were there. */

/* True for what autotools, quilt and their like leave in a tree, for vendored folders, minified
 * scripts, and files whose first lines say that a program wrote them. */
bool origin_is_foreign(const char *path, const char *head, size_t head_size);

#endif
