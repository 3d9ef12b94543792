/* A request body in chunks (RFC 9112, 7.1): taken apart in place. Used by conn.c. Pure. Never
 * guesses: a size that two readers could read differently is refused. */
#ifndef GATEWAY_CHUNKS_H
#define GATEWAY_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHUNK_LINE_MAX = 128, /* Bytes of a size line with its extensions, which are dropped. */
    CHUNK_TRAILERS_MAX = 4 * 1024, /* Bytes of trailers, which are dropped. */
};

typedef struct chunks {
    size_t decoded; /* Bytes of the body, at the front of the buffer. */
    size_t trailer_bytes;
    bool last; /* The chunk of size 0 was read: trailers follow. */
} chunks;

typedef enum chunks_step {
    CHUNKS_MORE,  /* The body goes on. */
    CHUNKS_DONE,  /* The first c->decoded bytes are the body; what follows it comes next. */
    CHUNKS_BAD,   /* Malformed. */
    CHUNKS_LARGE, /* Larger than the limit. */
} chunks_step;

/* Goes on with @p bytes, whose first c->decoded bytes are the body so far. *size shrinks by
 * what was dropped. */
chunks_step chunks_advance(chunks *c, char *bytes, size_t *size, int64_t limit);

#endif
