-- Who did what: appended in the transaction of what was done, never changed, removed only by age.

CREATE TABLE audit_log (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,             -- '': none became known.
    outcome    TEXT NOT NULL,
    token_id   TEXT NOT NULL,             -- '': the configured token, or none was needed.
    tenant     TEXT NOT NULL,             -- '*': bound to none.
    door       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail     TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_never_changed
BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
