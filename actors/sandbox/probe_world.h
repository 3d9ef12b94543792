/* What the escape attempts of the self-test aim at: files, a process and a listener outside.
 * Used by the self-test only.
 * Never leaves anything behind. */
#ifndef SANDBOX_PROBE_WORLD_H
#define SANDBOX_PROBE_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct sandbox__probe_world {
    char base[64];      /* Holds all below. */
    char workdir[96];   /* For the sandboxed program. */
    char outside[96];   /* Open to everybody (mode 0777), but not given to the program. */
    char secret[128];   /* There: a file for us alone (0600). */
    char shared[128];   /* There: a file that everybody may read (0644). */
    char token[64];     /* Marks the programs of this world in their arguments. */
    pid_t victim;       /* A process of ours, called cogo-victim. */
    int listener, port; /* On the host's loopback. */
    int open_secret;    /* The secret, inheritable by mistake. */
} sandbox__probe_world;

bool sandbox__probe_world_init(sandbox__probe_world *world);
void sandbox__probe_world_finish(sandbox__probe_world *world);

bool sandbox__probe_victim_alive(const sandbox__probe_world *world);
bool sandbox__probe_was_connected(const sandbox__probe_world *world);
/* How many processes of the host carry the token. */
int sandbox__probe_token_count(const sandbox__probe_world *world);
/* True if the files outside are as they were made, and no others are there. */
bool sandbox__probe_outside_intact(const sandbox__probe_world *world);

#endif
