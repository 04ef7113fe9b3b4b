import { CodedError } from '../../base/errors.ts'
import type { LogSnapshot } from '../../ports/event-log.ts'
import type { Random } from '../../ports/random.ts'
import type { SharedAppend, SharedJournal, SharedJournalPage } from '../../ports/shared-journal.ts'
import type { StoreChanges } from '../../ports/store-changes.ts'
import { sealValue, unsealValue } from '../sealed-value.ts'
import type { PostgresConnection } from './postgres-connection.ts'

export type PostgresJournalComponents = {
  readonly connection: PostgresConnection
  readonly changes: StoreChanges
  readonly random: Pick<Random, 'bytes'>
}

export type PostgresJournalInit = {
  /** Small letters and hyphens; its changes are announced under the same name. */
  readonly name: string
  /** What this process announces its own changes with. */
  readonly origin: string
}

/** Entries of one page: their sum stays within what one answer may be. */
const PAGE = 1_000
const ENTRY_BYTES_MAX = 1_048_576
const ID_BYTES = 16

type Row = {
  readonly next_index: string
  readonly size_bytes: string
  readonly snapshot_index: string
  readonly snapshot: Buffer | null
  readonly entries: readonly Buffer[] | null
}

/**
 * A journal in the shared store, written by all gateways. An append is one statement: the entry, its limits and the word to others, whole or not at all. One whose connection
 * breaks is sent again, and kept once. Beyond what the port throws, `STORE_CORRUPTED` for an entry or snapshot that fails its checksum.
 */
export function createPostgresJournal(components: PostgresJournalComponents, init: PostgresJournalInit): SharedJournal {
  return new PostgresJournal(components, init)
}

class PostgresJournal implements SharedJournal {
  readonly isShared = true
  readonly #components: PostgresJournalComponents
  readonly #init: PostgresJournalInit

  constructor(components: PostgresJournalComponents, init: PostgresJournalInit) {
    this.#components = components
    this.#init = init
  }

  async read(fromIndex: number): Promise<SharedJournalPage> {
    const { connection } = this.#components
    const { schema } = connection
    const { rows } = await connection.run(
      {
        name: 'journal',
        text: `SELECT next_index, size_bytes, snapshot_index, CASE WHEN snapshot_index > $2 THEN snapshot END AS snapshot,
            (SELECT array_agg(payload ORDER BY index) FROM (
              SELECT index, payload FROM ${schema}.journal_entry
              WHERE journal = $1 AND index >= greatest($2, snapshot_index) ORDER BY index LIMIT ${PAGE}
            ) AS page) AS entries
          FROM ${schema}.journal WHERE name = $1`,
        values: [this.#init.name, fromIndex],
      },
      { action: 'read', isRepeatable: true },
    )
    const [row] = rows as readonly Row[]
    if (row === undefined) return { snapshot: undefined, entries: [], nextIndex: 0, sizeBytes: 0 }
    const snapshotIndex = Number(row.snapshot_index)
    const first = Math.max(fromIndex, snapshotIndex)
    return {
      snapshot:
        row.snapshot === null
          ? undefined
          : { nextIndex: snapshotIndex, payload: this.#unseal(`snapshot ${snapshotIndex}`, row.snapshot) },
      entries: (row.entries ?? []).map((entry, place) => this.#unseal(String(first + place), entry)),
      nextIndex: Number(row.next_index),
      sizeBytes: Number(row.size_bytes),
    }
  }

  async append(entry: Uint8Array, { expectedIndex, limits }: SharedAppend): Promise<boolean> {
    if (entry.byteLength > ENTRY_BYTES_MAX) throw new RangeError('An entry has at most 1 MiB')
    const { connection, random } = this.#components
    const { rows } = await connection.run(
      {
        name: 'write-journal',
        text: `SELECT ${connection.schema}.write_journal($1, $2, $3, $4, $5, $6) AS is_kept`,
        values: [
          this.#init.name,
          expectedIndex,
          Buffer.from(random.bytes(ID_BYTES)),
          sealValue(String(expectedIndex), entry),
          JSON.stringify(
            limits.map(({ scope, window, limitNanos }) => ({
              scope,
              span: window,
              nanos: limitNanos?.toString() ?? null,
            })),
          ),
          this.#init.origin,
        ],
      },
      { action: 'write', isRepeatable: true },
    )
    return (rows as readonly { readonly is_kept: boolean }[])[0]?.is_kept === true
  }

  async compact({ nextIndex, payload }: LogSnapshot): Promise<void> {
    const { connection } = this.#components
    await connection.run(
      {
        text: `SELECT ${connection.schema}.compact_journal($1, $2, $3)`,
        values: [this.#init.name, nextIndex, sealValue(`snapshot ${nextIndex}`, payload)],
      },
      { action: 'write', isRepeatable: true },
    )
  }

  watch(listener: () => void): () => void {
    return this.#components.changes.watch(this.#init.name, listener)
  }

  #unseal(name: string, stored: Buffer): Uint8Array {
    const value = unsealValue(name, stored)
    if (value !== undefined) return new Uint8Array(value)
    throw new CodedError('STORE_CORRUPTED', {
      message: `The journal ${this.#init.name} in the store at ${this.#components.connection.place} fails a checksum: ${name}`,
    })
  }
}
