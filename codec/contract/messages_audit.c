/* The tables of the messages about who did what. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field audit_entry_fields[] = {
    FIELD(audit_entry, at, "at", TIME, .doc = "When it was asked."),
    FIELD(audit_entry, action, "action", STRING, .doc = "What was asked, such as task.cancel."),
    FIELD(audit_entry, subject, "subject", STRING,
          .doc = "Id or name of what it was done to; the first of several."),
    FIELD(audit_entry, outcome, "outcome", STRING,
          .doc = "ok, or the code of the problem; asked: written before it was done."),
    FIELD(audit_entry, token_id, "tokenId", STRING,
          .doc = "Id of the caller's token; absent: the configured one, or none was needed."),
    FIELD(audit_entry, tenant, "tenant", STRING, .doc = "Tenant of the caller; * for all."),
    FIELD(audit_entry, door, "door", STRING, .doc = "http, websocket or redis."),
    FIELD(audit_entry, request_id, "requestId", STRING,
          .doc = "Id of the request, as its answer and the log have it."),
    FIELD(audit_entry, detail, "detail", STRING, .doc = "What more is to be known."),
};
RECORD(audit_entry, "AuditEntry", 1, "Who did what, when, and from where.");

static const cogo_field audit_list_fields[] = {
    FIELD(audit_list, tenant, "tenant", STRING, .doc = "Only of this tenant; absent for all."),
    FIELD(audit_list, action, "action", STRING, .doc = "Only this action."),
    FIELD(audit_list, subject, "subject", STRING, .doc = "Only what was done to this."),
    FIELD(audit_list, token_id, "tokenId", STRING, .doc = "Only by this token."),
    FIELD(audit_list, page_size, "pageSize", INT, RANGE(0, PAGE_SIZE_MAX),
          .doc = "Most items of the answer; 0 means the default."),
    FIELD(audit_list, page_token, "pageToken", STRING,
          .doc = "Where the page begins: nextPageToken of the page before."),
};
RECORD(audit_list, "AuditList", 1, "Asks who did what.");

static const cogo_field audit_page_fields[] = {
    FIELD_RECORDS(audit_page, entries, "entries", audit_entry, .doc = "Newest first."),
    FIELD(audit_page, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
    FIELD(audit_page, error, "error", STRING, .doc = "Why nothing could be read."),
};
RECORD(audit_page, "AuditPage", 1, "A page of who did what.");
