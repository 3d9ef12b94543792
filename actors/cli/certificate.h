/* The certificate files of a node: looked at before it starts, and again while it runs.
 * Used by node.c and serve.c. Never reads what is in them: the runtime does. */
#ifndef CLI_CERTIFICATE_H
#define CLI_CERTIFICATE_H

#include "actors/cli/node.h"

enum { CERTIFICATE_LOOK_MS = 10000 }; /* Between two looks whether the files have changed. */

/* How the files looked when they were read last. */
typedef struct certificate_watch {
    const node_links *links; /* Borrowed. */
    uint64_t seen;           /* 0: there are none to be watched. */
} certificate_watch;

/* True also when there is no TLS. False: @p error names the option and the file. Warns of a key
 * that everybody can read. */
bool certificate_check(const node_links *links, const char *name, char error[256]);

void certificate_watch_init(certificate_watch *watch, const node_links *links);
/* Takes the files into use if they have changed, or if @p always; says so in the log. */
void certificate_look(certificate_watch *watch, node *n, bool always);

#endif
