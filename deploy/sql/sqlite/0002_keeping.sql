-- What is kept and for how long: finished tasks and events may be removed, and what people define (schedules, limits)
-- is kept beside the tasks.

ALTER TABLE tasks ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0; -- Sequence of the last event that was removed.

-- One row per schedule or limit; the record is MessagePack.
CREATE TABLE definitions (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    record     BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

DROP TRIGGER events_are_appended;

CREATE TRIGGER events_are_appended
BEFORE INSERT ON task_events
WHEN NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM task_events WHERE task = NEW.task),
                                  (SELECT trimmed FROM tasks WHERE number = NEW.task), 0)
BEGIN
    SELECT RAISE(ABORT, 'the event is not the next one of its task');
END;

DROP TRIGGER events_are_never_removed;

CREATE TRIGGER events_of_unfinished_tasks_stay
BEFORE DELETE ON task_events
WHEN (SELECT terminal FROM tasks WHERE number = OLD.task) IS 0
BEGIN
    SELECT RAISE(ABORT, 'events of a task that has not ended stay');
END;

CREATE TRIGGER unfinished_tasks_stay
BEFORE DELETE ON tasks
WHEN OLD.terminal = 0
BEGIN
    SELECT RAISE(ABORT, 'a task that has not ended stays');
END;
