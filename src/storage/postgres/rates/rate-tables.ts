/** Rates of a fleet: what nobody has of each, and what its gateways have. The row of a bucket is its lock. Sixty-thousandths of a unit, as in memory. */
export function RATE_TABLES(schema: string): string {
  return TABLES(schema) + TAKE(schema) + EXCHANGE(schema)
}

const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.rate_bucket (
  scope text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('requests', 'tokens', 'running')),
  units bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (scope, kind)
) WITH (fillfactor = 50);
CREATE INDEX ON ${schema}.rate_bucket (at);
CREATE TABLE ${schema}.rate_slice (
  scope text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  has bigint NOT NULL,
  used_total bigint NOT NULL,
  lease_until timestamptz NOT NULL,
  PRIMARY KEY (scope, kind, member)
) WITH (fillfactor = 50);
`

const TAKE = (schema: string): string => `
-- One report of a member: what it may use from now on, and what nobody has.
CREATE FUNCTION ${schema}.take_rate(member_id text, lease_ms int, r jsonb) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    my_scope text := r ->> 'scope';
    my_kind text := r ->> 'kind';
    lim bigint := (r ->> 'limit')::bigint;
    total bigint := (r ->> 'usedTotal')::bigint;
    kept bigint := (r ->> 'has')::bigint;
    wants bigint := (r ->> 'wants')::bigint;
    is_leaving boolean := (r ->> 'isLeaving')::boolean;
    b record;
    s record;
    now_at timestamptz;
    others bigint;
    rest bigint;
    free bigint;
    granted bigint;
  BEGIN
    INSERT INTO ${schema}.rate_bucket (scope, kind, units, at) VALUES (my_scope, my_kind, lim * 60000, clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT units, at INTO b FROM ${schema}.rate_bucket WHERE scope = my_scope AND kind = my_kind FOR UPDATE;
    now_at := greatest(clock_timestamp(), b.at);
    DELETE FROM ${schema}.rate_slice WHERE scope = my_scope AND kind = my_kind AND lease_until <= now_at;
    SELECT has, used_total INTO s FROM ${schema}.rate_slice WHERE scope = my_scope AND kind = my_kind AND member = member_id;
    SELECT coalesce(sum(has), 0) INTO others FROM ${schema}.rate_slice WHERE scope = my_scope AND kind = my_kind AND member <> member_id;
    IF is_leaving THEN kept := 0; wants := 0; END IF;
    IF my_kind = 'running' THEN
      free := (lim - others - kept) * 60000;
    ELSE
      -- Of a slice that lapsed everything was counted as used.
      rest := coalesce(s.has, 0) - (total - coalesce(s.used_total, CASE WHEN (r ->> 'isNew')::boolean THEN 0 ELSE total END));
      kept := least(kept, greatest(rest, 0));
      free := least(
        b.units + (rest - kept) * 60000 + floor(extract(epoch FROM now_at - b.at) * 1000)::bigint * lim,
        greatest(lim - others - kept, 0) * 60000
      );
    END IF;
    granted := least(wants, greatest(floor(free / 60000.0)::bigint, 0));
    free := free - granted * 60000;
    -- What a part of a millisecond gives back is given back with the next one.
    UPDATE ${schema}.rate_bucket SET units = free, at = b.at + make_interval(secs => floor(extract(epoch FROM now_at - b.at) * 1000)::float8 / 1000)
      WHERE scope = my_scope AND kind = my_kind;
    IF is_leaving THEN
      DELETE FROM ${schema}.rate_slice WHERE scope = my_scope AND kind = my_kind AND member = member_id;
    ELSE
      INSERT INTO ${schema}.rate_slice (scope, kind, member, has, used_total, lease_until)
        VALUES (my_scope, my_kind, member_id, kept + granted, total, now_at + make_interval(secs => lease_ms / 1000.0))
        ON CONFLICT (scope, kind, member) DO UPDATE SET has = excluded.has, used_total = excluded.used_total, lease_until = excluded.lease_until;
    END IF;
    RETURN jsonb_build_array(kept + granted, floor(free / 60000.0)::bigint);
  END $$;
`

const EXCHANGE = (schema: string): string => `
-- Reports of one member, by scope and kind, so that two gateways wait for each other and never both.
CREATE FUNCTION ${schema}.exchange_rates(member_id text, lease_ms int, reports jsonb) RETURNS jsonb LANGUAGE plpgsql
  AS $$
  DECLARE
    r jsonb;
    answers jsonb := '[]';
  BEGIN
    FOR r IN SELECT e FROM jsonb_array_elements(reports) AS e LOOP
      answers := answers || jsonb_build_array(${schema}.take_rate(member_id, lease_ms, r));
    END LOOP;
    RETURN answers;
  END $$;

-- Buckets that are full again, whatever their rates are, and slices of the dead in them.
CREATE FUNCTION ${schema}.prune_rates(lease_ms int) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    DELETE FROM ${schema}.rate_slice WHERE lease_until < clock_timestamp() - interval '1 minute';
    DELETE FROM ${schema}.rate_bucket AS b WHERE at < clock_timestamp() - interval '10 minutes' - make_interval(secs => lease_ms / 1000.0) AND units >= 0
      AND NOT EXISTS (SELECT FROM ${schema}.rate_slice AS s WHERE s.scope = b.scope AND s.kind = b.kind);
  END $$;
`
