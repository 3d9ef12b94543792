/* Sentences that show a part of a stranger's text ("%.80s").
 * Used by the orchestrator, the store and the doors. Never leaves a part of a character: a text
 * with one can't be sent to a client, nor to another node. */
#ifndef CONTRACT_TEXT_H
#define CONTRACT_TEXT_H

#include <cogo/arena.h>

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf whose arguments are UTF-8 and whose result is: a character that a precision or the
 * end of @p out cuts is left out. */
void text_format(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* The same in @p arena; NULL: out of memory. */
const char *text_print(cogo_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
