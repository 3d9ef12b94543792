/* The options that say how long finished work is kept.
 * Used by `cogo dev` and `cogo node --role orchestrator`. Never touches a store. */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include "actors/cli/cli.h"
#include "actors/cli/node.h"

/* Lines of an option table. */
#define KEEP_OPTIONS                                                                   \
    {.name = "keep-tasks-for",                                                         \
     .value = "TIME",                                                                  \
     .fallback = "30d",                                                                \
     .doc = "finished tasks are removed after it, with results and events; 0: never"}, \
        {.name = "keep-tasks",                                                         \
         .value = "N",                                                                 \
         .fallback = "10000000",                                                       \
         .doc = "so many of the newest tasks are kept, dead letters aside; 0: all"},   \
        {.name = "keep-deadletters-for",                                               \
         .value = "TIME",                                                              \
         .fallback = "90d",                                                            \
         .doc = "dead letters are removed after it; 0: never"},                        \
        {.name = "keep-audit-for",                                                     \
         .value = "TIME",                                                              \
         .fallback = "365d",                                                           \
         .doc = "entries of the audit log are removed after it; 0: never"},            \
        {.name = "keep-events-for",                                                    \
         .value = "TIME",                                                              \
         .fallback = "0",                                                              \
         .doc = "events of finished tasks are removed after it; 0: with their tasks"}, \
    {                                                                                  \
        .name = "keep-every", .value = "TIME", .fallback = "60s",                      \
        .doc = "how often to look for what is kept no longer"                          \
    }

/* CLI_USAGE: said which option is wrong. */
cli_exit keep_take(const args *a, node_keep *out);

#endif
