/* Bytes from anywhere into the reader of bodies in chunks. Wherever they are cut on their way,
 * the same body comes out, it ends at the same place, and it is never larger than the limit. */
#include "actors/gateway/chunks.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { LIMIT = 1000, MOST = 4096 /* One byte at a time costs the square of it. */ };

typedef struct body {
    chunks_step end;
    size_t decoded, rest; /* Bytes of it, and bytes behind it. */
    char bytes[MOST + 1];
} body;

static body play(const uint8_t *data, size_t size, size_t step)
{
    body b = {.end = CHUNKS_MORE};
    chunks c = {0};
    size_t have = 0, fed = 0;
    while (fed < size && b.end == CHUNKS_MORE) {
        size_t more = step < size - fed ? step : size - fed;
        memcpy(b.bytes + have, data + fed, more);
        have += more;
        fed += more;
        b.bytes[have] = '\0';
        size_t before = have;
        b.end = chunks_advance(&c, b.bytes, &have, LIMIT);
        claim(have <= before && c.decoded <= have && c.decoded <= LIMIT);
    }
    b.decoded = c.decoded;
    b.rest = have - c.decoded + (size - fed);
    return b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size = size < MOST ? size : MOST;
    body whole = play(data, size, size > 0 ? size : 1);
    body pieces = play(data, size, 1);
    claim(whole.end == pieces.end);
    claim(whole.end == CHUNKS_BAD || whole.end == CHUNKS_LARGE
          || (whole.decoded == pieces.decoded
              && memcmp(whole.bytes, pieces.bytes, whole.decoded) == 0));
    if (whole.end == CHUNKS_DONE) {
        claim(whole.rest == pieces.rest);
        claim(memcmp(whole.bytes + whole.decoded, data + size - whole.rest, whole.rest) == 0);
    }
    return 0;
}
