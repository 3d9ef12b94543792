/* The first half of the gate: what the head of a request says of its caller. Used by gate.c,
 * which knows the tokens of the store. Never keeps, prints or compares a token itself: only its
 * hash. */
#ifndef GATEWAY_AUTH_H
#define GATEWAY_AUTH_H

#include "actors/gateway/request.h"

typedef struct auth {
    bool has_token;
    uint8_t token_hash[32]; /* SHA-256. */
    char host[256];         /* As configured; allowed in Host beside the local names. */
} auth;

/* @p token NULL: none, then only local Host names are answered. */
void auth_init(auth *a, const char *token, const char *host);

typedef enum auth_verdict {
    AUTH_ALL,     /* The configured token, or none is needed: every right. */
    AUTH_LOOK_UP, /* A token of the store, or of nobody: its hash is in the answer. */
    AUTH_REFUSED, /* With this status and reason. */
} auth_verdict;

typedef struct auth_answer {
    uint8_t hash[32];
    int status;
    const char *why;
} auth_answer;

/* Tokens that the store knows begin with it. */
#define AUTH_TOKEN_PREFIX "cogo_"

auth_verdict auth_check(const auth *a, const request_head *head, auth_answer *out);

/* A new secret of AUTH_TOKEN_PREFIX and 256 random bits, with its NUL. False: no randomness. */
enum { AUTH_SECRET_SIZE = 5 + 43 + 1 };
bool auth_make_secret(char out[AUTH_SECRET_SIZE]);

/* Hex SHA-256 of @p bytes with its NUL. */
void auth_hash_hex(const void *bytes, size_t size, char out[65]);

#endif
