import type { Timestamp } from '../../base/time.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import { versionedMapGet } from '../collections/versioned-map.ts'
import type { ContractId } from '../evidence/names.ts'
import type { AccountId, TransferId } from './ledger-names.ts'
import { keyOfHold } from './remembered-ids.ts'
import type { LedgerState, Remembered, TransferStatus } from './ledger-state.ts'
import type { TransferOrder } from './transfer-order.ts'

/** A transfer as it is shown. Amounts are decimal texts of nano-units. */
export type TransferLine = {
  readonly id: TransferId
  readonly kind: TransferOrder['kind']
  readonly status: TransferStatus
  readonly contract: ContractId | null
  readonly reference: string | null
  /** Where it came from: of a post, a hold, and what was taken of a hold. */
  readonly debit: AccountId | null
  readonly credit: AccountId | null
  readonly amountNanos: string | null
  /** Of what ends a hold: the hold. */
  readonly heldId: TransferId | null
  /** Of a posted hold: what was taken and what went back. */
  readonly capturedNanos: string | null
  readonly releasedNanos: string | null
  readonly expiresAt: Timestamp | null
  /** Stamp of its last change; `null` while a hold is open. */
  readonly at: Timestamp | null
}

/** What is known of an id: `undefined` when it was never used, failed, or was forgotten. */
export function describeTransfer(state: LedgerState, id: TransferId): TransferLine | undefined {
  const hold = hashTrieGet(state.holds, id)
  if (hold !== undefined) return lineOf(hold, undefined, undefined)
  const known = versionedMapGet(state.remembered, id)
  if (known === undefined || known.kind === 'failed') return undefined
  const { order } = known
  const { contract } = order
  const held = order.kind === 'post-held' ? keyOfHold({ id: order.heldId, contract }) : undefined
  const ended = held && versionedMapGet(state.remembered, held)
  return lineOf(order, known, ended?.kind === 'ended-hold' ? ended.order.debit : undefined)
}

/** What became of an id; `undefined` when it was never used, or forgotten. A voiding order itself counts as posted. */
export function transferStatusOf(state: LedgerState, id: TransferId): TransferStatus | undefined {
  const keys = [id, keyOfHold({ id, contract: undefined })]
  if (keys.some((key) => hashTrieGet(state.holds, key) !== undefined)) return 'held'
  const [known] = keys.flatMap((key) => versionedMapGet(state.remembered, key) ?? [])
  if (known === undefined) return undefined
  if (known.kind === 'ended-hold') return known.end.kind
  return known.kind === 'failed' ? 'failed' : 'posted'
}

type Ended = Exclude<Remembered, { kind: 'failed' }>

function lineOf(order: TransferOrder, known: Ended | undefined, heldFrom: AccountId | undefined): TransferLine {
  const hasSides = order.kind === 'post' || order.kind === 'hold'
  const captured = known?.kind === 'ended-hold' && known.end.kind === 'posted' ? known.end.captured : undefined
  const released = known?.kind === 'ended-hold' ? known.order.amount - (captured ?? 0n) : undefined
  return {
    id: order.id,
    kind: order.kind,
    status: statusOf(known),
    contract: order.contract ?? null,
    reference: order.reference ?? null,
    debit: hasSides ? order.debit : (heldFrom ?? null),
    credit: order.kind === 'void-held' ? null : order.credit,
    amountNanos: order.kind === 'void-held' ? null : String(order.amount),
    heldId: order.kind === 'post-held' || order.kind === 'void-held' ? order.heldId : null,
    capturedNanos: captured === undefined ? null : String(captured),
    releasedNanos: released === undefined ? null : String(released),
    expiresAt: (order.kind === 'hold' ? order.expiresAt : undefined) ?? null,
    at: known?.at ?? null,
  }
}

function statusOf(known: Ended | undefined): TransferStatus {
  if (known === undefined) return 'held'
  return known.kind === 'ended-hold' ? known.end.kind : 'posted'
}
