/* Large messages in parts, put together before they are decoded. */
#include "runtime/base/alloc.h"
#include "runtime/node/connection.h"

#include <string.h>

enum { STREAM_FIRST = 262144 }; // Bytes reserved for a large message at first.

static cogo__stream *stream_of(cogo__connection *c, uint64_t number)
{
    for (int i = 0; i < COGO__STREAMS_MAX; i++) {
        if (c->incoming.streams[i].number == number) {
            return &c->incoming.streams[i];
        }
    }
    return NULL;
}

cogo__stream *cogo__stream_find(cogo__connection *c, uint64_t number)
{
    return number != 0 ? stream_of(c, number) : NULL;
}

cogo_err cogo__stream_open(cogo__connection *c, const cogo__frame_first *f,
                           const cogo__frame_user *head, cogo__stream **out_stream)
{
    if (f->stream == 0 || stream_of(c, f->stream) != NULL) {
        return COGO_EDECODE;
    }
    cogo__stream *stream = stream_of(c, 0);
    if (stream == NULL || f->total_bytes > c->node->config.message_bytes
        || f->asker.size_bytes != 0) {
        return COGO_ELIMIT;
    }
    stream->number = f->stream;
    stream->head = *head;
    stream->total = f->total_bytes;
    *out_stream = stream;
    return COGO_OK;
}

/* Memory is reserved as bytes come, not as they are promised. */
cogo_err cogo__stream_add(cogo__connection *c, cogo__stream *stream, cogo_value part)
{
    if (part.size_bytes > stream->total - stream->have) {
        return COGO_EDECODE;
    }
    size_t wanted = stream->have + part.size_bytes;
    if (wanted > stream->capacity) {
        size_t capacity = stream->capacity != 0 ? stream->capacity * 2 : STREAM_FIRST;
        capacity = capacity < stream->total ? capacity : stream->total;
        uint8_t *bytes =
            cogo__realloc(c->node->system->config.allocator, stream->bytes, capacity);
        if (bytes == NULL) {
            return COGO_ENOMEM;
        }
        stream->bytes = bytes;
        stream->capacity = capacity;
    }
    memcpy(stream->bytes + stream->have, part.data, part.size_bytes);
    stream->have = wanted;
    return COGO_OK;
}

void cogo__stream_end(cogo__stream *stream)
{
    cogo__free(stream->bytes);
    *stream = (cogo__stream){.number = 0};
}
