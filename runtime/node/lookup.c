#include "runtime/node/lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of cogo__lookup.state: who comes last frees it. */
enum { PENDING, DONE, DROPPED };

struct cogo__lookup {
    cogo__au32 state;
    char host[COGO__HOST_SIZE];
    char port[8];
    char error[64]; /* "": none. */
    size_t count;
    cogo__address at[COGO__LOOKUP_MAX];
};

static void look_up(cogo__lookup *l)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(l->host, l->port, &hints, &found);
    if (failed != 0) {
        (void)snprintf(l->error, sizeof l->error, "%s", gai_strerror(failed));
        return;
    }
    for (const struct addrinfo *i = found; i != NULL && l->count < COGO__LOOKUP_MAX;
         i = i->ai_next) {
        if (i->ai_addrlen <= sizeof l->at[0].at) {
            memcpy(&l->at[l->count].at, i->ai_addr, i->ai_addrlen);
            l->at[l->count++].size = i->ai_addrlen;
        }
    }
    freeaddrinfo(found);
}

static void *run(void *arg)
{
    cogo__lookup *l = arg;
    look_up(l);
    // Gives what was found; pairs with is_done(), or with drop().
    if (cogo__u32_swap_acq_rel(&l->state, DONE) == DROPPED) {
        free(l);
    }
    return NULL;
}

cogo__lookup *cogo__lookup_begin(const cogo__world *world, const char *host, uint16_t port)
{
    cogo__lookup *l = world->thread_abandon != NULL ? calloc(1, sizeof *l) : NULL;
    if (l == NULL) {
        return NULL;
    }
    (void)snprintf(l->host, sizeof l->host, "%s", host);
    (void)snprintf(l->port, sizeof l->port, "%u", port);
    if (!world->thread_abandon(world->ctx, run, l)) {
        free(l);
        return NULL;
    }
    return l;
}

bool cogo__lookup_is_done(cogo__lookup *l)
{
    return cogo__u32_load_acquire(&l->state) == DONE;
}

const char *cogo__lookup_error(const cogo__lookup *l)
{
    return l->error[0] != '\0' ? l->error : NULL;
}

size_t cogo__lookup_count(const cogo__lookup *l)
{
    return l->count;
}

const cogo__address *cogo__lookup_at(const cogo__lookup *l, size_t index)
{
    return &l->at[index];
}

void cogo__lookup_drop(cogo__lookup *l)
{
    if (l != NULL && cogo__u32_swap_acq_rel(&l->state, DROPPED) == DONE) {
        free(l);
    }
}
