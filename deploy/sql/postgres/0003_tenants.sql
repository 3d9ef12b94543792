-- Access tokens, and whose tasks are whose: as in ../sqlite.

CREATE TABLE tokens (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_id   text NOT NULL UNIQUE,
    hash       text NOT NULL UNIQUE,     -- SHA-256 of the secret, hexadecimal; the secret is nowhere.
    tenant     text NOT NULL,            -- '*': all.
    scopes     text NOT NULL,            -- With one blank between them.
    name       text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,          -- 0: never.
    revoked_at bigint NOT NULL           -- 0: it is good.
);

CREATE INDEX tokens_tenant ON tokens (tenant, number);

CREATE TRIGGER tokens_only_end BEFORE UPDATE ON tokens FOR EACH ROW
WHEN (OLD.revoked_at <> 0 OR (NEW.hash, NEW.tenant, NEW.scopes) IS DISTINCT FROM (OLD.hash, OLD.tenant, OLD.scopes))
EXECUTE FUNCTION cogo_refuse('a token is never changed, only revoked once');

CREATE TABLE tenant_tasks (
    number   bigint PRIMARY KEY,
    tenant   text NOT NULL,
    workflow bigint                      -- As in tasks.
);

CREATE INDEX tenant_tasks_tenant ON tenant_tasks (tenant, number);
CREATE INDEX tenant_tasks_workflow ON tenant_tasks (workflow, tenant) WHERE workflow IS NOT NULL;

CREATE TRIGGER tenant_tasks_never_change BEFORE UPDATE ON tenant_tasks FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('a task never changes its tenant');
