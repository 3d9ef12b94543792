#include "codec/contract/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define X(name) name,
const char *const failpoint_names[] = {FAILPOINT_MAP(X) NULL};
#undef X

const char *failpoint_armed; /* Written once, before any thread that reads it. */
static int signal_number;
static atomic_long left; /* Places are reached by several threads. */

bool failpoints_arm(const char *order)
{
    if (order == NULL || *order == '\0') {
        return true;
    }
    size_t size = strcspn(order, ":");
    const char *const *name = failpoint_names;
    while (*name != NULL && (strlen(*name) != size || strncmp(*name, order, size) != 0)) {
        name++;
    }
    const char *what = order[size] == ':' ? order + size + 1 : "";
    bool kills = strncmp(what, "kill", 4) == 0;
    if (*name == NULL || (!kills && strncmp(what, "stop", 4) != 0)) {
        return false;
    }
    long count = 1;
    if (what[4] == ':') {
        char *end = NULL;
        count = strtol(what + 5, &end, 10);
        if (end == what + 5 || *end != '\0' || count < 1) {
            return false;
        }
    } else if (what[4] != '\0') {
        return false;
    }
    signal_number = kills ? SIGKILL : SIGSTOP;
    atomic_init(&left, count);
    failpoint_armed = *name;
    return true;
}

void failpoint_reach(const char *name)
{
    if (strcmp(name, failpoint_armed) == 0 && atomic_fetch_sub(&left, 1) == 1) {
        (void)raise(signal_number);
    }
}
