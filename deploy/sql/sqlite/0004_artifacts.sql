-- Large contexts and outputs, and what workers store beside their tasks, by the SHA-256 of the bytes: the same bytes
-- are kept once. A row goes with the last task that refers to it, and never before.

CREATE TABLE artifacts (
    hash  TEXT PRIMARY KEY,              -- SHA-256, hexadecimal.
    bytes BLOB NOT NULL
) STRICT;

-- The record of the task says more about each.
CREATE TABLE task_artifacts (
    task  INTEGER NOT NULL REFERENCES tasks (number) ON DELETE CASCADE,
    name  TEXT NOT NULL,
    lease INTEGER NOT NULL,              -- Of the attempt that made it; 0: it came with the task.
    hash  TEXT NOT NULL REFERENCES artifacts (hash),
    PRIMARY KEY (task, name, lease)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_artifacts_hash ON task_artifacts (hash);

CREATE TRIGGER artifacts_go_with_their_last_task
AFTER DELETE ON task_artifacts
BEGIN
    DELETE FROM artifacts WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM task_artifacts WHERE hash = OLD.hash);
END;

CREATE TRIGGER artifacts_go_when_replaced
AFTER UPDATE OF hash ON task_artifacts
WHEN NEW.hash <> OLD.hash
BEGIN
    DELETE FROM artifacts WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM task_artifacts WHERE hash = OLD.hash);
END;

CREATE TRIGGER artifacts_never_change
BEFORE UPDATE ON artifacts
BEGIN
    SELECT RAISE(ABORT, 'an artifact never changes');
END;
