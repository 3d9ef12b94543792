#include "codec/contract/digest.h"

#include <openssl/sha.h>
#include <stdint.h>

void digest_hex(const void *bytes, size_t size, char out[DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA256_DIGEST_LENGTH];
    (void)SHA256(bytes, size, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * sizeof hash] = '\0';
}
