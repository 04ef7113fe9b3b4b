import type { Amount } from '../../src/base/money.ts'
import { HOUR_MS, type Timestamp } from '../../src/base/time.ts'
import { hashTrieGet, hashTrieSet } from '../../src/core/collections/hash-trie.ts'
import { versionedMapApply, versionedMapEntries, versionedMapGet } from '../../src/core/collections/versioned-map.ts'
import type { LedgerEffect, LedgerEvent } from '../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE, type LedgerMachine } from '../../src/core/ledger/ledger-machine.ts'
import { type AccountId, formatAccountId, parseAccountId } from '../../src/core/ledger/ledger-names.ts'
import type { LedgerRefusalCode } from '../../src/core/ledger/ledger-refusals.ts'
import type { LedgerState, Remembered } from '../../src/core/ledger/ledger-state.ts'
import type { PostHeldOrder, TransferOrder } from '../../src/core/ledger/transfer-order.ts'
import type { Step } from '../../src/core/machine.ts'

type LedgerStep = Step<LedgerState, LedgerEffect>
type Transition = LedgerMachine['transition']

const step: Transition = (state, event) => LEDGER_MACHINE.transition(state, event)

function planted(transition: Transition): LedgerMachine {
  return { ...LEDGER_MACHINE, transition }
}

function ordersOf(event: LedgerEvent): readonly TransferOrder[] {
  return event.type === 'transfers-submitted' || event.type === 'orders-signed' ? event.orders : []
}

/** Adds to the counters of an account behind the ledger's back. */
function push(state: LedgerState, account: AccountId, change: { debits?: bigint; credits?: bigint }): LedgerState {
  const name = parseAccountId(account)
  const row = hashTrieGet(state.accounts, account) ?? (name && { id: account, name, debits: 0n, credits: 0n, held: 0n })
  if (row === undefined) return state
  const { debits = 0n, credits = 0n } = change
  const after = { ...row, debits: row.debits + debits, credits: row.credits + credits }
  return { ...state, accounts: hashTrieSet(state.accounts, account, after) }
}

function moved(state: LedgerState, [debit, credit]: readonly [AccountId, AccountId], amount: bigint): LedgerState {
  return push(push(state, debit, { debits: amount }), credit, { credits: amount })
}

/** The refusals of one code are answered as if nothing were wrong, and the money moves. */
function overlooking(code: LedgerRefusalCode): LedgerMachine {
  return planted((state, event) => {
    const before = step(state, event)
    let after = before.state
    const effects = before.effects.map((effect): LedgerEffect => {
      if (effect.type !== 'event-refused' || effect.code !== code) return effect
      const order = ordersOf(event).find(({ id }) => id === effect.id)
      const debit = order?.kind === 'post-held' ? debitOf(state, order) : undefined
      if (order?.kind !== 'post-held' || debit === undefined) return effect
      after = moved(after, [debit, order.credit], order.amount)
      const { id, amount, heldId } = order
      return { type: 'transfer-posted', id, amount, heldId, released: 0n as Amount }
    })
    return { state: after, effects }
  })
}

function debitOf(state: LedgerState, { heldId }: PostHeldOrder): AccountId | undefined {
  const known = versionedMapGet(state.remembered, heldId)
  return known?.kind === 'ended-hold' ? known.order.debit : hashTrieGet(state.holds, heldId)?.debit
}

/** What the holds of a step release vanishes. */
function losing(type: 'transfer-posted' | 'transfer-voided' | 'transfer-expired'): LedgerMachine {
  return planted((state, event) => {
    const before = step(state, event)
    let after = before.state
    for (const effect of before.effects) {
      if (effect.type !== type || effect.released === 0n) continue
      const id = effect.type === 'transfer-expired' ? effect.id : effect.heldId
      const debit = id === undefined ? undefined : hashTrieGet(state.holds, id)?.debit
      if (debit !== undefined) after = push(after, debit, { credits: 0n - effect.released })
    }
    return { state: after, effects: before.effects }
  })
}

/** Of two orders of one event that credit one account, the first is overwritten. */
const LOSING_UPDATES = planted((state, event) => {
  const before = step(state, event)
  const credited = new Map<AccountId, bigint>()
  let after = before.state
  for (const effect of before.effects) {
    const order = effect.type === 'transfer-posted' ? ordersOf(event).find(({ id }) => id === effect.id) : undefined
    if (order?.kind !== 'post') continue
    const lost = credited.get(order.credit)
    if (lost !== undefined) after = push(after, order.credit, { credits: -lost })
    credited.set(order.credit, order.amount)
  }
  return { state: after, effects: before.effects }
})

/** What came before the order that failed stays. */
const HALVING_CHAINS = planted((state, event) => {
  const whole = step(state, event)
  if (event.type !== 'transfers-submitted' || event.orders.length < 2 || !isChainFailed(whole)) return whole
  const first = event.orders.slice(0, 1).map((order) => ({ ...order, isLinked: false }))
  const half = step(state, { ...event, orders: first })
  return { state: half.state, effects: whole.effects }
})

function isChainFailed({ effects }: LedgerStep): boolean {
  return effects.some((effect) => effect.type === 'event-refused' && effect.code === 'LEDGER_CHAIN_FAILED')
}

/** Expired holds are given back once more at the next expiry. */
const EXPIRING_TWICE = planted((state, event) => {
  const before = step(state, event)
  const again = versionedMapEntries(state.remembered).find(
    ([, known]) => known.kind === 'ended-hold' && known.end.kind === 'expired' && known.order.amount > 0n,
  )?.[1]
  if (event.type !== 'holds-expired' || again?.kind !== 'ended-hold') return before
  const { id, debit, amount } = again.order
  const name = parseAccountId(debit)
  if (name === undefined) return before
  const state2 = moved(before.state, [formatAccountId({ ...name, kind: 'held' }), debit], amount)
  return { state: state2, effects: [...before.effects, { type: 'transfer-expired', id, released: amount }] }
})

/** Before each step the memory loses the ids that `isLost` says. */
function forgetting(isLost: (known: Remembered, at: Timestamp, ids: ReadonlySet<string>) => boolean): LedgerMachine {
  return planted((state, event) => {
    const ids = new Set<string>(ordersOf(event).map(({ id }) => id))
    if ('id' in event) ids.add(event.id)
    const lost = [...ids].filter((id) => {
      const known = versionedMapGet(state.remembered, id)
      return known !== undefined && isLost(known, event.at, ids)
    })
    const remembered = versionedMapApply(
      state.remembered,
      lost.map((id) => [id, undefined] as const),
    )
    return step({ ...state, remembered }, event)
  })
}

/** An order with another content passes for the one before. */
const ACCEPTING_CONFLICTS = planted((state, event) => {
  const before = step(state, event)
  const effects = before.effects.map((effect): LedgerEffect => {
    const isConflict = effect.type === 'event-refused' && effect.code === 'LEDGER_ID_CONFLICT'
    return isConflict && effect.id !== undefined ? { type: 'transfer-exists', id: effect.id } : effect
  })
  return { state: before.state, effects }
})

/** The cap is looked at by nobody. */
const IGNORING_CAPS = planted((state, event) => {
  if (event.type !== 'credits-issued') return step(state, event)
  const row = hashTrieGet(state.currencies, event.currency)
  if (row === undefined) return step(state, event)
  const cap = 1_000_000n as Amount
  const after = step({ ...state, currencies: hashTrieSet(state.currencies, event.currency, { ...row, cap }) }, event)
  return { state: { ...after.state, currencies: state.currencies }, effects: after.effects }
})

/** The event counts as `shift` ms away from its stamp; the clock of the ledger stays right. */
function shifted(type: LedgerEvent['type'], shift: number): LedgerMachine {
  return planted((state, event) => {
    const at = (event.at + shift) as Timestamp
    if (event.type !== type || at < state.at) return step(state, event)
    const after = step(state, { ...event, at })
    return after.state === state ? after : { state: { ...after.state, at: event.at }, effects: after.effects }
  })
}

/** Unconfirmed credits can be spent at once. */
const TRUSTING_PAYMENTS = planted((state, event) =>
  step(state, event.type === 'credits-issued' ? { ...event, isConfirmed: true } : event),
)

/** Whoever signs may move anybody's money. */
const IGNORING_SIGNERS = planted((state, event) =>
  step(
    state,
    event.type === 'orders-signed' ? { type: 'transfers-submitted', at: event.at, orders: event.orders } : event,
  ),
)

/** Of a list of orders with a refused one, the ones behind it are left out. */
const STOPPING_AT_REFUSALS = planted((state, event) => {
  const before = step(state, event)
  const at = before.effects.findIndex(({ type }) => type === 'event-refused')
  if (event.type !== 'transfers-submitted' || at < 0 || event.orders.some(({ isLinked }) => isLinked)) return before
  const some = step(state, { ...event, orders: event.orders.slice(0, at + 1) })
  return { state: some.state, effects: before.effects }
})

/** Known defects of the ledger; a run with one of them must fail. */
export const MONEY_PLANTS: Readonly<Record<string, { readonly what: string; readonly machine: LedgerMachine }>> = {
  'double-capture': { what: 'a hold that was posted is posted again', machine: overlooking('LEDGER_HOLD_POSTED') },
  'capture-after-void': { what: 'a hold that was voided is posted', machine: overlooking('LEDGER_HOLD_VOIDED') },
  'capture-above-hold': { what: 'more is posted than was held', machine: overlooking('LEDGER_HOLD_EXCEEDED') },
  'late-capture': { what: 'a hold is posted at or after its expiry', machine: overlooking('LEDGER_HOLD_EXPIRED') },
  'lost-release': { what: 'the rest of a posted hold is not freed', machine: losing('transfer-posted') },
  'lost-void': { what: 'a voided hold is not freed', machine: losing('transfer-voided') },
  'lost-expiry': { what: 'an expired hold is not freed', machine: losing('transfer-expired') },
  'lost-update': { what: 'two credits of one account in one event become one', machine: LOSING_UPDATES },
  'half-chain': { what: 'the first order of a failed chain stays applied', machine: HALVING_CHAINS },
  'expiry-twice': { what: 'an expired hold is freed again', machine: EXPIRING_TWICE },
  'early-expiry': { what: 'holds expire one millisecond early', machine: shifted('holds-expired', 1) },
  'deadline-inclusive': {
    what: 'at the millisecond of its expiry a hold can still be posted',
    machine: shifted('transfers-submitted', -1),
  },
  'exists-as-new': { what: 'the same order is applied again', machine: forgetting(({ kind }) => kind === 'applied') },
  'failed-id-retried': {
    what: 'an id that failed is tried again',
    machine: forgetting(({ kind }) => kind === 'failed'),
  },
  'early-forgetting': {
    what: 'an id is forgotten after 20 hours',
    machine: forgetting((known, at) => at - known.at > 20 * HOUR_MS && at - known.at < 24 * HOUR_MS),
  },
  'conflict-as-exists': { what: 'another content under a known id is a success', machine: ACCEPTING_CONFLICTS },
  'cap-ignored': { what: 'an issuer owes more than its cap', machine: IGNORING_CAPS },
  'unreconciled-spent': { what: 'credits count before their payment is confirmed', machine: TRUSTING_PAYMENTS },
  'signer-ignored': { what: 'a signed order moves the money of another', machine: IGNORING_SIGNERS },
  'early-recovery': { what: 'a recovery ends one millisecond early', machine: shifted('recovery-completed', 1) },
  'stopped-batch': { what: 'orders behind a refused one are dropped', machine: STOPPING_AT_REFUSALS },
}
