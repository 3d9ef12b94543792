#include "runtime/node/loose.h"

#include <string.h>

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

void cogo__loose_add(cogo__loose *loose, size_t output_bytes, cogo_msg *msg, cogo_value payload)
{
    loose->all[loose->count++] =
        (cogo__loose_one){output_bytes - loose->before, payload.data, payload.size_bytes, msg};
    loose->before = output_bytes;
    loose->bytes += payload.size_bytes;
}

static int add_piece(struct iovec *out, int count, const uint8_t *bytes, size_t size)
{
    out[count].iov_base = (void *)(uintptr_t)bytes; // Only read from.
    out[count].iov_len = size;
    return size != 0 ? count + 1 : count;
}

int cogo__loose_gather(const cogo__loose *loose, const cogo__session *session,
                       struct iovec *out)
{
    size_t size = 0;
    const uint8_t *bytes = cogo__session_output(session, &size);
    int count = 0;
    for (uint32_t i = 0; i < loose->count; i++) {
        const cogo__loose_one *one = &loose->all[i];
        count = add_piece(out, count, bytes, one->before);
        count = add_piece(out, count, one->at, one->left);
        bytes += one->before;
    }
    return add_piece(out, count, bytes, size - loose->before);
}

void cogo__loose_sent(cogo__loose *loose, cogo__session *session, cogo__heap *heap,
                      size_t size_bytes)
{
    uint32_t gone = 0;
    for (; gone < loose->count && size_bytes != 0; gone++) {
        cogo__loose_one *one = &loose->all[gone];
        size_t before = lesser(one->before, size_bytes);
        size_t payload = lesser(one->left, size_bytes - before);
        cogo__session_sent(session, before);
        one->before -= before;
        loose->before -= before;
        one->at += payload;
        one->left -= payload;
        loose->bytes -= payload;
        size_bytes -= before + payload;
        if (one->left != 0) {
            break;
        }
        cogo__msg_free(heap, one->msg);
    }
    cogo__session_sent(session, loose->count == gone ? size_bytes : 0);
    loose->count -= gone;
    memmove(loose->all, loose->all + gone, loose->count * sizeof *loose->all);
}

void cogo__loose_drop(cogo__loose *loose, cogo__heap *heap)
{
    for (uint32_t i = 0; i < loose->count; i++) {
        cogo__msg_free(heap, loose->all[i].msg);
    }
    *loose = (cogo__loose){.count = 0};
}
