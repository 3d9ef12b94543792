/* Tokens as callers show them: the configured one, those of the store, and none. Used by the
 * gates of all doors. Never keeps, prints or compares a token itself: only its hash. */
#ifndef DOORS_TOKEN_H
#define DOORS_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOKEN_HASH_SIZE = 32, /* SHA-256. */
    TOKEN_HEX_SIZE = 65,  /* The same in hexadecimal, with its NUL. */
    TOKEN_MAX = 4096,     /* Bytes of a configured token. */
};

/* The token of the configuration; whoever shows it has every right. */
typedef struct token_rule {
    bool has_token; /* false: none is needed. */
    uint8_t hash[TOKEN_HASH_SIZE];
} token_rule;

/* @p token NULL: none is needed. False, with a sentence in @p error: it is no good secret. */
bool token_rule_init(token_rule *r, const char *token, char error[256]);

typedef enum token_verdict {
    TOKEN_ALL,     /* The configured token, or none is needed: every right. */
    TOKEN_LOOK_UP, /* A token of the store, or of nobody. */
    TOKEN_MISSING,
    TOKEN_UNKNOWN,
} token_verdict;

/* Tokens that the store knows begin with it. */
#define TOKEN_PREFIX "cogo_"

/* What @p token (NULL: none was shown) gives; its hash goes to @p out_hash. */
token_verdict token_check(const token_rule *r, const char *token,
                          uint8_t out_hash[TOKEN_HASH_SIZE]);

/* A new secret of TOKEN_PREFIX and 256 random bits, with its NUL. False: no randomness. */
enum { TOKEN_SECRET_SIZE = 5 + 43 + 1 };
bool token_make_secret(char out[TOKEN_SECRET_SIZE]);

/* Hexadecimal of a hash, as digest_hex() gives it. */
void token_hex(const uint8_t hash[TOKEN_HASH_SIZE], char out[TOKEN_HEX_SIZE]);

#endif
