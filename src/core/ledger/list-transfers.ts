import type { Timestamp } from '../../base/time.ts'
import { hashTrieEntries, hashTrieGet } from '../collections/hash-trie.ts'
import { versionedMapEntries, versionedMapGet } from '../collections/versioned-map.ts'
import type { ContractId } from '../evidence/names.ts'
import type { AccountId, TransferId } from './ledger-names.ts'
import type { LedgerState, Remembered, TransferStatus } from './ledger-state.ts'
import type { TransferOrder } from './transfer-order.ts'

/** A transfer as it is shown. Amounts are decimal texts of nano-units. */
export type TransferLine = {
  readonly id: TransferId
  readonly kind: TransferOrder['kind']
  readonly status: TransferStatus
  readonly contract: ContractId | null
  readonly reference: string | null
  /** Of a post or a hold. */
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
  if (hold !== undefined) return lineOf(hold, undefined)
  const known = versionedMapGet(state.remembered, id)
  return known === undefined || known.kind === 'failed' ? undefined : lineOf(known.order, known)
}

/** Transfers that are remembered, of one contract where one is named: oldest first, open holds last, and by id among those of one stamp. */
export function listTransfers(state: LedgerState, contract?: ContractId): readonly TransferLine[] {
  const lines: TransferLine[] = []
  for (const [, known] of versionedMapEntries(state.remembered))
    if (known.kind !== 'failed') lines.push(lineOf(known.order, known))
  for (const [, hold] of hashTrieEntries(state.holds)) lines.push(lineOf(hold, undefined))
  const chosen = contract === undefined ? lines : lines.filter((line) => line.contract === contract)
  const instant = ({ at }: TransferLine): number => at ?? Number.MAX_SAFE_INTEGER
  return chosen.sort((one, other) => instant(one) - instant(other) || (one.id < other.id ? -1 : 1))
}

type Ended = Exclude<Remembered, { kind: 'failed' }>

function lineOf(order: TransferOrder, known: Ended | undefined): TransferLine {
  const hasSides = order.kind === 'post' || order.kind === 'hold'
  const captured = known?.kind === 'ended-hold' && known.end.kind === 'posted' ? known.end.captured : undefined
  const released = known?.kind === 'ended-hold' ? known.order.amount - (captured ?? 0n) : undefined
  return {
    id: order.id,
    kind: order.kind,
    status: statusOf(known),
    contract: order.contract ?? null,
    reference: order.reference ?? null,
    debit: hasSides ? order.debit : null,
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
