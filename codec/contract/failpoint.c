#include "codec/contract/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X(name) name,
const char *const failpoint_names[] = {FAILPOINT_MAP(X) NULL};
#undef X

typedef struct order {
    const char *name;
    int signal_number;
    atomic_long left; /* Places are reached by several threads. */
} order;

/* Written once, before any thread that reads them. */
bool failpoint_armed;
static order orders[FAILPOINT_ORDERS_MAX];
static size_t order_count;

static const char *known(const char *text, size_t size)
{
    const char *const *name = failpoint_names;
    while (*name != NULL && (strlen(*name) != size || strncmp(*name, text, size) != 0)) {
        name++;
    }
    return *name;
}

/* One order, at @p text; where it ends, or NULL. */
static const char *parse(const char *text, order *out)
{
    size_t size = strcspn(text, ":,");
    const char *what = text[size] == ':' ? text + size + 1 : "";
    bool kills = strncmp(what, "kill", 4) == 0;
    out->name = known(text, size);
    if (out->name == NULL || (!kills && strncmp(what, "stop", 4) != 0)) {
        return NULL;
    }
    long count = 1;
    const char *end = what + 4;
    if (*end == ':') {
        char *after = NULL;
        count = strtol(what + 5, &after, 10);
        end = after == what + 5 || count < 1 ? "?" : after;
    }
    out->signal_number = kills ? SIGKILL : SIGSTOP;
    atomic_init(&out->left, count);
    return *end == '\0' || *end == ',' ? end : NULL;
}

bool failpoints_arm(const char *text)
{
    if (text == NULL || *text == '\0') {
        return true;
    }
    size_t count = 0;
    while (count < FAILPOINT_ORDERS_MAX) {
        text = parse(text, &orders[count++]);
        if (text == NULL) {
            return false;
        }
        if (*text == '\0') {
            order_count = count;
            failpoint_armed = true;
            return true;
        }
        text++;
    }
    return false;
}

void failpoint_reach(const char *name)
{
    for (size_t i = 0; i < order_count; i++) {
        if (strcmp(name, orders[i].name) == 0 && atomic_fetch_sub(&orders[i].left, 1) == 1) {
            (void)dprintf(STDERR_FILENO, "failpoint %s\n",
                          name); // Unbuffered: the end is near.
            (void)raise(orders[i].signal_number);
        }
    }
}
