/* The gate: who may ask anything at all. One function, before every route, default deny.
 * Used by the gateway actor. Never keeps, prints or compares a token itself: only its hash. */
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

/* 0: pass. Else 401 or 403 and a sentence in @p *why. @p open: the route needs no token. */
int auth_check(const auth *a, const request_head *head, bool open, const char **why);

/* Hex SHA-256 of @p bytes with its NUL. */
void auth_hash_hex(const void *bytes, size_t size, char out[65]);

#endif
