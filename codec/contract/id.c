#include "codec/contract/id.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    PREFIX_LENGTH = 3,
    TIME_LENGTH = 10,
    RANDOM_LENGTH = 16,
    BITS_PER_CHARACTER = 5,
};

/* Crockford's base 32: digits and capitals without I, L, O, U, in the order of ASCII, so that
 * ids sort as their bits do. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Writes the low bits of @p high and then all of @p low, as 16 characters. */
static void write_random(char *out, uint64_t high, uint64_t low)
{
    for (int i = RANDOM_LENGTH - 1; i >= 0; i--) {
        out[i] = alphabet[low & 31];
        low = low >> BITS_PER_CHARACTER | high << (64 - BITS_PER_CHARACTER);
        high >>= BITS_PER_CHARACTER;
    }
}

void id_make(char out[ID_SIZE], const char *prefix, int64_t wall_ms, uint64_t random_high,
             uint64_t random_low)
{
    char *at = out + PREFIX_LENGTH + 1;
    (void)snprintf(out, ID_SIZE, "%.3s_", prefix);
    uint64_t ms = wall_ms < 0 ? 0 : (uint64_t)wall_ms & ((UINT64_C(1) << 48) - 1);
    for (int i = TIME_LENGTH - 1; i >= 0; i--) {
        at[i] = alphabet[ms & 31];
        ms >>= BITS_PER_CHARACTER;
    }
    write_random(at + TIME_LENGTH, random_high, random_low);
    at[TIME_LENGTH + RANDOM_LENGTH] = '\0';
}

bool id_check(const char *text, const char *prefix)
{
    if (text == NULL || strncmp(text, prefix, PREFIX_LENGTH) != 0
        || text[PREFIX_LENGTH] != '_') {
        return false;
    }
    const char *at = text + PREFIX_LENGTH + 1;
    size_t length = strspn(at, alphabet);
    // 48 bits in 50: the first character is 7 at most.
    return length == TIME_LENGTH + RANDOM_LENGTH && at[length] == '\0' && at[0] <= '7';
}
