-- Large contexts and outputs, and what workers store beside their tasks: as in ../sqlite.

CREATE TABLE artifacts (
    hash  text PRIMARY KEY,              -- SHA-256, hexadecimal.
    bytes bytea NOT NULL
);
ALTER TABLE artifacts ALTER COLUMN bytes SET STORAGE EXTERNAL; -- A part is read without the rest.

-- The record of the task says more about each.
CREATE TABLE task_artifacts (
    task  bigint NOT NULL REFERENCES tasks (number) ON DELETE CASCADE,
    name  text NOT NULL,
    lease bigint NOT NULL,               -- Of the attempt that made it; 0: it came with the task.
    hash  text NOT NULL REFERENCES artifacts (hash),
    PRIMARY KEY (task, name, lease)
);

CREATE INDEX task_artifacts_hash ON task_artifacts (hash);

CREATE FUNCTION cogo_drop_artifact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM artifacts WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM task_artifacts WHERE hash = OLD.hash);
    RETURN NULL;
END $$;

CREATE TRIGGER artifacts_go_with_their_last_task AFTER DELETE ON task_artifacts FOR EACH ROW
EXECUTE FUNCTION cogo_drop_artifact();

CREATE TRIGGER artifacts_go_when_replaced AFTER UPDATE ON task_artifacts FOR EACH ROW
WHEN (NEW.hash <> OLD.hash)
EXECUTE FUNCTION cogo_drop_artifact();

CREATE TRIGGER artifacts_never_change BEFORE UPDATE ON artifacts FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('an artifact never changes');

-- The artifacts of a write, after its changes. Arrays of equal length belong together.
CREATE FUNCTION cogo_artifacts(p_task text[], p_name text[], p_lease bigint[], p_hash text[], p_bytes bytea[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO artifacts (hash, bytes)
        SELECT * FROM unnest(p_hash, p_bytes) a(hash, bytes) ON CONFLICT (hash) DO NOTHING;
    INSERT INTO task_artifacts (task, name, lease, hash)
        SELECT t.number, a.name, a.lease, a.hash
          FROM unnest(p_task, p_name, p_lease, p_hash) a(task_id, name, lease, hash)
          JOIN tasks t ON t.task_id = a.task_id
        ON CONFLICT (task, name, lease) DO UPDATE SET hash = EXCLUDED.hash;
    RETURN true;
END $$;
