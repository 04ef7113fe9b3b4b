/** Who does what; a row whose time is over is nobody's. */
export function CLAIM_TABLES(schema: string): string {
  return `
CREATE TABLE ${schema}.claim (
  name text COLLATE "C" PRIMARY KEY,
  owner text NOT NULL,
  lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON ${schema}.claim (lease_until);
`
}
