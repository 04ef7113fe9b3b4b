import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { EventLog, LogRecord, LogSnapshot } from '../../ports/event-log.ts'
import { sealValue, unsealValue } from '../sealed-value.ts'
import { type HeldLog, LogLease, type LogLeaseInit } from './log-lease.ts'
import { packBytes } from './packed-bytes.ts'
import type { PostgresConnection } from './postgres-connection.ts'

const APPEND_RECORDS_MAX = 65_535
const APPEND_BYTES_MAX = 67_108_864
/** Most bytes that one statement keeps, so that one caller's wait stays bounded. */
const BATCH_BYTES_MAX = 8_388_608
const READ_AHEAD = 256

type PendingAppend = {
  readonly kind: 'append'
  readonly payloads: readonly Uint8Array[]
  readonly bytes: number
  readonly onKept: () => void
  readonly reject: (error: CodedError) => void
}
type PendingCompaction = {
  readonly kind: 'compaction'
  readonly snapshot: LogSnapshot
  readonly bytes: 0
  readonly onKept: () => void
  readonly reject: (error: CodedError) => void
}

/**
 * Opens a journal that lives in the shared store. One process owns it: while its lease lasts nobody else gets it, and once somebody else has it, nothing that the
 * owner before sends is kept, however late it comes. Each append and each third of the lease renews it, by the server's clock.
 *
 * An append whose connection breaks is sent again, and kept once: whether it had been kept is seen by where the journal ends.
 *
 * @throws `STORE_LOCKED` while another owner's lease lasts, `STORE_CORRUPTED`, and as a store in PostgreSQL.
 */
export async function openPostgresEventLog(connection: PostgresConnection, init: LogLeaseInit): Promise<EventLog> {
  const { lease, held } = await LogLease.take(connection, init)
  try {
    await checkWhole(connection, init.name, held)
    return new PostgresEventLog(connection, { name: init.name, lease, held })
  } catch (error: unknown) {
    await lease.release().catch(() => {})
    throw error
  }
}

/** What an interrupted compaction left is deleted; what is left has to be without gaps. */
async function checkWhole(connection: PostgresConnection, name: string, held: HeldLog): Promise<void> {
  const { schema } = connection
  const first = held.snapshot?.nextIndex ?? 0
  await connection.run(
    { text: `DELETE FROM ${schema}.log_record WHERE log = $1 AND index < $2`, values: [name, first] },
    { action: 'write', isRepeatable: true },
  )
  const { rows } = await connection.run(
    {
      text: `SELECT count(*)::int AS found, min(index) AS first FROM ${schema}.log_record WHERE log = $1`,
      values: [name],
    },
    { action: 'read', isRepeatable: true },
  )
  const { found, first: lowest } = (rows as readonly { found: number; first: string | null }[])[0] ?? {
    found: 0,
    first: null,
  }
  if (found === held.nextIndex - first && (lowest === null || Number(lowest) === first)) return
  throw new CodedError('STORE_CORRUPTED', {
    message: `The journal ${name} lacks records: it has ${found} of ${held.nextIndex - first}`,
  })
}

class PostgresEventLog implements EventLog {
  private readonly connection: PostgresConnection
  private readonly name: string
  private readonly lease: LogLease
  private readonly pending: (PendingAppend | PendingCompaction)[] = []
  private pendingBytes = 0
  private end: number
  private keptIndex: number
  private kept: LogSnapshot | undefined
  private bytes: number
  private drain: Promise<void> | undefined
  private poison: { readonly cause: unknown } | undefined
  private isOpen = true
  /** Where readings go on that began before a compaction took their records' place. */
  private readonly readings = new Set<{ from: number }>()

  constructor(
    connection: PostgresConnection,
    { name, lease, held }: { readonly name: string; readonly lease: LogLease; readonly held: HeldLog },
  ) {
    this.connection = connection
    this.name = name
    this.lease = lease
    this.end = held.nextIndex
    this.keptIndex = held.nextIndex
    this.kept = held.snapshot
    this.bytes = held.sizeBytes
    lease.onLost = (cause) => void (this.poison ??= { cause })
  }

  get nextIndex(): number {
    return this.end
  }

  get snapshot(): LogSnapshot | undefined {
    return this.kept
  }

  get sizeBytes(): number {
    return this.bytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.checkWritable()
    const bytes = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (payloads.length === 0 || payloads.length > APPEND_RECORDS_MAX)
      throw new RangeError(`An append has 1 to ${APPEND_RECORDS_MAX} records`)
    if (bytes > APPEND_BYTES_MAX) throw new RangeError('An append holds at most 64 MiB')
    if (this.pendingBytes > 0 && this.pendingBytes + bytes > APPEND_BYTES_MAX)
      throw new CodedError('STORE_OVERLOADED', { message: `${this.pendingBytes} bytes wait for the journal's store` })
    const first = this.end
    this.end += payloads.length
    const copies = payloads.map((payload, at) => sealValue(String(first + at), payload))
    await new Promise<void>((onKept, reject) =>
      this.enqueue({ kind: 'append', payloads: copies, bytes, onKept, reject }),
    )
    return first
  }

  read(fromIndex: number): AsyncIterable<LogRecord> {
    if (!this.isOpen) throw this.closedError()
    const oldest = this.kept?.nextIndex ?? 0
    if (fromIndex < oldest) throw new RangeError(`Records before ${oldest} were replaced by a snapshot`)
    const place = { from: fromIndex }
    this.readings.add(place)
    return this.readRecords(place, this.keptIndex)
  }

  async compact({ nextIndex, payload }: LogSnapshot): Promise<void> {
    this.checkWritable()
    if (nextIndex !== this.end) throw new RangeError('A snapshot ends at the end of the log')
    const snapshot = { nextIndex, payload: payload.slice() }
    await new Promise<void>((onKept, reject) =>
      this.enqueue({ kind: 'compaction', snapshot, bytes: 0, onKept, reject }),
    )
  }

  async close(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    await this.drain
    if (this.poison === undefined) await this.forget(0).catch(() => {})
    await this.lease.release()
  }

  private enqueue(item: PendingAppend | PendingCompaction): void {
    this.pending.push(item)
    this.pendingBytes += item.bytes
    this.drain ??= this.drainPending().finally(() => (this.drain = undefined))
  }

  private async drainPending(): Promise<void> {
    // Lets appends of the same turn join the first statement.
    await Promise.resolve()
    for (let batch = this.takeBatch(); batch.length > 0; batch = this.takeBatch()) {
      try {
        if (this.poison !== undefined) throw this.poison.cause
        await this.keep(batch)
        for (const { onKept } of batch) onKept()
      } catch (cause: unknown) {
        this.poison ??= { cause }
        for (const { reject } of batch) reject(refused(cause))
      } finally {
        this.pendingBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0)
      }
    }
  }

  private takeBatch(): readonly (PendingAppend | PendingCompaction)[] {
    let [count, records, bytes] = [0, 0, 0]
    for (const item of this.pending) {
      const itemRecords = item.kind === 'append' ? item.payloads.length : 0
      const isFull = bytes + item.bytes > BATCH_BYTES_MAX || records + itemRecords > APPEND_RECORDS_MAX
      if (count > 0 && (item.kind === 'compaction' || isFull)) break
      count += 1
      records += itemRecords
      bytes += item.bytes
      if (item.kind === 'compaction') break
    }
    return this.pending.splice(0, count)
  }

  private async keep(batch: readonly (PendingAppend | PendingCompaction)[]): Promise<void> {
    const [first] = batch
    assert(first !== undefined, 'a batch has an item')
    if (first.kind === 'compaction') {
      await this.replace(first.snapshot)
      return
    }
    const payloads = batch.flatMap((item) => (item.kind === 'append' ? item.payloads : []))
    const { data, lengths } = packBytes(payloads)
    const { rows } = await this.connection.run(
      {
        name: 'append',
        text: `SELECT ${this.connection.schema}.append_records($1, $2, $3, $4, $5, $6) AS outcome`,
        values: [this.name, this.lease.epoch, this.keptIndex, this.lease.leaseMs, data, lengths],
      },
      { action: 'write', isRepeatable: true },
    )
    const outcome = (rows as readonly { outcome: string }[])[0]?.outcome
    if (outcome !== 'kept') throw outcome === 'gap' ? this.gapError() : this.lease.takenError()
    this.keptIndex += payloads.length
    this.bytes += batch.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  private async replace(snapshot: LogSnapshot): Promise<void> {
    const { rowCount } = await this.connection.run(
      {
        text: `UPDATE ${this.connection.schema}.log SET snapshot_index = $3, snapshot = $4, size_bytes = 0
          WHERE name = $1 AND epoch = $2 AND next_index = $3`,
        values: [
          this.name,
          this.lease.epoch,
          snapshot.nextIndex,
          sealValue(String(snapshot.nextIndex), snapshot.payload),
        ],
      },
      { action: 'write', isRepeatable: true },
    )
    if (rowCount !== 1) throw this.lease.takenError()
    this.kept = snapshot
    this.bytes = 0
    // What is left of the past is deleted by the next one who opens the journal.
    await this.forget(snapshot.nextIndex).catch(() => {})
  }

  /** Deletes records that a snapshot replaced, but for those that a reading has still to come to. */
  private async forget(before: number): Promise<void> {
    const oldest = Math.min(this.kept?.nextIndex ?? 0, ...Array.from(this.readings, ({ from }) => from))
    const isAll = before === 0
    await this.connection.run(
      {
        text: `DELETE FROM ${this.connection.schema}.log_record WHERE log = $1 AND index < $2
          AND EXISTS (SELECT FROM ${this.connection.schema}.log WHERE name = $1 AND epoch = $3)`,
        values: [this.name, isAll ? (this.kept?.nextIndex ?? 0) : oldest, this.lease.epoch],
      },
      { action: 'write', isRepeatable: true },
    )
  }

  private async *readRecords(place: { from: number }, end: number): AsyncGenerator<LogRecord, void, undefined> {
    try {
      while (place.from < end) {
        if (!this.isOpen) throw this.closedError()
        const { rows } = await this.connection.run(
          {
            name: 'records',
            text: `SELECT index, payload FROM ${this.connection.schema}.log_record
              WHERE log = $1 AND index >= $2 AND index < $3 ORDER BY index LIMIT ${READ_AHEAD}`,
            values: [this.name, place.from, end],
          },
          { action: 'read', isRepeatable: true },
        )
        for (const row of rows as readonly { index: string; payload: Buffer }[]) {
          const payload = unsealValue(row.index, row.payload)
          if (payload === undefined || Number(row.index) !== place.from) throw this.gapError()
          const record = { index: place.from, payload: new Uint8Array(payload) }
          place.from += 1
          yield record
        }
        if (rows.length === 0) throw this.gapError()
      }
    } finally {
      this.readings.delete(place)
    }
  }

  private checkWritable(): void {
    if (this.poison !== undefined)
      throw new CodedError('LOG_POISONED', {
        message: `The journal ${this.name} could not be written`,
        cause: this.poison.cause,
      })
    if (!this.isOpen) throw this.closedError()
  }

  private gapError(): CodedError {
    return new CodedError('STORE_CORRUPTED', {
      message: `The journal ${this.name} is damaged in the store at ${this.connection.place}`,
    })
  }

  private closedError(): CodedError {
    return new CodedError('STORE_NOT_OPEN', { message: `The journal ${this.name} is closed` })
  }
}

/** The promise of the port: appends that may or may not be found later fail with one code. */
function refused(cause: unknown): CodedError {
  if (CodedError.is(cause, 'STORE_WRITE_FAILED')) return cause
  const why = CodedError.is(cause) ? `: ${cause.message}` : ''
  return new CodedError('STORE_WRITE_FAILED', {
    message: `The journal could not be written${why}`,
    cause,
    ...(CodedError.is(cause) && { details: { ...cause.details, causeCode: cause.code } }),
  })
}
