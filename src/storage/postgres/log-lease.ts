import { CodedError } from '../../base/errors.ts'
import type { LogSnapshot } from '../../ports/event-log.ts'
import type { ScheduledTimer } from '../../ports/timers.ts'
import { unsealValue } from '../sealed-value.ts'
import type { PostgresConnection } from './postgres-connection.ts'

export type LogLeaseInit = {
  /** Small letters, digits and hyphens. */
  readonly name: string
  /** Who has it, for people: a name of the process. */
  readonly owner: string
  /** How long it lasts without a sign of its owner, by the server's clock. Default 15,000 ms. */
  readonly leaseMs?: number
}

export type HeldLog = {
  readonly nextIndex: number
  readonly sizeBytes: number
  readonly snapshot: LogSnapshot | undefined
}

type LogRow = {
  readonly epoch: string
  readonly next_index: string
  readonly size_bytes: string
  readonly snapshot_index: string | null
  readonly snapshot: Buffer | null
}

const NAME_PATTERN = /^[a-z0-9-]{1,128}$/
const LEASE_MS_DEFAULT = 15_000

/** The right to write a journal: an epoch that nobody else has, and a lease after which somebody may take the next one. */
export class LogLease {
  readonly epoch: number
  readonly leaseMs: number
  /** Told once it is known that somebody else has the journal. */
  onLost: (cause: CodedError) => void = () => {}
  readonly #connection: PostgresConnection
  readonly #name: string
  #timer: ScheduledTimer | undefined
  #isHeld = true

  private constructor(
    connection: PostgresConnection,
    { name, epoch, leaseMs }: { readonly name: string; readonly epoch: number; readonly leaseMs: number },
  ) {
    this.#connection = connection
    this.#name = name
    this.epoch = epoch
    this.leaseMs = leaseMs
    this.#renewLater()
  }

  /** Throws `STORE_LOCKED` while another owner's lease lasts, `STORE_CORRUPTED`, `TypeError` for what is no name. */
  static async take(
    connection: PostgresConnection,
    { name, owner, leaseMs = LEASE_MS_DEFAULT }: LogLeaseInit,
  ): Promise<{ readonly lease: LogLease; readonly held: HeldLog }> {
    if (!NAME_PATTERN.test(name)) throw new TypeError(`Not a name for a journal: ${name}`)
    const { schema } = connection
    const options = { action: 'write', isRepeatable: true } as const
    await connection.run(
      { text: `INSERT INTO ${schema}.log (name) VALUES ($1) ON CONFLICT DO NOTHING`, values: [name] },
      options,
    )
    // Sent once: where its answer is lost, the lease that it may have taken ends by itself.
    const { rows } = await connection.run(
      {
        text: `UPDATE ${schema}.log SET epoch = epoch + 1, owner = $2, lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
          WHERE name = $1 AND lease_until < clock_timestamp()
          RETURNING epoch, next_index, size_bytes, snapshot_index, snapshot`,
        values: [name, owner, leaseMs],
      },
      { action: 'write', isRepeatable: false },
    )
    const [row] = rows as readonly LogRow[]
    if (row === undefined) throw await lockedError(connection, name)
    const held = heldOf(row, name)
    return { lease: new LogLease(connection, { name, epoch: Number(row.epoch), leaseMs }), held }
  }

  takenError(): CodedError {
    return new CodedError('STORE_LOCKED', {
      message: `Another process took over the journal ${this.#name} when the lease of this one had ended`,
      details: {
        journal: this.#name,
        remedy: 'Restart this node: it then reads what the other one has written, or waits until that one ends.',
      },
    })
  }

  /** Idempotent. Whoever wants the journal has it at once. */
  async release(): Promise<void> {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#timer?.cancel()
    await this.#connection.run(
      {
        text: `UPDATE ${this.#connection.schema}.log SET lease_until = '-infinity' WHERE name = $1 AND epoch = $2`,
        values: [this.#name, this.epoch],
      },
      { action: 'write', isRepeatable: true },
    )
  }

  #renewLater(): void {
    this.#timer = this.#connection.timers.schedule(this.leaseMs / 3, () => {
      // A server that is away is asked again; the lease may end meanwhile, which the next append finds out.
      this.#renew().catch(() => {})
    })
  }

  async #renew(): Promise<void> {
    try {
      const { rowCount } = await this.#connection.run(
        {
          name: 'renew',
          text: `UPDATE ${this.#connection.schema}.log SET lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
            WHERE name = $1 AND epoch = $2`,
          values: [this.#name, this.epoch, this.leaseMs],
        },
        { action: 'write', isRepeatable: true },
      )
      if (rowCount === 1 || !this.#isHeld) return
      this.#isHeld = false
      this.onLost(this.takenError())
    } finally {
      if (this.#isHeld) this.#renewLater()
    }
  }
}

async function lockedError(connection: PostgresConnection, name: string): Promise<CodedError> {
  const { rows } = await connection.run(
    {
      text: `SELECT owner, greatest(extract(epoch FROM lease_until - clock_timestamp()) * 1000, 0)::float8 AS left_ms
        FROM ${connection.schema}.log WHERE name = $1`,
      values: [name],
    },
    { action: 'read', isRepeatable: true },
  )
  const { owner = '', left_ms: leftMs = 0 } = (rows as readonly { owner: string; left_ms: number }[])[0] ?? {}
  return new CodedError('STORE_LOCKED', {
    message: `The journal ${name} is ${owner}'s, whose lease lasts ${Math.ceil(leftMs)} ms more`,
    details: {
      journal: name,
      owner,
      leftMs: Math.ceil(leftMs),
      remedy: 'Stop the other process, or wait until its lease ends without it.',
    },
  })
}

function heldOf(row: LogRow, name: string): HeldLog {
  const nextIndex = Number(row.next_index)
  const sizeBytes = Number(row.size_bytes)
  if (row.snapshot_index === null || row.snapshot === null) return { nextIndex, sizeBytes, snapshot: undefined }
  const payload = unsealValue(row.snapshot_index, row.snapshot)
  if (payload === undefined)
    throw new CodedError('STORE_CORRUPTED', { message: `The snapshot of the journal ${name} fails its checksum` })
  return { nextIndex, sizeBytes, snapshot: { nextIndex: Number(row.snapshot_index), payload: new Uint8Array(payload) } }
}
