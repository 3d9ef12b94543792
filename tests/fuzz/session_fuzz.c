/* A stranger's bytes into one end of a connection. The first byte chooses the side, whether the
 * cluster has a secret, and the size of the pieces. Whoever does not know the secret is never
 * asked about, no frame of it is ever handed on. */
#include "runtime/node/session.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static int reached; /* Calls of the owner: only an authenticated peer causes them. */

static cogo_err admit(void *ctx, cogo__session *session, const char **why)
{
    (void)ctx, (void)session, (void)why;
    reached++;
    return COGO_OK;
}

static cogo_err take(void *ctx, cogo__session *session, const cogo__frame *frame)
{
    (void)ctx;
    reached++;
    claim(cogo__session_state_of(session) == COGO__SESSION_OPEN);
    claim(cogo__frame_name(frame->kind) != NULL);
    return COGO_OK;
}

static void feed(cogo__session *session, const uint8_t *data, size_t size, size_t piece)
{
    uint8_t *held = malloc(size + 1);
    size_t have = 0, at = 0;
    claim(held != NULL);
    while (at < size) {
        size_t part = size - at < piece ? size - at : piece;
        memcpy(held + have, data + at, part);
        have += part;
        at += part;
        size_t used = cogo__session_input(session, held, have);
        claim(used <= have);
        have -= used;
        memmove(held, held + used, have);
    }
    free(held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cogo__session *session = NULL;
    uint8_t choice = size > 0 ? data[0] : 0;
    cogo__session_config config = {.opens = (choice & 1) != 0,
                                   .node = "cogo-1",
                                   .cluster = "",
                                   .incarnation = 1,
                                   .events = {NULL, admit, take}};
    if ((choice & 2) == 0) {
        config.secret = "a secret that the fuzzer does not know";
        config.secret_size_bytes = 38;
        memset(config.nonce, choice, sizeof config.nonce);
    }
    reached = 0;
    claim(cogo__session_create(&config, &session) == COGO_OK);
    if (size > 1) {
        feed(session, data + 1, size - 1, (size_t)(choice >> 2) + 1);
    }
    claim(config.secret == NULL || reached == 0);
    if (cogo__session_state_of(session) == COGO__SESSION_CLOSED) {
        claim(memchr(cogo__session_why(session), '\n', strlen(cogo__session_why(session)))
              == NULL);
    }
    cogo__session_destroy(session);
    return 0;
}
