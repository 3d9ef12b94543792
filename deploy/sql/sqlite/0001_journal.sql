-- The journal: one row per task, its context and result written once, its events appended.
-- Rules that must hold whatever the program does are triggers and constraints here.

CREATE TABLE meta (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    term      INTEGER NOT NULL,           -- The right to write; grows with each owner.
    sequence  INTEGER NOT NULL,           -- Of the last write in this term.
    lease_max INTEGER NOT NULL            -- Greatest lease ever given to an attempt.
) STRICT;

INSERT INTO meta (id, term, sequence, lease_max) VALUES (1, 0, 0, 0);

CREATE TABLE requests (
    number       INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,    -- Idempotency key.
    request_hash TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE workflows (
    number      INTEGER PRIMARY KEY,
    workflow_id TEXT NOT NULL UNIQUE,
    name        TEXT,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE tasks (
    number         INTEGER PRIMARY KEY,   -- Order of arrival; pages are cut by it.
    task_id        TEXT NOT NULL UNIQUE,
    instruction_id TEXT NOT NULL UNIQUE,
    workflow       INTEGER REFERENCES workflows (number),
    request        INTEGER REFERENCES requests (number),
    role           TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('queued', 'blocked', 'scheduled', 'running',
                       'retrying', 'succeeded', 'partial', 'failed', 'cancelled', 'expired',
                       'deadlettered')),
    terminal       INTEGER NOT NULL CHECK (terminal = (state IN ('succeeded', 'partial', 'failed',
                       'cancelled', 'expired', 'deadlettered'))),
    priority       TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    attempt        INTEGER NOT NULL,
    lease          INTEGER NOT NULL,      -- Of the latest attempt; 0: none yet.
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    record         BLOB NOT NULL          -- Task as MessagePack, without context and result.
) STRICT;

CREATE INDEX tasks_unfinished ON tasks (number) WHERE terminal = 0;
CREATE INDEX tasks_state ON tasks (state);
CREATE INDEX tasks_role ON tasks (role);
CREATE INDEX tasks_workflow ON tasks (workflow, state) WHERE workflow IS NOT NULL;
CREATE INDEX tasks_request ON tasks (request) WHERE request IS NOT NULL;

CREATE TABLE contexts (
    task    INTEGER PRIMARY KEY REFERENCES tasks (number),
    context BLOB NOT NULL                 -- One MessagePack value.
) STRICT;

-- The key allows one result per task; a second one has no place.
CREATE TABLE results (
    task        INTEGER PRIMARY KEY REFERENCES tasks (number),
    result_id   TEXT NOT NULL UNIQUE,
    lease       INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    record      BLOB NOT NULL             -- AgentResult as MessagePack.
) STRICT;

-- Results of tasks that were retried on request after they had ended.
CREATE TABLE past_results (
    task        INTEGER NOT NULL REFERENCES tasks (number),
    result_id   TEXT NOT NULL UNIQUE,
    lease       INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    record      BLOB NOT NULL
) STRICT;

CREATE INDEX past_results_task ON past_results (task);

CREATE TABLE task_events (
    task     INTEGER NOT NULL REFERENCES tasks (number),
    sequence INTEGER NOT NULL,
    type     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    data     BLOB,
    PRIMARY KEY (task, sequence)
) STRICT, WITHOUT ROWID;

-- A task that has ended changes only by an explicit retry, which makes it ready or blocked again.
CREATE TRIGGER tasks_terminal_is_final
BEFORE UPDATE OF state, terminal, attempt, lease, record ON tasks
WHEN OLD.terminal = 1 AND NOT (OLD.state NOT IN ('succeeded', 'partial')
                            AND NEW.state IN ('queued', 'blocked'))
BEGIN
    SELECT RAISE(ABORT, 'the task has ended; only a retry may change it');
END;

-- The retried attempt may record a result of its own; the earlier one is kept.
CREATE TRIGGER tasks_retry_moves_result
AFTER UPDATE OF state ON tasks
WHEN OLD.terminal = 1 AND NEW.terminal = 0
BEGIN
    INSERT INTO past_results (task, result_id, lease, recorded_at, record)
        SELECT task, result_id, lease, recorded_at, record FROM results WHERE task = NEW.number;
    DELETE FROM results WHERE task = NEW.number;
END;

CREATE TRIGGER tasks_lease_only_grows
BEFORE UPDATE OF lease ON tasks
WHEN NEW.lease < OLD.lease
BEGIN
    SELECT RAISE(ABORT, 'the lease is older than the one recorded');
END;

CREATE TRIGGER results_belong_to_ended_tasks
BEFORE INSERT ON results
WHEN (SELECT terminal FROM tasks WHERE number = NEW.task) IS NOT 1
BEGIN
    SELECT RAISE(ABORT, 'the task has not ended, so it has no result yet');
END;

CREATE TRIGGER results_are_written_once
BEFORE UPDATE ON results
BEGIN
    SELECT RAISE(ABORT, 'a result is written once');
END;

CREATE TRIGGER contexts_are_written_once
BEFORE UPDATE ON contexts
BEGIN
    SELECT RAISE(ABORT, 'a context is written once');
END;

CREATE TRIGGER events_are_appended
BEFORE INSERT ON task_events
WHEN NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM task_events
                                   WHERE task = NEW.task), 0)
BEGIN
    SELECT RAISE(ABORT, 'the event is not the next one of its task');
END;

CREATE TRIGGER events_are_never_changed
BEFORE UPDATE ON task_events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_are_never_removed
BEFORE DELETE ON task_events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER term_only_grows
BEFORE UPDATE OF term ON meta
WHEN NEW.term < OLD.term
BEGIN
    SELECT RAISE(ABORT, 'the term only grows');
END;
