#include "actors/doors/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

bool token_rule_init(token_rule *r, const char *token, char error[256])
{
    size_t size = token != NULL ? strlen(token) : 0;
    memset(r, 0, sizeof *r);
    if (token != NULL && (size == 0 || size > TOKEN_MAX)) {
        snprintf(error, 256, "the API token is empty or longer than %d bytes", TOKEN_MAX);
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            snprintf(error, 256, "the API token has a blank or a byte that is not ASCII");
            return false;
        }
    }
    if (token != NULL) {
        r->has_token = true;
        (void)SHA256((const unsigned char *)token, size, r->hash);
    }
    return true;
}

token_verdict token_check(const token_rule *r, const char *token,
                          uint8_t out_hash[TOKEN_HASH_SIZE])
{
    if (token != NULL) {
        (void)SHA256((const unsigned char *)token, strlen(token), out_hash);
        if (r->has_token && CRYPTO_memcmp(out_hash, r->hash, TOKEN_HASH_SIZE) == 0) {
            return TOKEN_ALL;
        }
        if (strncmp(token, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1) == 0) {
            return TOKEN_LOOK_UP;
        }
    }
    if (!r->has_token) {
        return TOKEN_ALL;
    }
    return token == NULL ? TOKEN_MISSING : TOKEN_UNKNOWN;
}

bool token_make_secret(char out[TOKEN_SECRET_SIZE])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[33] = {0}; /* 32 and one to fill the last group. */
    if (RAND_bytes(random, 32) != 1) {
        return false;
    }
    char *at = out + snprintf(out, TOKEN_SECRET_SIZE, "%s", TOKEN_PREFIX);
    for (size_t i = 0; i < sizeof random; i += 3) {
        uint32_t group =
            (uint32_t)random[i] << 16 | (uint32_t)random[i + 1] << 8 | random[i + 2];
        for (int k = 18; k >= 0 && at < out + TOKEN_SECRET_SIZE - 1; k -= 6) {
            *at++ = letters[group >> k & 63];
        }
    }
    *at = '\0';
    OPENSSL_cleanse(random, sizeof random);
    return true;
}

void token_hex(const uint8_t hash[TOKEN_HASH_SIZE], char out[TOKEN_HEX_SIZE])
{
    for (size_t i = 0; i < TOKEN_HASH_SIZE; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
