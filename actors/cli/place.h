/* Where an assessment runs: a running cluster, or a node of our own in a folder of its own.
 * Used by assess.c, and by benches for what was left. Never leaves a folder behind: what a
 * killed run left is swept by the next.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "actors/cli/client.h"
#include "actors/cli/node.h"

enum { PLACE_TOKEN_BYTES = 24 };

typedef struct place {
    client c;
    node *own; /* NULL: somebody else's cluster. */
    char url[64], token[2 * PLACE_TOKEN_BYTES + 1], folder[64];
} place;

/* A cluster that was named must answer; the default one is used when it is there and able; else
 * a node is started in this process. On failure it has said why. */
cli_exit place_find(place *p, const args *a);
void place_leave(place *p);

/* Removes folders that runs of ours left which were killed; others' and living ones stay. */
void place_sweep(void);

/* Random hexadecimal digits that nobody guesses. False: there are none (errno). */
bool place_token(char out[2 * PLACE_TOKEN_BYTES + 1]);

#endif
