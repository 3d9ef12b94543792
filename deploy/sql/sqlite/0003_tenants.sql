-- Access tokens, and whose tasks are whose. A task without a row in tenant_tasks is of the tenant "default",
-- so a journal with one tenant pays nothing.

CREATE TABLE tokens (
    number     INTEGER PRIMARY KEY,      -- Order of making; pages are cut by it.
    token_id   TEXT NOT NULL UNIQUE,
    hash       TEXT NOT NULL UNIQUE,     -- SHA-256 of the secret, hexadecimal; the secret is nowhere.
    tenant     TEXT NOT NULL,            -- '*': all.
    scopes     TEXT NOT NULL,            -- With one blank between them.
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,         -- 0: never.
    revoked_at INTEGER NOT NULL          -- 0: it is good.
) STRICT;

CREATE INDEX tokens_tenant ON tokens (tenant, number);

CREATE TRIGGER tokens_only_end
BEFORE UPDATE ON tokens
WHEN OLD.revoked_at <> 0 OR NEW.hash <> OLD.hash OR NEW.tenant <> OLD.tenant OR NEW.scopes <> OLD.scopes
BEGIN
    SELECT RAISE(ABORT, 'a token is never changed, only revoked once');
END;

CREATE TABLE tenant_tasks (
    number   INTEGER PRIMARY KEY REFERENCES tasks (number),
    tenant   TEXT NOT NULL,
    workflow INTEGER                     -- As in tasks.
) STRICT;

CREATE INDEX tenant_tasks_tenant ON tenant_tasks (tenant, number);
CREATE INDEX tenant_tasks_workflow ON tenant_tasks (workflow, tenant) WHERE workflow IS NOT NULL;

CREATE TRIGGER tenant_tasks_never_change
BEFORE UPDATE ON tenant_tasks
BEGIN
    SELECT RAISE(ABORT, 'a task never changes its tenant');
END;
