/* Lines of the log about tasks. Used by transition.c and audit.c. Never a line for each task.
 */
#ifndef ORCHESTRATOR_LOG_H
#define ORCHESTRATOR_LOG_H

#include "actors/orchestrator/room.h"

/* Says what went wrong with @p t, with its task and trace id. */
void orc_log_task(orc *o, const orc_task *t);

enum { LOG_WORD_SIZE = 136 /* Bytes, with the end. */ };

/* Anybody's text as the value of a field of a line: a space in it would begin another field.
 * "-" for NULL; else in @p out, cut to its size. */
const char *orc_log_word(const char *text, char out[LOG_WORD_SIZE]);

#endif
