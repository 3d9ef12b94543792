/* Bytes from anywhere into the decoder of frames. What decodes must encode again, in the form
 * that stays the same for ever. */
#include "codec/frame.h"
#include "codec/frame_user.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void use(const cogo__frame *frame, size_t read_bytes)
{
    cogo__frame again;
    size_t bound = cogo__frame_bound(frame);
    uint8_t *first = malloc(bound), *second = malloc(bound);
    claim(first != NULL && second != NULL);
    size_t wrote = cogo__frame_encode(frame, NULL, first, bound);
    claim(wrote > COGO__FRAME_PREFIX && wrote <= read_bytes); // The shortest form.
    claim(cogo__frame_decode(first + COGO__FRAME_PREFIX, wrote - COGO__FRAME_PREFIX, &again)
          == NULL);
    claim(cogo__frame_encode(&again, NULL, second, bound) == wrote);
    claim(memcmp(first, second, wrote) == 0);
    free(first);
    free(second);
}

/* Of a frame that has not all come: whoever reads the rest needs no more room than it says. */
static void begin(const uint8_t *data, size_t size)
{
    cogo__frame_user user;
    if (cogo__frame_user_begins(data, size, &user)) {
        claim(user.payload.data >= data + COGO__FRAME_PREFIX
              && user.payload.data <= data + size);
        claim((size_t)(data + size - user.payload.data) <= user.payload.size_bytes);
        claim(user.payload.size_bytes <= COGO__FRAME_PAYLOAD_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = 0;
    cogo__frame frame;
    begin(data, size);
    if (cogo__frame_measure(data, size, COGO__FRAME_BYTES_MAX, &whole) == COGO__FRAME_READY
        && cogo__frame_decode(data + COGO__FRAME_PREFIX, whole - COGO__FRAME_PREFIX, &frame)
               == NULL
        && cogo__frame_name(frame.kind) != NULL) {
        use(&frame, whole);
    }
    return 0;
}
