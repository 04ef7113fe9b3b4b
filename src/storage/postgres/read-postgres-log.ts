import { CodedError } from '../../base/errors.ts'
import { unsealValue } from '../sealed-value.ts'
import type { PostgresConnection } from './postgres-connection.ts'

const PAGE = 256

/**
 * Payloads of the records behind a journal's newest snapshot, in order, whoever owns it and writes on; up to where it ended when the last page was read. None where there is no
 * such journal. Throws `STORE_CORRUPTED` for one that is missing or fails its checksum, and as a store in PostgreSQL.
 */
export async function* readPostgresLog(
  connection: PostgresConnection,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let next: number | undefined
  for (;;) {
    const { rows } = await connection.run(
      {
        name: 'read-log',
        text: `SELECT index, payload FROM ${connection.schema}.log_record WHERE log = $1
          AND index >= greatest($2, (SELECT coalesce(snapshot_index, 0) FROM ${connection.schema}.log WHERE name = $1))
          ORDER BY index LIMIT ${PAGE}`,
        values: [name, next ?? 0],
      },
      { action: 'read', isRepeatable: true },
    )
    for (const { index, payload: stored } of rows as readonly { index: string; payload: Buffer }[]) {
      const payload = unsealValue(index, stored)
      if (payload === undefined || (next !== undefined && Number(index) !== next))
        throw new CodedError('STORE_CORRUPTED', {
          message: `The journal ${name} is damaged in the store at ${connection.place}, at ${index}`,
        })
      next = Number(index) + 1
      yield new Uint8Array(payload)
    }
    if (rows.length < PAGE) return
  }
}
