import type { PoolClient } from 'pg'
import { compareKeys } from '../key-order.ts'
import type { KeyRange } from '../../ports/key-value-store.ts'
import type { PostgresConnection } from './postgres-connection.ts'

type KeyRow = { readonly key: Buffer }
type EntryRow = KeyRow & { readonly value: Buffer }

const READ_AHEAD = 256

/** Whether a range is empty by its bounds alone. */
export function isWithoutEntries({ gt, gte, lt, lte, limit }: KeyRange): boolean {
  if (limit === 0) return true
  const [lower, upper] = [gt ?? gte, lt ?? lte]
  if (lower === undefined || upper === undefined) return false
  const order = compareKeys(lower, upper)
  return order > 0 || (order === 0 && (gt !== undefined || lt !== undefined))
}

/** The entries of a range in its order. Bounds are parameters, as bytes. */
export function rangeSql(
  schema: string,
  range: KeyRange,
  columns: string,
): { readonly text: string; readonly values: readonly Buffer[] } {
  const values: Buffer[] = []
  const conditions: string[] = []
  const add = (sign: string, key: string | undefined): void => {
    if (key === undefined) return
    values.push(Buffer.from(key))
    const place = `$${values.length}::bytea`
    conditions.push(`(head, tail) ${sign} (${schema}.head_of(${place}), ${schema}.tail_of(${place}))`)
  }
  add('>', range.gt)
  add('>=', range.gte)
  add('<', range.lt)
  add('<=', range.lte)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const direction = range.reverse === true ? 'DESC' : 'ASC'
  const limit = range.limit === undefined ? '' : `LIMIT ${range.limit}`
  return {
    text: `SELECT ${columns} FROM ${schema}.entry ${where} ORDER BY head ${direction}, tail ${direction} ${limit}`,
    values,
  }
}

/** The rows of a range as of the first read. */
export function readRows(connection: PostgresConnection, range: KeyRange): AsyncGenerator<EntryRow, void, undefined> {
  return rowsOf(connection, range, 'head || tail AS key, value')
}

/** As `readRows`, without the values. */
export function readKeyRows(connection: PostgresConnection, range: KeyRange): AsyncGenerator<KeyRow, void, undefined> {
  return rowsOf(connection, range, 'head || tail AS key')
}

/** A short range is one statement; a longer one a cursor in a transaction that sees no later change. */
async function* rowsOf<Row extends KeyRow>(
  connection: PostgresConnection,
  range: KeyRange,
  columns: string,
): AsyncGenerator<Row, void, undefined> {
  const { text, values } = rangeSql(connection.schema, range, columns)
  if (range.limit !== undefined && range.limit <= READ_AHEAD) {
    const { rows } = await connection.run({ text, values }, { action: 'read', isRepeatable: true })
    yield* rows as Row[]
    return
  }
  const client = await connection.takeReader()
  let isClean = false
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`DECLARE reading NO SCROLL CURSOR FOR ${text}`, [...values])
    for (let rows = await fetchMore<Row>(client); ; rows = await fetchMore<Row>(client)) {
      yield* rows
      if (rows.length < READ_AHEAD) break
    }
    isClean = true
  } catch (error: unknown) {
    throw connection.failureOf(error, 'read')
  } finally {
    await giveBack(client, isClean)
  }
}

async function fetchMore<Row extends KeyRow>(client: PoolClient): Promise<readonly Row[]> {
  return (await client.query<Row>(`FETCH ${READ_AHEAD} FROM reading`)).rows
}

/** A reader that leaves early is no fault of the connection, unless it cannot even end its transaction. */
async function giveBack(client: PoolClient, isClean: boolean): Promise<void> {
  try {
    await client.query(isClean ? 'COMMIT' : 'ROLLBACK')
    client.release()
  } catch {
    client.release(true)
  }
}
