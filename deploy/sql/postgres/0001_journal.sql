-- The journal in PostgreSQL: the tables of ../sqlite, and one function that records a whole write.
-- All names are unqualified: the journal lives in the first schema of the search path.
-- Rules that must hold whatever the program does are constraints, triggers and cogo_write().

CREATE TABLE meta (
    id           integer PRIMARY KEY CHECK (id = 1),
    term         bigint NOT NULL,        -- The right to write; grows with each owner.
    sequence     bigint NOT NULL,        -- Of the last write in this term.
    commit_id    bigint NOT NULL,        -- Of the last transaction in this term: tells what became of a lost COMMIT.
    lease_max    bigint NOT NULL,        -- Greatest lease ever given to an attempt.
    next_number  bigint NOT NULL,        -- Of the next task.
    stale_writes bigint NOT NULL,        -- Refused because of their term, ever.
    holder       text NOT NULL,          -- Who has the term, for people.
    held_until   timestamptz NOT NULL    -- By this server's clock; then another one may take the next term.
) WITH (fillfactor = 50);                -- Rewritten with each transaction, in its own page.

INSERT INTO meta VALUES (1, 0, 0, 0, 0, 1, 0, '', '-infinity');

CREATE TABLE requests (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          text NOT NULL UNIQUE,   -- Idempotency key.
    request_hash text NOT NULL,
    created_at   bigint NOT NULL
);

CREATE TABLE workflows (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow_id text NOT NULL UNIQUE,
    name        text,
    created_at  bigint NOT NULL
);

CREATE TABLE tasks (
    number         bigint PRIMARY KEY,   -- Order of arrival; pages are cut by it.
    task_id        text NOT NULL UNIQUE,
    instruction_id text NOT NULL UNIQUE,
    workflow       bigint,
    request        bigint,
    role           text NOT NULL,
    state          text NOT NULL CHECK (state IN ('queued', 'blocked', 'scheduled', 'running', 'retrying', 'succeeded',
                       'partial', 'failed', 'cancelled', 'expired', 'deadlettered')),
    terminal       smallint NOT NULL CHECK (terminal = (state IN ('succeeded', 'partial', 'failed', 'cancelled',
                       'expired', 'deadlettered'))::int),
    priority       text NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    attempt        bigint NOT NULL,
    lease          bigint NOT NULL,      -- Of the latest attempt; 0: none yet.
    events         bigint NOT NULL,      -- Sequence of the last event.
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL,
    record         bytea NOT NULL        -- Task as MessagePack, without context and result.
);

-- Most tasks succeed: those are found by walking the primary key, the others by what follows.
CREATE INDEX tasks_unfinished ON tasks (number) WHERE terminal = 0;
CREATE INDEX tasks_ended_badly ON tasks (state, number) WHERE terminal = 1 AND state <> 'succeeded';
CREATE INDEX tasks_role ON tasks (role, number);
CREATE INDEX tasks_workflow ON tasks (workflow, state) WHERE workflow IS NOT NULL;
CREATE INDEX tasks_request ON tasks (request) WHERE request IS NOT NULL;

CREATE TABLE contexts (
    task    bigint PRIMARY KEY,
    context bytea NOT NULL               -- One MessagePack value.
);

-- The key allows one result per task; a second one has no place.
CREATE TABLE results (
    task        bigint PRIMARY KEY,
    result_id   text NOT NULL,
    lease       bigint NOT NULL,
    recorded_at bigint NOT NULL,
    record      bytea NOT NULL           -- AgentResult as MessagePack.
);

-- Results of tasks that were retried on request after they had ended.
CREATE TABLE past_results (LIKE results);
CREATE INDEX past_results_task ON past_results (task);

CREATE TABLE task_events (
    task     bigint NOT NULL,
    sequence bigint NOT NULL,
    type     text NOT NULL,
    time     bigint NOT NULL,
    data     bytea,
    PRIMARY KEY (task, sequence)
);

-- What a trigger below says no to. The code is the journal's own: the write is at fault, not the server.
CREATE FUNCTION cogo_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'CG001', MESSAGE = TG_ARGV[0];
END $$;

-- A task that has ended changes only by an explicit retry, which makes it ready or blocked again.
CREATE TRIGGER tasks_terminal_is_final BEFORE UPDATE ON tasks FOR EACH ROW
WHEN (OLD.terminal = 1
      AND (NEW.state, NEW.terminal, NEW.attempt, NEW.lease, NEW.record)
          IS DISTINCT FROM (OLD.state, OLD.terminal, OLD.attempt, OLD.lease, OLD.record)
      AND NOT (OLD.state NOT IN ('succeeded', 'partial') AND NEW.state IN ('queued', 'blocked')))
EXECUTE FUNCTION cogo_refuse('the task has ended; only a retry may change it');

CREATE TRIGGER tasks_lease_only_grows BEFORE UPDATE ON tasks FOR EACH ROW
WHEN (NEW.lease < OLD.lease)
EXECUTE FUNCTION cogo_refuse('the lease is older than the one recorded');

-- The retried attempt may record a result of its own; the earlier one is kept.
CREATE FUNCTION cogo_move_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO past_results SELECT * FROM results WHERE task = NEW.number;
    DELETE FROM results WHERE task = NEW.number;
    RETURN NULL;
END $$;

CREATE TRIGGER tasks_retry_moves_result AFTER UPDATE ON tasks FOR EACH ROW
WHEN (OLD.terminal = 1 AND NEW.terminal = 0)
EXECUTE FUNCTION cogo_move_result();

CREATE TRIGGER results_are_written_once BEFORE UPDATE ON results FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('a result is written once');

CREATE TRIGGER contexts_are_written_once BEFORE UPDATE ON contexts FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('a context is written once');

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON task_events FOR EACH ROW
EXECUTE FUNCTION cogo_refuse('events are append-only');

CREATE TRIGGER term_only_grows BEFORE UPDATE ON meta FOR EACH ROW
WHEN (NEW.term < OLD.term)
EXECUTE FUNCTION cogo_refuse('the term only grows');

-- Records one write: all of it, or nothing and an exception. False: the term is not the current one.
-- Arrays of equal length belong together; no task occurs twice in one call. The plans are fixed, so that they don't
-- depend on how large the tables happened to be when they were made.
CREATE FUNCTION cogo_write(
    p_term bigint, p_sequence bigint, p_commit bigint, p_lease_max bigint,
    -- One element per change.
    p_task text[], p_instruction text[], p_role text[], p_state text[], p_terminal bigint[], p_priority text[],
    p_attempt bigint[], p_lease bigint[], p_created bigint[], p_updated bigint[], p_retried bigint[],
    p_event_first bigint[], p_event_last bigint[],
    p_record bytea[], p_context bytea[], p_workflow text[], p_request text[], p_result_id text[], p_result bytea[],
    -- One element per event; p_event_of counts the changes from 1.
    p_event_of bigint[], p_event_sequence bigint[], p_event_type text[], p_event_time bigint[], p_event_data bytea[],
    -- What comes for the first time.
    n_workflow text[], n_workflow_name text[], n_workflow_created bigint[],
    n_key text[], n_hash text[], n_key_created bigint[])
RETURNS boolean LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    base     bigint;
    v_number bigint[];  -- Row of each change, found or new.
    v_fate   bigint[];  -- 0: new. 1: changes. 2: has ended so before, only events follow.
    v_retry  bigint[];
    v_bad    text;
BEGIN
    UPDATE meta SET sequence = p_sequence, commit_id = p_commit, lease_max = greatest(lease_max, p_lease_max),
                    next_number = next_number + cardinality(p_task)
     WHERE term = p_term RETURNING next_number - cardinality(p_task) - 1 INTO base;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF cardinality(n_workflow) > 0 THEN
        INSERT INTO workflows (workflow_id, name, created_at)
            SELECT * FROM unnest(n_workflow, n_workflow_name, n_workflow_created) ON CONFLICT (workflow_id) DO NOTHING;
    END IF;
    IF cardinality(n_key) > 0 THEN
        INSERT INTO requests (key, request_hash, created_at) SELECT * FROM unnest(n_key, n_hash, n_key_created);
    END IF;

    SELECT array_agg(coalesce(f.number, base + f.ord)), array_agg(f.fate),
           array_agg(f.number) FILTER (WHERE f.terminal = 1 AND f.retried = 1),
           min(f.task_id) FILTER (WHERE f.first <> 0 AND f.first <> coalesce(f.events, 0) + 1)
      INTO v_number, v_fate, v_retry, v_bad
      FROM (SELECT c.task_id, c.ord, c.first, c.retried, t.number, t.terminal, t.events,
                   CASE WHEN t.number IS NULL THEN 0
                        WHEN t.terminal = 1 AND t.state = c.state AND c.retried = 0 THEN 2 ELSE 1 END::bigint AS fate
              FROM unnest(p_task, p_state, p_event_first, p_retried) WITH ORDINALITY c(task_id, state, first, retried, ord)
              LEFT JOIN tasks t ON t.task_id = c.task_id
             ORDER BY c.ord) f;
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CG001', MESSAGE = v_bad || ': the event is not the next one of its task';
    END IF;

    SELECT min(c.task_id) INTO v_bad FROM unnest(p_task, p_workflow, v_fate) c(task_id, workflow, fate)
     WHERE c.fate = 0 AND c.workflow IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM workflows w WHERE w.workflow_id = c.workflow);
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CG001', MESSAGE = v_bad || ': its workflow is not known';
    END IF;

    INSERT INTO tasks (number, task_id, instruction_id, workflow, request, role, state, terminal, priority, attempt,
                       lease, events, created_at, updated_at, record)
        SELECT c.number, c.task_id, c.instruction,
               CASE WHEN c.workflow IS NOT NULL
                    THEN (SELECT w.number FROM workflows w WHERE w.workflow_id = c.workflow) END,
               CASE WHEN c.request IS NOT NULL THEN (SELECT r.number FROM requests r WHERE r.key = c.request) END,
               c.role, c.state, c.terminal, c.priority, c.attempt, c.lease, c.events, c.created, c.updated, c.record
          FROM unnest(v_number, v_fate, p_task, p_instruction, p_workflow, p_request, p_role, p_state, p_terminal,
                      p_priority, p_attempt, p_lease, p_event_last, p_created, p_updated, p_record)
               c(number, fate, task_id, instruction, workflow, request, role, state, terminal,
                 priority, attempt, lease, events, created, updated, record)
         WHERE c.fate = 0;
    INSERT INTO contexts (task, context)
        SELECT c.number, c.context FROM unnest(v_number, v_fate, p_context) c(number, fate, context)
         WHERE c.fate = 0 AND c.context IS NOT NULL;

    -- The retry is a step of its own, so that the rules can tell it from a late write.
    IF v_retry IS NOT NULL THEN
        UPDATE tasks SET state = 'queued', terminal = 0 WHERE number = ANY (v_retry);
    END IF;
    UPDATE tasks t
       SET record = c.record, state = c.state, terminal = c.terminal, attempt = c.attempt,
           lease = CASE c.lease WHEN 0 THEN t.lease ELSE c.lease END,
           events = greatest(t.events, c.events), updated_at = c.updated
      FROM unnest(v_number, v_fate, p_record, p_state, p_terminal, p_attempt, p_lease, p_event_last, p_updated)
           c(number, fate, record, state, terminal, attempt, lease, events, updated)
     WHERE t.number = c.number AND c.fate = 1;
    IF 2 = ANY (v_fate) THEN
        UPDATE tasks t SET events = c.events
          FROM unnest(v_number, v_fate, p_event_last) c(number, fate, events)
         WHERE t.number = c.number AND c.fate = 2 AND c.events <> 0;
    END IF;

    -- The same result again is none; another one breaks the primary key.
    INSERT INTO results (task, result_id, lease, recorded_at, record)
        SELECT c.number, c.result_id, c.lease, c.updated, c.result
          FROM unnest(v_number, v_fate, p_result_id, p_lease, p_updated, p_result)
               c(number, fate, result_id, lease, updated, result)
         WHERE c.result_id IS NOT NULL
           AND (c.fate = 0 OR NOT EXISTS (SELECT 1 FROM results r WHERE r.task = c.number AND r.result_id = c.result_id));
    INSERT INTO task_events (task, sequence, type, time, data)
        SELECT v_number[e.of], e.sequence, e.type, e.time, e.data
          FROM unnest(p_event_of, p_event_sequence, p_event_type, p_event_time, p_event_data)
               e(of, sequence, type, time, data);
    RETURN true;
END $$;
