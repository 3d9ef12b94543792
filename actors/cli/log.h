/* Log lines on stderr, as text or JSON, by COGO_LOG_LEVEL, COGO_LOG_FORMAT and DEBUG.
 * Used by the node and its commands. Never writes a secret: callers give none. What
 * moves a terminal or is no UTF-8 becomes '?': whoever's words are in it, a line is one line.
 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include <cogo/system.h>

/* Level and format from the environment. False with one sentence when a value is unknown. */
bool log_configure(char error[256]);
/* The least level that is written; for commands that should stay quiet. */
void log_set_level(cogo_log_level level);
void log_line(cogo_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A cogo_log_fn. */
void log_runtime_line(void *ctx, cogo_log_level level, const char *line);

#endif
