/* Finds keys, tokens and passwords in text, and hides them.
 * Used by the security scanner to report them, and by everything that shows text from a tree.
 * Never lets more than the first four characters of one out. */
#ifndef ROLES_SECRET_H
#define ROLES_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_SHOWN    4u     /* Characters of a secret that are shown. */
#define SECRET_MASK_MAX 20u    /* Characters of a masked secret. */
#define SECRET_LINE_MAX 65536u /* Of a longer line only the start is searched. */

typedef struct secret_hit {
    const char *rule_id; /* "secret-aws-key", ... */
    const char *title;   /* "AWS access key" */
    size_t start, size;  /* Of the secret in the line. */
    bool guessed;        /* By name and entropy, not by a known form. */
} secret_hit;

/* The first secret in one line of text, from @p from on. @p lenient: code of tests and
 * examples; there only known forms count. */
bool secret_find(const char *line, size_t size, size_t from, bool lenient, secret_hit *out);

/* "AKIA****************". */
void secret_mask(const char *secret, size_t size, char out[SECRET_MASK_MAX + 1]);

/* Overwrites each secret in @p text with its first four characters and asterisks, in place. */
void secret_mask_text(char *text);

/* Overwrites whatever is between quotes, in place: for messages about a secret. */
void secret_mask_quoted(char *text);

#endif
