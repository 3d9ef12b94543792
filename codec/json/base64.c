#include "codec/json/base64.h"

size_t base64_length(size_t size_bytes)
{
    return (size_bytes + 2) / 3 * 4;
}

void base64_write(const uint8_t *bytes, size_t size_bytes, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size_bytes; i += 3) {
        size_t count = size_bytes - i < 3 ? size_bytes - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= count > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= count > 2 ? bytes[i + 2] : 0;
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = count > 1 ? alphabet[bits >> 6 & 63] : '=';
        *out++ = count > 2 ? alphabet[bits & 63] : '=';
    }
}
