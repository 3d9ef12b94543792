/* The first half of the gate: what the head of a request says of its caller. Used by gate.c,
 * which knows the tokens of the store. Never keeps, prints or compares a token itself: only its
 * hash. */
#ifndef GATEWAY_AUTH_H
#define GATEWAY_AUTH_H

#include "actors/doors/token.h"
#include "actors/gateway/request.h"

typedef struct auth {
    token_rule token;
    char host[256]; /* As configured; allowed in Host beside the local names. */
} auth;

/* @p token NULL: none, then only local Host names are answered. False: as token_rule_init(). */
bool auth_init(auth *a, const char *token, const char *host, char error[256]);

typedef enum auth_verdict {
    AUTH_ALL,     /* The configured token, or none is needed: every right. */
    AUTH_LOOK_UP, /* A token of the store, or of nobody: its hash is in the answer. */
    AUTH_REFUSED, /* With this status and reason. */
} auth_verdict;

typedef struct auth_answer {
    uint8_t hash[TOKEN_HASH_SIZE];
    int status;
    const char *why;
} auth_answer;

auth_verdict auth_check(const auth *a, const request_head *head, auth_answer *out);

#endif
