-- What is kept and for how long: finished tasks and events may be removed, and what people define (schedules, limits)
-- is kept beside the tasks.

ALTER TABLE tasks ADD COLUMN trimmed bigint NOT NULL DEFAULT 0; -- Sequence of the last event that was removed.

-- One row per schedule or limit; the record is MessagePack.
CREATE TABLE definitions (
    kind       text NOT NULL,
    name       text NOT NULL,
    updated_at bigint NOT NULL,
    record     bytea NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE TRIGGER unfinished_tasks_stay BEFORE DELETE ON tasks FOR EACH ROW
WHEN (OLD.terminal = 0)
EXECUTE FUNCTION cogo_refuse('a task that has not ended stays');

-- The part of a write that is no change of a task: what is removed, and what was defined. All of it, or nothing and an
-- exception. False: the term is not the current one. A definition without a record is removed.
CREATE FUNCTION cogo_keep(
    p_term bigint, p_commit bigint, p_remove text[], p_trim text[],
    d_kind text[], d_name text[], d_updated bigint[], d_record bytea[])
RETURNS boolean LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_gone     bigint[];
    v_trim     bigint[];
    v_workflow bigint[];
    v_request  bigint[];
BEGIN
    UPDATE meta SET commit_id = p_commit WHERE term = p_term;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF cardinality(p_remove) > 0 THEN
        SELECT array_agg(t.number), array_agg(DISTINCT t.workflow), array_agg(DISTINCT t.request)
          INTO v_gone, v_workflow, v_request
          FROM unnest(p_remove) r(task_id) JOIN tasks t ON t.task_id = r.task_id;
        DELETE FROM task_events WHERE task = ANY (v_gone);
        DELETE FROM contexts WHERE task = ANY (v_gone);
        DELETE FROM results WHERE task = ANY (v_gone);
        DELETE FROM past_results WHERE task = ANY (v_gone);
        DELETE FROM tenant_tasks WHERE number = ANY (v_gone); -- Of 0003; there whenever this runs.
        DELETE FROM tasks WHERE number = ANY (v_gone);
        DELETE FROM workflows w WHERE w.number = ANY (v_workflow)
           AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.workflow = w.number);
        DELETE FROM requests r WHERE r.number = ANY (v_request)
           AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.request = r.number);
    END IF;
    IF cardinality(p_trim) > 0 THEN
        SELECT array_agg(t.number) INTO v_trim
          FROM unnest(p_trim) r(task_id) JOIN tasks t ON t.task_id = r.task_id WHERE t.terminal = 1;
        DELETE FROM task_events WHERE task = ANY (v_trim);
        UPDATE tasks SET trimmed = events WHERE number = ANY (v_trim);
    END IF;
    IF cardinality(d_kind) > 0 THEN
        DELETE FROM definitions d USING unnest(d_kind, d_name, d_record) n(kind, name, record)
         WHERE d.kind = n.kind AND d.name = n.name AND n.record IS NULL;
        INSERT INTO definitions (kind, name, updated_at, record)
            SELECT * FROM unnest(d_kind, d_name, d_updated, d_record) n(kind, name, updated_at, record)
             WHERE n.record IS NOT NULL
            ON CONFLICT (kind, name) DO UPDATE SET updated_at = EXCLUDED.updated_at, record = EXCLUDED.record;
    END IF;
    RETURN true;
END $$;
