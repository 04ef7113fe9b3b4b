import { CodedError } from '../../base/errors.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** Where gateways keep the books of notaries together, so that another one goes on with them. */
export type SharedLedger = {
  /** Tells the database from others, in what says whose signatures are counted. Copies of a database have the same. */
  readonly identity: string
  /** Of one process at a time. Throws `STORE_LOCKED` while another one's lease lasts, and as a journal. */
  open(name: string): Promise<EventLog>
  /** Payloads of a journal, in order, whoever has it; none where there is no such journal. Throws `STORE_*`. */
  read(name: string): AsyncIterable<Uint8Array>
}

/** The journal of a log's books: of its first set, so that its name stays when the log is handed on. */
export function ledgerNameOf({ set, before }: SetLineage): string {
  return `notary-${(before[0]?.set ?? set).id.slice(0, 32)}`
}

/** Records that are moved at once. */
const MOVED_MAX = 4_096
/** Bytes that are moved at once, at about. */
const MOVED_BYTES_MAX = 8 * 1_048_576

/**
 * Moves the books that a directory kept by itself behind what of them is in the shared journal: nothing where all of them are. Interrupted, it goes on with the next start.
 *
 * Throws `NOTARY_LEDGER_OTHER` where the two part, or where segments of the directory's were closed, which are files.
 */
export async function moveLedger(own: EventLog, shared: EventLog): Promise<void> {
  if (own.nextIndex <= shared.nextIndex) return
  if (own.snapshot !== undefined || shared.snapshot !== undefined)
    throw other('segments of the books in the data directory were closed already, which stay files')
  let last: Uint8Array | undefined
  for await (const { payload } of shared.read(Math.max(0, shared.nextIndex - 1))) last = payload
  let batch: Uint8Array[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await shared.append(batch)
    batch = []
    bytes = 0
  }
  const first = shared.nextIndex
  for await (const { index, payload } of own.read(Math.max(0, first - 1))) {
    if (index < first) {
      if (last === undefined || !isSame(last, payload))
        throw other('the data directory holds other books than the shared store')
      continue
    }
    batch.push(payload)
    bytes += payload.byteLength
    if (batch.length >= MOVED_MAX || bytes >= MOVED_BYTES_MAX) await flush()
  }
  await flush()
}

function isSame(one: Uint8Array, another: Uint8Array): boolean {
  return one.byteLength === another.byteLength && one.every((byte, place) => byte === another[place])
}

function other(what: string): CodedError {
  return new CodedError('NOTARY_LEDGER_OTHER', { message: `The books cannot go on in the shared store: ${what}` })
}
