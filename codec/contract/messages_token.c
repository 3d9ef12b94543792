/* The tables of the messages about access tokens. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field access_token_fields[] = {
    FIELD(access_token, token_id, "tokenId", STRING, OUTPUT, .doc = "Id of the token."),
    FIELD(access_token, name, "name", STRING, LENGTH(0, TOKEN_NAME_MAX),
          .doc = "What it is for, for people."),
    FIELD(access_token, tenant, "tenant", STRING, LENGTH(1, TENANT_LENGTH_MAX),
          .doc = "Tenant that it is bound to; * for all."),
    FIELD(access_token, scopes, "scopes", STRINGS, LENGTH(0, TOKEN_SCOPES_MAX),
          .doc = "What it allows: read, submit (with read), admin (all), work (as a worker)."),
    FIELD(access_token, created_at, "createdAt", TIME, OUTPUT, .doc = "When it was made."),
    FIELD(access_token, expires_at, "expiresAt", TIME,
          .doc = "When it ends by itself; absent: never."),
    FIELD(access_token, revoked_at, "revokedAt", TIME, OUTPUT,
          .doc = "When it was taken back; absent: it is good."),
    FIELD(access_token, token, "token", STRING, OUTPUT,
          .doc = "The secret; shown once, in the answer that made it."),
};
RECORD(access_token, "Token", 1, "The right to use the doors, for one tenant or all.");

static const cogo_field token_change_fields[] = {
    FIELD_RECORD(token_change, create, "create", access_token, .doc = "What is made."),
    FIELD(token_change, hash, "hash", STRING, LENGTH(1, 128),
          .doc = "SHA-256 of the secret, hexadecimal."),
    FIELD(token_change, revoke, "revoke", STRING, .doc = "Id of the token to take back."),
    FIELD(token_change, tenant, "tenant", STRING,
          .doc = "Only if it belongs to this tenant; absent: to any."),
    FIELD(token_change, at, "at", TIME, .doc = "When."),
};
RECORD(token_change, "TokenChange", 1, "Makes a token, or takes one back.");

static const cogo_field token_list_fields[] = {
    FIELD(token_list, hash, "hash", STRING, .doc = "Only the token with this hash."),
    FIELD(token_list, tenant, "tenant", STRING, .doc = "Only of this tenant; absent for all."),
    FIELD(token_list, page_size, "pageSize", INT, RANGE(0, PAGE_SIZE_MAX),
          .doc = "Most items of the answer; 0 means the default."),
    FIELD(token_list, page_token, "pageToken", STRING,
          .doc = "Where the page begins: nextPageToken of the page before."),
};
RECORD(token_list, "TokenList", 1, "Asks for tokens.");

static const cogo_field token_page_fields[] = {
    FIELD_RECORDS(token_page, tokens, "tokens", access_token, .doc = "The tokens."),
    FIELD(token_page, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
    FIELD(token_page, error, "error", STRING, .doc = "Why nothing could be read."),
};
RECORD(token_page, "TokenPage", 1, "A page of tokens.");
