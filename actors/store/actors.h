/* The two actors of the store and what both answer with. Used by store.c, which starts them,
 * and by themselves. Their callbacks wait for disks, so each needs a thread of its own. */
#ifndef STORE_ACTORS_H
#define STORE_ACTORS_H

#include "codec/contract/messages.h"

#include <cogo/actor.h>

/* Their argument is a pointer to a journal or journal_reader, which start() takes over. */
extern const cogo_behavior store_writer, store_reader;

void store_answer(cogo_context *ctx, const cogo_msg *request, cogo_msg_type type,
                  const void *record);
void store_answer_health(cogo_context *ctx, const cogo_msg *request, const char *check,
                         bool ready);
void store_answer_problem(cogo_context *ctx, const cogo_msg *request, int64_t status,
                          const char *code, const char *detail);

#endif
