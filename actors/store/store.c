/* Opens the journal and starts its two actors. */
#include "actors/store/store.h"

#include "actors/store/actors.h"
#include "actors/store/journal.h"
#include "codec/contract/failpoint.h"

#include <cogo/system.h>

#include <stdio.h>

#define START_TIMEOUT_NS UINT64_C(10000000000)

static void close_reader(const void *handle)
{
    journal_reader_close(*(journal_reader *const *)handle);
}

static void close_writer(const void *handle)
{
    journal_close(*(journal *const *)handle);
}

/* The actor owns what @p handle points to from its start() on, which has run when this returns
 * COGO_OK: an actor that is stopped before its start() would never close it. */
static cogo_err spawn(cogo_system *system, const cogo_behavior *behavior, const void *handle,
                      void (*close_handle)(const void *handle), cogo_actor_id *out)
{
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = behavior,
        .args = handle,
        .args_size_bytes = sizeof(void *),
        .name = behavior->name,
        .flags = COGO_SPAWN_DETACHED,
    };
    cogo_err err = cogo_system_spawn(system, &options, out);
    if (err != COGO_OK) {
        close_handle(handle);
        return err;
    }
    cogo_msg *answer = NULL;
    err = cogo_system_ask(system, *out,
                          cogo_msg_create_record(system, MSG_HEALTH_READ, &(empty){false}),
                          START_TIMEOUT_NS, &answer);
    cogo_msg_destroy(answer);
    if (err != COGO_OK) {
        cogo_exit_actor(system, *out, COGO_EXIT_SHUTDOWN, "store");
    }
    return err;
}

cogo_err store_start(cogo_system *system, const store_config *config, cogo_actor_id *out_writer,
                     cogo_actor_id *out_reader, int64_t *out_term, char error[256])
{
    journal *j = NULL;
    journal_reader *r = NULL;
    cogo_actor_id writer_id, reader_id;
    cogo_err err = journal_open(config, &j, out_term, error);
    if (err != COGO_OK) {
        return err;
    }
    if (*out_term != 0) {
        failpoint("store.term.after");
    }
    err = journal_reader_open(config->path, &r, error);
    if (err != COGO_OK) {
        journal_close(j);
        return err;
    }
    err = spawn(system, &store_reader, &r, close_reader, &reader_id);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot start the store: %s",
                       cogo_strerror(err));
        journal_close(j);
        return err;
    }
    err = spawn(system, &store_writer, &j, close_writer, &writer_id);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot start the store: %s",
                       cogo_strerror(err));
        cogo_exit_actor(system, reader_id, COGO_EXIT_SHUTDOWN, "store");
        return err;
    }
    *out_writer = writer_id;
    *out_reader = reader_id;
    return COGO_OK;
}
