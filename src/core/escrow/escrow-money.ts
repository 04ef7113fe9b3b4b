import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { ContractId, Did } from '../evidence/names.ts'
import { type AccountId, type AccountKind, type TransferId, formatAccountId } from '../ledger/ledger-names.ts'
import type { HoldOrder, PostHeldOrder, PostOrder, TransferOrder, VoidHeldOrder } from '../ledger/transfer-order.ts'
import type { EscrowState, Settlement } from './escrow-state.ts'
import type { EscrowTerms } from './escrow-terms.ts'

/** What a contract has the ledger hold, each by a hold of its own. */
export const HELD_PARTS = ['price', 'payer-bond', 'worker-bond'] as const
export type HeldPart = (typeof HELD_PARTS)[number]

/** The contract whose money it is, and the try of the hold that succeeded. */
export type Holding = { readonly contract: ContractId; readonly terms: EscrowTerms; readonly holdAttempt: number }

type Unlinked =
  | Omit<HoldOrder, 'isLinked'>
  | Omit<PostOrder, 'isLinked'>
  | Omit<PostHeldOrder, 'isLinked'>
  | Omit<VoidHeldOrder, 'isLinked'>

/** How the ids of contracts' transfers begin. Nobody else may use such an id: a party that knows the next one could otherwise take it, and so keep money from leaving. */
export const CONTRACT_TRANSFER_PREFIX = 'ffff'

/**
 * The transfer that a digest names, where a party chooses one: never that of a contract.
 *
 * @param digest  64 lower-case hexadecimal digits, or the first 32 of them.
 */
export function transferIdOfDigest(digest: string): TransferId {
  const digits = digest.slice(0, 32)
  return (digits.startsWith(CONTRACT_TRANSFER_PREFIX) ? `0${digits.slice(1)}` : digits) as TransferId
}

/**
 * Id of a transfer of a contract: the prefix, then the first 112 bits of SHA-256 over domain, contract, what it is for and the number of the try. Whoever has
 * the contract knows all its ids, and the same step asks for the same ids however often it is taken.
 */
export function transferIdOf(contract: ContractId, purpose: string, attempt: number): TransferId {
  const digest = sha256Hex(`kernell/escrow/transfer/v1\0${contract}\0${purpose}\0${attempt}`)
  return `${CONTRACT_TRANSFER_PREFIX}${digest.slice(0, 28)}` as TransferId
}

/** Where the price comes from and goes back to: what the payer has, or in `C1` the credit that it issues. */
export function payerAccount(terms: EscrowTerms): AccountId {
  return accountOf(terms, terms.payer, terms.custody === 'C1' ? 'issuer' : 'available')
}

function accountOf({ currency }: EscrowTerms, owner: Did, kind: AccountKind): AccountId {
  return formatAccountId({ owner, kind, currency })
}

/** What a part holds; 0: no hold is made. */
function partNanos({ maxNanos, bonds }: EscrowTerms, part: HeldPart): Amount {
  if (part === 'price') return maxNanos
  return part === 'payer-bond' ? bonds.payerNanos : bonds.workerNanos
}

function partAccounts(terms: EscrowTerms, part: HeldPart): { readonly debit: AccountId; readonly credit: AccountId } {
  const payer = payerAccount(terms)
  const worker = accountOf(terms, terms.worker, 'available')
  return part === 'worker-bond' ? { debit: worker, credit: payer } : { debit: payer, credit: worker }
}

/** Reserves the price and both bonds: all of them or nothing. */
export function holdOrders(contract: ContractId, terms: EscrowTerms, attempt: number): readonly TransferOrder[] {
  const orders: Unlinked[] = []
  for (const part of HELD_PARTS) {
    const amount = partNanos(terms, part)
    if (amount === ZERO_AMOUNT) continue
    const id = transferIdOf(contract, `hold/${part}`, attempt)
    orders.push({
      kind: 'hold',
      id,
      contract,
      reference: undefined,
      ...partAccounts(terms, part),
      amount,
      expiresAt: undefined,
    })
  }
  return linked(orders)
}

/** The holds that the ledger has for a contract, between two events. */
export function openHoldsOf(state: EscrowState): readonly TransferId[] {
  if (!('holdAttempt' in state)) return []
  const { contract, terms, holdAttempt } = state
  const holds = HELD_PARTS.filter((part) => partNanos(terms, part) !== ZERO_AMOUNT).map((part) =>
    transferIdOf(contract, `hold/${part}`, holdAttempt),
  )
  const disputeAttempt = disputeAttemptOf(state)
  return disputeAttempt === undefined ? holds : [...holds, transferIdOf(contract, 'dispute-bond', disputeAttempt)]
}

function disputeAttemptOf(state: EscrowState): number | undefined {
  if (state.kind === 'CAPTURING') return state.settlement.disputeAttempt
  return state.kind === 'DISPUTED' || state.kind === 'FROZEN' ? state.disputeAttempt : undefined
}

/** Gives back what a hold reserved that nobody waits for any more. */
export function releaseOrders({ contract, terms, holdAttempt }: Holding): readonly TransferOrder[] {
  const parts = HELD_PARTS.filter((part) => partNanos(terms, part) !== ZERO_AMOUNT)
  return linked(
    parts.map((part) =>
      voidOrder(contract, {
        purpose: `release/${part}`,
        attempt: holdAttempt,
        heldId: transferIdOf(contract, `hold/${part}`, holdAttempt),
      }),
    ),
  )
}

/** Reserves the dispute bond. It is the payer's, and goes to the arbiters or back. */
export function disputeBondOrders(contract: ContractId, terms: EscrowTerms, attempt: number): readonly TransferOrder[] {
  const id = transferIdOf(contract, 'dispute-bond', attempt)
  const credit = accountOf(terms, terms.worker, 'available')
  const amount = terms.bonds.disputeNanos
  return [
    {
      kind: 'hold',
      id,
      isLinked: false,
      contract,
      reference: undefined,
      debit: payerAccount(terms),
      credit,
      amount,
      expiresAt: undefined,
    },
  ]
}

/** Gives the dispute bond back. */
export function disputeReleaseOrders(contract: ContractId, attempt: number): readonly TransferOrder[] {
  const heldId = transferIdOf(contract, 'dispute-bond', attempt)
  return linked([voidOrder(contract, { purpose: 'release/dispute-bond', attempt, heldId })])
}

/** Ends all holds of a contract at once, as its settlement says. */
export function captureOrders(holding: Holding, settlement: Settlement, attempt: number): readonly TransferOrder[] {
  const { contract, terms } = holding
  const worker = accountOf(terms, terms.worker, 'available')
  const orders: Unlinked[] = [
    ...endOf(holding, { part: 'price', nanos: settlement.capturedNanos, credit: worker, attempt }),
    ...endOf(holding, { part: 'payer-bond', nanos: settlement.payerSlashedNanos, credit: worker, attempt }),
    ...endOf(holding, {
      part: 'worker-bond',
      nanos: settlement.workerSlashedNanos,
      credit: payerAccount(terms),
      attempt,
    }),
  ]
  if (settlement.feeNanos > ZERO_AMOUNT) {
    const id = transferIdOf(contract, 'capture/fee', attempt)
    const credit = accountOf(terms, terms.notarySet.feeOwner, 'fee')
    orders.push({
      kind: 'post',
      id,
      contract,
      reference: undefined,
      debit: worker,
      credit,
      amount: settlement.feeNanos,
    })
  }
  orders.push(...disputeEnd(holding, settlement, attempt))
  return linked(orders)
}

type PartEnd = { readonly part: HeldPart; readonly nanos: Amount; readonly credit: AccountId; readonly attempt: number }

function endOf(
  { contract, terms, holdAttempt }: Holding,
  { part, nanos, credit, attempt }: PartEnd,
): readonly Unlinked[] {
  if (partNanos(terms, part) === ZERO_AMOUNT) return []
  const heldId = transferIdOf(contract, `hold/${part}`, holdAttempt)
  const purpose = `capture/${part}`
  if (nanos === ZERO_AMOUNT) return [voidOrder(contract, { purpose, attempt, heldId })]
  return [
    {
      kind: 'post-held',
      id: transferIdOf(contract, purpose, attempt),
      contract,
      reference: undefined,
      heldId,
      credit,
      amount: nanos,
    },
  ]
}

/** The first arbiter is paid out of the bond, which frees its rest within the same chain; the others are paid out of that. */
function disputeEnd({ contract, terms }: Holding, settlement: Settlement, attempt: number): readonly Unlinked[] {
  if (settlement.disputeAttempt === undefined) return []
  const heldId = transferIdOf(contract, 'dispute-bond', settlement.disputeAttempt)
  const amount = terms.fees.arbiterNanos
  const paid = amount === ZERO_AMOUNT ? [] : settlement.paidArbiters
  if (paid.length === 0) return [voidOrder(contract, { purpose: 'capture/dispute-bond', attempt, heldId })]
  return paid.map((arbiter, index): Unlinked => {
    const id = transferIdOf(contract, `capture/arbiter/${index}`, attempt)
    const credit = accountOf(terms, arbiter, 'arbiter')
    if (index === 0) return { kind: 'post-held', id, contract, reference: undefined, heldId, credit, amount }
    return { kind: 'post', id, contract, reference: undefined, debit: payerAccount(terms), credit, amount }
  })
}

/** Moves captured money back, out of what the worker has. */
export function refundOrders(
  contract: ContractId,
  terms: EscrowTerms,
  refund: { readonly attempt: number; readonly amountNanos: Amount },
): readonly TransferOrder[] {
  const id = transferIdOf(contract, 'refund', refund.attempt)
  const debit = accountOf(terms, terms.worker, 'available')
  return [
    {
      kind: 'post',
      id,
      isLinked: false,
      contract,
      reference: undefined,
      debit,
      credit: payerAccount(terms),
      amount: refund.amountNanos,
    },
  ]
}

type VoidInit = { readonly purpose: string; readonly attempt: number; readonly heldId: TransferId }

function voidOrder(contract: ContractId, { purpose, attempt, heldId }: VoidInit): Unlinked {
  return { kind: 'void-held', id: transferIdOf(contract, purpose, attempt), contract, reference: undefined, heldId }
}

/** One chain: all orders apply, or none. */
function linked(orders: readonly Unlinked[]): readonly TransferOrder[] {
  return orders.map((order, index) => ({ ...order, isLinked: index < orders.length - 1 }))
}
