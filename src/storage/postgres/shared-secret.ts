import { CodedError } from '../../base/errors.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** The salt of every hash of a fleet: that of whoever was first. */
export async function shareSecret(connection: PostgresConnection, mine: Uint8Array): Promise<Uint8Array> {
  const { schema } = connection
  await connection.run(
    {
      text: `INSERT INTO ${schema}.setting (name, value) VALUES ('secret', $1) ON CONFLICT DO NOTHING`,
      values: [Buffer.from(mine)],
    },
    { action: 'write', isRepeatable: true },
  )
  const { rows } = await connection.run(
    { text: `SELECT value FROM ${schema}.setting WHERE name = 'secret'` },
    { action: 'read', isRepeatable: true },
  )
  const secret = (rows as readonly { value: Buffer }[])[0]?.value
  if (secret?.byteLength !== mine.byteLength)
    throw new CodedError('STORE_CORRUPTED', {
      message: `The secret in the store at ${connection.place} has the wrong size`,
    })
  return new Uint8Array(secret)
}
