/* The text of a C file in pieces: words, calls with their arguments, strings and constants.
 * Used by the rules for C; it needs no headers and no build, so it reads what does not compile.
 * Never understands types or macros, and never reads beyond the text it was given. */
#ifndef ROLES_SECURITY_SCANNER_C_TEXT_H
#define ROLES_SECURITY_SCANNER_C_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define C_ARGUMENTS_MAX  12u    /* Of one call; more are not looked at. */
#define C_CALL_BYTES_MAX 65536u /* From its first to its last argument. */

typedef struct c_slice {
    const char *at;
    size_t size;
} c_slice;

typedef struct c_call {
    c_slice name;
    c_slice args[C_ARGUMENTS_MAX];
    size_t count;
    const char *end; /* After the closing parenthesis. */
} c_call;

bool c_text_is_word(char c);
/* Where the string that begins at @p at ends, at the latest with its line. */
const char *c_text_skip_string(const char *at, const char *end);
/* A copy with comments overwritten by blanks; strings, newlines and offsets stay. The caller
 * frees it; NULL when out of memory. */
char *c_text_without_comments(const char *text, size_t size);
/* The call whose name begins at @p at; false when it is none. */
bool c_text_call(const char *text, const char *end_of_text, const char *at, c_call *c);

bool c_slice_equals(c_slice s, const char *word);
bool c_slice_one_of(c_slice s, const char *const *words); /* Ends with NULL. */
/* The plain name in "(char *)&name[0]"; empty when it is anything else. */
c_slice c_slice_name(c_slice s);
/* "text", 'c', 12, NAME: what the program's author wrote. */
bool c_slice_is_constant(c_slice s);
bool c_slice_is_sql(c_slice s);
/* Does the format put foreign text in as it is? %d does not, %q and %Q quote. */
bool c_slice_takes_text(c_slice format);

#endif
