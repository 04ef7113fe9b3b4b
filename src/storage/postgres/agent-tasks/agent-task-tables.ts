/** Tasks of other agents, of all gateways, with the one that holds each. A gateway is alive while its claim lasts. */
export function AGENT_TASK_TABLES(schema: string, channel: string): string {
  return TABLES(schema) + TELL(schema, channel) + ADD(schema) + ERASE(schema)
}

const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.agent_task (
  owner text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- SHA-256 of the context's id, which is a client's text.
  context bytea NOT NULL,
  state smallint NOT NULL,
  phase text COLLATE "C" NOT NULL CHECK (phase IN ('running', 'waiting', 'ended')),
  at text COLLATE "C" NOT NULL,
  -- Who held it last, and whether it does still.
  worker text COLLATE "C" NOT NULL,
  is_held boolean NOT NULL,
  -- Tells a writer whose answer was lost that it was his.
  last_write text COLLATE "C" NOT NULL,
  -- How often others asked that it be cancelled, how many of these were answered, and why not.
  wishes int NOT NULL DEFAULT 0,
  answered int NOT NULL DEFAULT 0,
  refusal text NOT NULL DEFAULT '',
  body bytea NOT NULL,
  PRIMARY KEY (owner, id)
) WITH (fillfactor = 70);
CREATE INDEX ON ${schema}.agent_task (owner, at, id);
CREATE INDEX ON ${schema}.agent_task (owner, context);
CREATE INDEX ON ${schema}.agent_task (id);
CREATE INDEX ON ${schema}.agent_task (worker) WHERE is_held;

-- What is noted beside a task, which may come before it.
CREATE TABLE ${schema}.agent_task_note (
  owner text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  body bytea NOT NULL,
  PRIMARY KEY (owner, id)
);

CREATE FUNCTION ${schema}.is_at_work(member text) RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT EXISTS (SELECT FROM ${schema}.claim WHERE name = 'a2a/' || member AND lease_until >= clock_timestamp()) $$;
`

const TELL = (schema: string, channel: string): string => `
CREATE FUNCTION ${schema}.tell_agent_task(my_owner text, my_id text, by_whom text) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    INSERT INTO ${schema}.change (origin, key) VALUES (by_whom, convert_to('a2a/' || my_owner || '/' || my_id, 'UTF8'));
    PERFORM pg_notify('${channel}', by_whom);
  END $$;
`

const ADD = (schema: string): string => `
-- Adds a task within the bounds of its owner: 'added' with what had to go, 'full' or 'taken'.
CREATE FUNCTION ${schema}.add_agent_task(
  my_owner text, my_id text, my_context bytea, my_state int, my_phase text, my_at text, my_worker text, my_write text, my_body bytea,
  count_max int, oldest text, by_whom text
) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    found_write text;
    gone text[];
    more text[];
    surplus int;
  BEGIN
    -- Those of one owner after each other, so that they count each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('${schema} agent_task ' || my_owner, 0));
    SELECT last_write INTO found_write FROM ${schema}.agent_task WHERE owner = my_owner AND id = my_id;
    IF found_write = my_write THEN RETURN jsonb_build_object('kind', 'added', 'gone', '[]'::jsonb); END IF;
    IF found_write IS NOT NULL THEN RETURN jsonb_build_object('kind', 'taken'); END IF;
    gone := ARRAY(SELECT id FROM ${schema}.agent_task WHERE owner = my_owner AND NOT is_held AND phase <> 'running' AND at < oldest);
    SELECT count(*) + 1 - cardinality(gone) - count_max INTO surplus FROM ${schema}.agent_task WHERE owner = my_owner;
    IF surplus > 0 THEN
      more := ARRAY(
        SELECT id FROM ${schema}.agent_task WHERE owner = my_owner AND phase = 'ended' AND NOT id = ANY (gone) ORDER BY at, id LIMIT surplus
      );
      -- Where the bound was lowered, all but one may go.
      IF cardinality(more) = 0 THEN RETURN jsonb_build_object('kind', 'full'); END IF;
      gone := gone || more;
    END IF;
    PERFORM ${schema}.erase_agent_tasks(my_owner, gone, by_whom);
    INSERT INTO ${schema}.agent_task (owner, id, context, state, phase, at, worker, is_held, last_write, body)
      VALUES (my_owner, my_id, my_context, my_state, my_phase, my_at, my_worker, true, my_write, my_body);
    RETURN jsonb_build_object('kind', 'added', 'gone', to_jsonb(gone));
  END $$;
`

const ERASE = (schema: string): string => `
CREATE FUNCTION ${schema}.erase_agent_tasks(my_owner text, ids text[], by_whom text) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    IF cardinality(ids) = 0 THEN RETURN; END IF;
    DELETE FROM ${schema}.agent_task_note WHERE owner = my_owner AND id = ANY (ids);
    -- Of one that has ended nobody waits to hear.
    PERFORM ${schema}.tell_agent_task(my_owner, d.id, by_whom) FROM (
      SELECT id FROM ${schema}.agent_task WHERE owner = my_owner AND id = ANY (ids) AND phase <> 'ended'
    ) AS d;
    DELETE FROM ${schema}.agent_task WHERE owner = my_owner AND id = ANY (ids);
  END $$;
`
