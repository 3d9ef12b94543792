#include "actors/cli/trace.h"

#include "actors/cli/log.h"

#include <errno.h>
#include <string.h>

static bool write_piece(void *ctx, const char *bytes, size_t size_bytes)
{
    return fwrite(bytes, 1, size_bytes, ctx) == size_bytes;
}

cogo_err trace_begin(trace *t, cogo_system *system, const char *path, char error[256])
{
    *t = (trace){.path = path};
    if (path == NULL) {
        return COGO_OK;
    }
    t->out = fopen(path, "we");
    if (t->out == NULL) {
        snprintf(error, 256, "trace file %s: %s", path, strerror(errno));
        return COGO_EINVAL;
    }
    cogo_err err = cogo_system_trace_start(system, NULL);
    if (err != COGO_OK) {
        snprintf(error, 256, "the trace did not begin: %s", cogo_strerror(err));
    }
    return err;
}

void trace_end(trace *t, cogo_system *system)
{
    if (t->out == NULL) {
        return;
    }
    (void)cogo_system_trace_stop(system);
    cogo_err err = cogo_system_trace_write(system, write_piece, t->out);
    if (fclose(t->out) != 0 && err == COGO_OK) {
        err = COGO_EIO;
    }
    t->out = NULL;
    if (err == COGO_OK) {
        log_line(COGO_LOG_INFO, "trace written to %s: open it in ui.perfetto.dev", t->path);
    } else {
        log_line(COGO_LOG_ERROR, "trace %s: %s", t->path, cogo_strerror(err));
    }
}
