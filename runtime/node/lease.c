#include "runtime/node/lease.h"

#include <cogo/offload.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CLAIMANT_SIZE = COGO__NODE_NAME_MAX + 20 };

/* On a thread of the pool. */
static cogo_msg *ask_store(cogo_offload_job *job, void *arg)
{
    const cogo__lease_errand *e = arg;
    char who[CLAIMANT_SIZE];
    (void)snprintf(who, sizeof who, "%s/%016" PRIx64, e->who.node, e->who.incarnation);
    const cogo_lease_request request = {.struct_size = sizeof request,
                                        .name = e->name,
                                        .claimant = who,
                                        .term = e->term,
                                        .lease_ms = e->lease_ms};
    cogo_msg *msg =
        cogo_msg_create(cogo_offload_system(job), COGO_MSG_BYTES, sizeof(cogo__lease_said));
    uint64_t term = 0;
    cogo_err err = COGO_OK;
    if (e->give) {
        e->store.give(e->store.ctx, &request);
    } else {
        err = e->store.take(e->store.ctx, &request, &term);
    }
    if (msg != NULL) {
        cogo__lease_said *said = cogo_msg_payload(msg);
        *said = (cogo__lease_said){
            .errand = *e, .yes = err == COGO_OK, .no = err == COGO_EEXIST, .term = term};
    }
    return msg;
}

cogo_err cogo__lease_send(cogo_context *ctx, const cogo__lease_errand *errand,
                          uint64_t *out_ask)
{
    const cogo_offload_options options = {.struct_size = sizeof options,
                                          .run = ask_store,
                                          .arg = errand,
                                          .arg_size_bytes = sizeof *errand};
    return cogo_offload(ctx, &options, out_ask);
}
