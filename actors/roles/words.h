/* Words, and texts that have a length and need no NUL at their end. Used by all roles. */
#ifndef ROLES_WORDS_H
#define ROLES_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Is @p word somewhere in the text, in whatever case? */
bool word_in(const char *text, size_t size, const char *word);

/* Is the text one of the words? */
bool word_is_one_of(const char *const *words, size_t count, const char *text, size_t size);

#endif
