-- Who did what: as in ../sqlite.

CREATE TABLE audit_log (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    action     text NOT NULL,
    subject    text NOT NULL,             -- '': none became known.
    outcome    text NOT NULL,
    token_id   text NOT NULL,             -- '': the configured token, or none was needed.
    tenant     text NOT NULL,             -- '*': bound to none.
    door       text NOT NULL,
    request_id text NOT NULL,
    detail     text NOT NULL
);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit_log FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('the audit log is append-only');

-- The audit entries of a write, after its changes. False: the term is not the current one.
CREATE FUNCTION cogo_audit(
    p_term bigint, p_commit bigint, p_before bigint, p_at bigint[], p_action text[], p_subject text[], p_outcome text[],
    p_token text[], p_tenant text[], p_door text[], p_request text[], p_detail text[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE meta SET commit_id = p_commit WHERE term = p_term;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit_log (at, action, subject, outcome, token_id, tenant, door, request_id, detail)
        SELECT * FROM unnest(p_at, p_action, p_subject, p_outcome, p_token, p_tenant, p_door, p_request, p_detail);
    IF p_before > 0 THEN
        DELETE FROM audit_log WHERE number IN (SELECT number FROM audit_log WHERE at < p_before ORDER BY number LIMIT 1000);
    END IF;
    RETURN true;
END $$;
