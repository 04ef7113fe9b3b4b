/**
 * Budgets of a fleet. A limit's rows are its locks: whoever changes what an account holds takes them first, in order. Windows are told by the server's
 * clock; each window that was used has a row of its own, so that a clock that is set back finds what was spent.
 */
export function BUDGET_TABLES(schema: string, channel: string): string {
  return TABLES(schema) + WINDOWS(schema) + COMMANDS(schema) + BATCHES(schema) + LIMITS(schema, channel)
}

const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.budget_member (
  id text COLLATE "C" PRIMARY KEY,
  lease_until timestamptz NOT NULL,
  last_batch bigint NOT NULL DEFAULT 0,
  last_answer jsonb NOT NULL DEFAULT '[]'
);
CREATE TABLE ${schema}.budget_limit (
  scope text COLLATE "C" NOT NULL,
  span text COLLATE "C" NOT NULL CHECK (span IN ('hour', 'day', 'month', 'total')),
  limit_nanos numeric(20, 0) NOT NULL CHECK (limit_nanos >= 0),
  -- Of the configuration, which takes it away again, or set while gateways ran.
  is_configured boolean NOT NULL,
  PRIMARY KEY (scope, span)
);
CREATE TABLE ${schema}.budget_window (
  scope text COLLATE "C" NOT NULL,
  span text COLLATE "C" NOT NULL,
  window_id bigint NOT NULL,
  spent_nanos numeric(39, 0) NOT NULL DEFAULT 0,
  held_nanos numeric(39, 0) NOT NULL DEFAULT 0,
  peak_nanos numeric(39, 0) NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, span, window_id)
) WITH (fillfactor = 50);
CREATE TABLE ${schema}.budget_reservation (
  id text COLLATE "C" PRIMARY KEY,
  member text COLLATE "C" NOT NULL,
  scopes text[] COLLATE "C" NOT NULL,
  window_ids bigint[] NOT NULL,
  amount_nanos numeric(20, 0) NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ON ${schema}.budget_reservation (member);
CREATE INDEX ON ${schema}.budget_reservation (expires_at);
`

const WINDOWS = (schema: string): string => `
-- Numbers of the hour, the day, the month and the whole, of UTC.
CREATE FUNCTION ${schema}.window_ids(at timestamptz) RETURNS bigint[] LANGUAGE sql IMMUTABLE
  AS $$
    SELECT ARRAY[
      floor(extract(epoch FROM at) / 3600)::bigint,
      floor(extract(epoch FROM at) / 86400)::bigint,
      (extract(year FROM at AT TIME ZONE 'UTC') * 12 + extract(month FROM at AT TIME ZONE 'UTC') - 1)::bigint,
      0
    ]
  $$;

CREATE FUNCTION ${schema}.lock_scopes(names text[]) RETURNS void LANGUAGE sql
  AS $$ SELECT FROM (SELECT 1 FROM ${schema}.budget_limit WHERE scope = ANY (names) ORDER BY scope, span FOR UPDATE) AS l $$;

-- Changes what windows of scopes have spent and hold. Every window of a scope that has a limit is counted, so that a limit that comes later finds what was spent.
CREATE FUNCTION ${schema}.change_windows(names text[], ids bigint[], spent numeric, held numeric) RETURNS void LANGUAGE sql
  AS $$
    INSERT INTO ${schema}.budget_window AS w (scope, span, window_id, spent_nanos, held_nanos, peak_nanos)
    SELECT n.scope, s.span, ids[s.place], spent, held, greatest(spent + held, 0)
    FROM unnest(names) AS n (scope), unnest(ARRAY['hour', 'day', 'month', 'total']) WITH ORDINALITY AS s (span, place)
    ORDER BY n.scope, s.span
    ON CONFLICT (scope, span, window_id) DO UPDATE
    SET spent_nanos = w.spent_nanos + spent, held_nanos = w.held_nanos + held,
      peak_nanos = greatest(w.peak_nanos, w.spent_nanos + spent + w.held_nanos + held)
  $$;

CREATE FUNCTION ${schema}.limited_scopes(names text[]) RETURNS text[] LANGUAGE sql STABLE
  AS $$ SELECT coalesce(array_agg(DISTINCT scope), '{}') FROM ${schema}.budget_limit WHERE scope = ANY (names) $$;
`

const COMMANDS = (schema: string): string => `
-- Null where there is room for the amount in every window of every scope; else the first that has none, outermost scope and shortest window first.
CREATE FUNCTION ${schema}.missing_room(names text[], ids bigint[], amount numeric) RETURNS jsonb LANGUAGE sql STABLE
  AS $$
    SELECT jsonb_build_object(
      'scope', l.scope, 'span', l.span, 'limit', l.limit_nanos::text,
      'available', greatest(l.limit_nanos - coalesce(w.spent_nanos + w.held_nanos, 0), 0)::text
    )
    FROM unnest(names) WITH ORDINALITY AS n (scope, place)
    CROSS JOIN unnest(ARRAY['hour', 'day', 'month', 'total']) WITH ORDINALITY AS s (span, place)
    JOIN ${schema}.budget_limit AS l ON l.scope = n.scope AND l.span = s.span
    LEFT JOIN ${schema}.budget_window AS w ON w.scope = n.scope AND w.span = s.span AND w.window_id = ids[s.place]
    WHERE coalesce(w.spent_nanos + w.held_nanos, 0) + amount > l.limit_nanos
    ORDER BY n.place, s.place
    LIMIT 1
  $$;

CREATE FUNCTION ${schema}.reserve(my_id text, c jsonb, at timestamptz) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    names text[] := ARRAY(SELECT jsonb_array_elements_text(c -> 'scopes'));
    amount numeric := (c ->> 'amount')::numeric;
    ids bigint[] := ${schema}.window_ids(at);
    missing jsonb := ${schema}.missing_room(names, ids, amount);
    counted text[];
  BEGIN
    IF missing IS NOT NULL THEN RETURN jsonb_build_object('refused', missing); END IF;
    counted := ${schema}.limited_scopes(names);
    PERFORM ${schema}.change_windows(counted, ids, 0, amount);
    INSERT INTO ${schema}.budget_reservation (id, member, scopes, window_ids, amount_nanos, expires_at)
      VALUES (c ->> 'id', my_id, counted, ids, amount, at + make_interval(secs => (c ->> 'expiryMs')::numeric::float8 / 1000));
    RETURN '{}';
  END $$;

-- Charges what was spent. A reservation that is gone was charged in full: what the call cost beyond is charged in the windows of now.
CREATE FUNCTION ${schema}.settle(c jsonb, at timestamptz) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    spent numeric := (c ->> 'spent')::numeric;
    beyond numeric := spent - (c ->> 'amount')::numeric;
    r record;
  BEGIN
    DELETE FROM ${schema}.budget_reservation WHERE id = c ->> 'id' RETURNING scopes, window_ids, amount_nanos INTO r;
    IF FOUND THEN
      PERFORM ${schema}.change_windows(r.scopes, r.window_ids, spent, -r.amount_nanos);
    ELSIF beyond > 0 THEN
      PERFORM ${schema}.change_windows(
        ${schema}.limited_scopes(ARRAY(SELECT jsonb_array_elements_text(c -> 'scopes'))), ${schema}.window_ids(at), beyond, 0
      );
    END IF;
    RETURN '{}';
  END $$;
`

const BATCHES = (schema: string): string => `
CREATE FUNCTION ${schema}.join_budgets(my_id text, lease_ms int) RETURNS void LANGUAGE sql
  AS $$
    INSERT INTO ${schema}.budget_member (id, lease_until) VALUES (my_id, clock_timestamp() + make_interval(secs => lease_ms / 1000.0))
    ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
  $$;

-- Commands of one member, in order and all together. A batch that comes again gets the answer that was lost. Null where the member's lease was ended.
CREATE FUNCTION ${schema}.budget_batch(my_id text, batch bigint, lease_ms int, commands jsonb) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    m record;
    c jsonb;
    at timestamptz;
    answers jsonb[] := '{}';
    answer jsonb;
  BEGIN
    SELECT last_batch, last_answer INTO m FROM ${schema}.budget_member WHERE id = my_id FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF m.last_batch = batch THEN RETURN m.last_answer; END IF;
    PERFORM ${schema}.lock_scopes(ARRAY(
      SELECT DISTINCT jsonb_array_elements_text(e -> 'scopes') FROM jsonb_array_elements(commands) AS e
    ));
    at := clock_timestamp();
    FOR c IN SELECT e FROM jsonb_array_elements(commands) AS e LOOP
      IF c ->> 'type' = 'reserve' THEN answer := ${schema}.reserve(my_id, c, at);
      ELSE answer := ${schema}.settle(c, at);
      END IF;
      answers := answers || answer;
    END LOOP;
    UPDATE ${schema}.budget_member SET last_batch = batch, last_answer = to_jsonb(answers),
      lease_until = clock_timestamp() + make_interval(secs => lease_ms / 1000.0) WHERE id = my_id;
    RETURN to_jsonb(answers);
  END $$;

-- Charges in full what members hold whose lease has ended, and what nobody ended in time: the providers may have been paid.
CREATE FUNCTION ${schema}.charge_abandoned(most int) RETURNS int LANGUAGE plpgsql
  AS $$
  DECLARE
    due text[];
    r record;
    charged int := 0;
  BEGIN
    -- From here on it is no member, and all that it held is due.
    DELETE FROM ${schema}.budget_member WHERE id IN (
      SELECT id FROM ${schema}.budget_member WHERE lease_until < clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED
    );
    due := ARRAY(
      SELECT id FROM ${schema}.budget_reservation AS held
      WHERE expires_at < clock_timestamp() OR NOT EXISTS (SELECT FROM ${schema}.budget_member AS m WHERE m.id = held.member)
      ORDER BY id LIMIT most
    );
    PERFORM ${schema}.lock_scopes(ARRAY(
      SELECT DISTINCT unnest(scopes) FROM ${schema}.budget_reservation WHERE id = ANY (due)
    ));
    FOR r IN
      DELETE FROM ${schema}.budget_reservation WHERE id = ANY (due) RETURNING scopes, window_ids, amount_nanos
    LOOP
      PERFORM ${schema}.change_windows(r.scopes, r.window_ids, r.amount_nanos, -r.amount_nanos);
      charged := charged + 1;
    END LOOP;
    -- Windows long past, which no clock comes back to.
    DELETE FROM ${schema}.budget_window WHERE held_nanos = 0 AND
      (span = 'hour' AND window_id < (${schema}.window_ids(clock_timestamp()))[1] - 24 * 32 OR
       span = 'day' AND window_id < (${schema}.window_ids(clock_timestamp()))[2] - 400);
    RETURN charged;
  END $$;
`

const LIMITS = (schema: string, channel: string): string => `
-- Null takes the limit away. An account without any limit and with nothing held is forgotten.
CREATE FUNCTION ${schema}.set_limit(scope_name text, span_name text, nanos numeric, is_from_config boolean, by_whom text) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    PERFORM ${schema}.lock_scopes(ARRAY[scope_name]);
    IF nanos IS NULL THEN
      DELETE FROM ${schema}.budget_limit WHERE scope = scope_name AND span = span_name;
      DELETE FROM ${schema}.budget_window AS w WHERE w.scope = scope_name
        AND NOT EXISTS (SELECT FROM ${schema}.budget_limit WHERE scope = scope_name)
        AND NOT EXISTS (SELECT FROM ${schema}.budget_window AS h WHERE h.scope = scope_name AND h.held_nanos > 0);
    ELSE
      INSERT INTO ${schema}.budget_limit (scope, span, limit_nanos, is_configured) VALUES (scope_name, span_name, nanos, is_from_config)
        ON CONFLICT (scope, span) DO UPDATE SET limit_nanos = excluded.limit_nanos, is_configured = excluded.is_configured;
    END IF;
    INSERT INTO ${schema}.change (origin, key) VALUES (by_whom, convert_to('budget-limits/' || scope_name, 'UTF8'));
    PERFORM pg_notify('${channel}', by_whom);
  END $$;
`
