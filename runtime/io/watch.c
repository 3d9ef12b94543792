/* The calls of cogo/io.h: each watch is a reference of its actor, as timers are. */
#include "runtime/actor/send.h"
#include "runtime/io/loop.h"

static cogo__ref *own_watch(cogo_context *ctx, uint64_t number)
{
    cogo__ref *ref = cogo__ref_find(&ctx->system->refs, number);
    bool mine = ref != NULL && cogo__u32_load_relaxed(&ref->kind) == COGO__REF_IO
                && cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self);
    return mine ? ref : NULL;
}

cogo_err cogo_io_watch(cogo_context *ctx, int fd, uint64_t cookie, uint64_t *out_watch)
{
    cogo__ref *ref = NULL;
    if (fd < 0 || out_watch == NULL) {
        return COGO_EINVAL;
    }
    if ((ctx->system->config.flags & COGO_SYSTEM_POLLED) != 0) {
        return COGO_EUNSUPPORTED;
    }
    cogo__io *io = cogo__io_of(ctx->system);
    if (io == NULL) {
        return COGO_EIO;
    }
    uint64_t number = cogo__ref_create(ctx->system, ctx, ctx->cell, COGO__REF_IO, &ref);
    if (number == 0) {
        return COGO_ENOMEM;
    }
    ref->cookie = cookie;
    ref->fd = fd;
    cogo__u64_store_relaxed(&ref->told, number & ~(uint64_t)UINT32_MAX);
    cogo__u32_store_relaxed(&ref->quiet, 0);
    cogo_err err = cogo__io_add(io, fd, number);
    if (err != COGO_OK) {
        cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
        return err;
    }
    *out_watch = number;
    return COGO_OK;
}

cogo_err cogo_io_want(cogo_context *ctx, uint64_t watch, uint32_t events)
{
    const cogo__ref *ref = own_watch(ctx, watch);
    return ref == NULL ? COGO_ENOTFOUND
                       : cogo__io_want(cogo__io_of(ctx->system), ctx, ref->fd, watch, events);
}

cogo__ref *cogo__io_quiet(cogo_context *ctx, uint64_t watch)
{
    cogo__ref *ref = own_watch(ctx, watch);
    if (ref != NULL) {
        cogo__u32_store_relaxed(&ref->quiet, 1);
    }
    return ref;
}

void cogo_io_unwatch(cogo_context *ctx, uint64_t watch)
{
    cogo__ref *ref = own_watch(ctx, watch);
    if (ref != NULL) {
        cogo__io_remove(cogo__io_of(ctx->system), ref->fd);
        cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
    }
}
