export const FLEET_PLANTS: Readonly<Record<string, string>> = {
  'without-locks': 'gateways look for room without keeping others from taking it meanwhile',
  'free-room': 'whoever asks gets room',
  'forgotten-holds': 'what a dead gateway held is given back',
  'kept-holds': 'what a dead gateway held stays held',
  'deaf-cache': 'gateways are not told of answers that others stored',
}

/** Defects of the server's functions, by the text that takes a function's place. */
export function plantSql(plant: string, schema: string): string | undefined {
  const plants: Readonly<Record<string, string>> = {
    'without-locks': `CREATE OR REPLACE FUNCTION ${schema}.lock_scopes(names text[]) RETURNS void LANGUAGE sql AS $$ SELECT $$;
      -- Called between the look for room and what takes it.
      CREATE OR REPLACE FUNCTION ${schema}.limited_scopes(names text[]) RETURNS text[] LANGUAGE sql VOLATILE
      AS $$ SELECT coalesce(array_agg(DISTINCT scope), '{}') FROM ${schema}.budget_limit, pg_sleep(0.005) WHERE scope = ANY (names) $$`,
    'free-room': `CREATE OR REPLACE FUNCTION ${schema}.missing_room(names text[], ids bigint[], amount numeric) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT NULL::jsonb $$`,
    'forgotten-holds': `CREATE OR REPLACE FUNCTION ${schema}.charge_abandoned(most int) RETURNS int LANGUAGE plpgsql AS $$
      DECLARE r record; BEGIN
        FOR r IN DELETE FROM ${schema}.budget_reservation WHERE member IN (SELECT id FROM ${schema}.budget_member WHERE lease_until < clock_timestamp()) RETURNING *
        LOOP PERFORM ${schema}.change_windows(r.scopes, r.window_ids, 0, -r.amount_nanos); END LOOP;
        RETURN 0; END $$`,
    'kept-holds': `CREATE OR REPLACE FUNCTION ${schema}.charge_abandoned(most int) RETURNS int LANGUAGE sql AS $$ SELECT 0 $$`,
    'deaf-cache': `CREATE OR REPLACE FUNCTION ${schema}.announce(keys bytea, key_lengths int[], by_whom text) RETURNS void LANGUAGE sql AS $$ SELECT NULL::void $$`,
  }
  return plants[plant]
}
