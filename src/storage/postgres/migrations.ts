import { AGENT_TASK_TABLES } from './agent-tasks/agent-task-tables.ts'
import { BUDGET_TABLES } from './budgets/budget-tables.ts'
import { CLAIM_TABLES } from './claims/claim-tables.ts'
import { JOURNAL_TABLES } from './journal-tables.ts'
import { RATE_TABLES } from './rates/rate-tables.ts'

/** Bytes of a key that are ordered by an index; what is longer is told apart by a digest. An index row holds about 2,700. */
const HEAD_BYTES = 1_800

export type Migration = {
  readonly version: number
  /** Statements, with the quoted name of the schema and that of its channel in them. */
  readonly sql: (schema: string, channel: string) => string
}

const STORE = (schema: string, channel: string): string => `
CREATE TABLE ${schema}.setting (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);

-- Keys are ordered by their bytes: head, then tail, which is empty but for keys of more than ${HEAD_BYTES} bytes.
CREATE TABLE ${schema}.entry (
  head bytea NOT NULL,
  tail_digest bytea NOT NULL,
  tail bytea NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (head, tail_digest)
);

-- What was changed in parts of the store that others follow. A transaction that began earlier may commit later, so readers go by the transaction's number.
CREATE TABLE ${schema}.change (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT now(),
  origin text NOT NULL,
  key bytea NOT NULL
);
CREATE INDEX ON ${schema}.change (xid);
CREATE INDEX ON ${schema}.change (at);

CREATE FUNCTION ${schema}.head_of(key bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT substring(key FROM 1 FOR ${HEAD_BYTES}) $$;
CREATE FUNCTION ${schema}.tail_of(key bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT substring(key FROM ${HEAD_BYTES + 1}) $$;
CREATE FUNCTION ${schema}.digest_of(key bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT CASE WHEN length(key) <= ${HEAD_BYTES} THEN ''::bytea ELSE sha256(key) END $$;

-- Parts of one string of bytes, by their lengths.
CREATE FUNCTION ${schema}.cut(data bytea, lengths int[]) RETURNS TABLE (place bigint, part bytea) LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT l.place, substring(data FROM (sum(l.length) OVER (ORDER BY l.place) - l.length)::int + 1 FOR l.length)
    FROM unnest(lengths) WITH ORDINALITY AS l (length, place)
  $$;

CREATE FUNCTION ${schema}.announce(keys bytea, key_lengths int[], by_whom text) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    INSERT INTO ${schema}.change (origin, key) SELECT by_whom, part FROM ${schema}.cut(keys, key_lengths);
    PERFORM pg_notify('${channel}', by_whom);
  END $$;

CREATE FUNCTION ${schema}.write_entries(
  gone bytea, gone_lengths int[], keys bytea, key_lengths int[], data bytea, value_lengths int[],
  told bytea, told_lengths int[], by_whom text
) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    IF cardinality(gone_lengths) > 0 THEN
      DELETE FROM ${schema}.entry AS e USING ${schema}.cut(gone, gone_lengths) AS k
      WHERE e.head = ${schema}.head_of(k.part) AND e.tail_digest = ${schema}.digest_of(k.part);
    END IF;
    IF cardinality(key_lengths) > 0 THEN
      INSERT INTO ${schema}.entry (head, tail_digest, tail, value)
      SELECT ${schema}.head_of(k.part), ${schema}.digest_of(k.part), ${schema}.tail_of(k.part), v.part
      FROM ${schema}.cut(keys, key_lengths) AS k JOIN ${schema}.cut(data, value_lengths) AS v USING (place)
      ORDER BY place
      ON CONFLICT (head, tail_digest) DO UPDATE SET value = excluded.value;
    END IF;
    IF cardinality(told_lengths) > 0 THEN PERFORM ${schema}.announce(told, told_lengths, by_whom); END IF;
  END $$;
`

const LOG = (schema: string): string => `
CREATE TABLE ${schema}.log (
  name text COLLATE "C" PRIMARY KEY,
  -- Raised with each owner: whoever holds an older one writes nothing any more.
  epoch bigint NOT NULL DEFAULT 0,
  owner text NOT NULL DEFAULT '',
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  next_index bigint NOT NULL DEFAULT 0,
  size_bytes bigint NOT NULL DEFAULT 0,
  snapshot_index bigint,
  snapshot bytea
);
CREATE TABLE ${schema}.log_record (
  log text COLLATE "C" NOT NULL REFERENCES ${schema}.log (name) ON DELETE CASCADE,
  index bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (log, index)
);

-- Appends a group: 'kept', also when it was kept before and the answer was lost; 'taken' when there is another owner.
CREATE FUNCTION ${schema}.append_records(log_name text, my_epoch bigint, first bigint, lease_ms int, data bytea, lengths int[])
RETURNS text LANGUAGE plpgsql
  AS $$
  DECLARE
    l record;
  BEGIN
    SELECT epoch, next_index INTO l FROM ${schema}.log WHERE name = log_name FOR UPDATE;
    IF NOT FOUND OR l.epoch <> my_epoch THEN RETURN 'taken'; END IF;
    IF l.next_index = first + cardinality(lengths) THEN RETURN 'kept'; END IF;
    IF l.next_index <> first THEN RETURN 'gap'; END IF;
    INSERT INTO ${schema}.log_record (log, index, payload)
      SELECT log_name, first + place - 1, part FROM ${schema}.cut(data, lengths);
    -- Each payload has its checksum of four bytes behind it.
    UPDATE ${schema}.log SET next_index = first + cardinality(lengths), size_bytes = size_bytes + length(data) - 4 * cardinality(lengths),
      lease_until = clock_timestamp() + make_interval(secs => lease_ms / 1000.0) WHERE name = log_name;
    RETURN 'kept';
  END $$;
`

/** Forward only: what was released is not changed, it gets a successor. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: (schema, channel) => STORE(schema, channel) + LOG(schema) + BUDGET_TABLES(schema, channel) },
  { version: 2, sql: JOURNAL_TABLES },
  { version: 3, sql: RATE_TABLES },
  { version: 4, sql: CLAIM_TABLES },
  { version: 5, sql: AGENT_TASK_TABLES },
]
