import { amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { ACCOUNT_KINDS, type Currency, type TransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import {
  account,
  ALICE,
  BOB,
  CAROL,
  CONTRACT,
  currencyOf,
  didOf,
  evidence,
  idOf,
  ISSUER,
  RECOVERY,
  START,
  USD,
} from './ledger-builder.ts'

/** Where choices come from: a seeded stream in long runs, the numbers of a generated command in short ones, so that these shrink. */
export type Draw = (bound: number) => number

/** Makes events of a small world, in which ids, holds, accounts and instants meet often. */
export type LedgerCommands = { next(draw: Draw): LedgerEvent }

const EUR_ISSUER: Did = didOf(2_000)
const EUR: Currency = currencyOf('EUR', EUR_ISSUER)
/** Never registered. */
const GBP: Currency = currencyOf('GBP', didOf(3_000))
export const OWNERS: readonly Did[] = [ALICE, BOB, CAROL, ISSUER, EUR_ISSUER]
export const CURRENCIES: readonly Currency[] = [USD, EUR]
const SUCCESSOR: Did = didOf(4_000)
const RECENT_MAX = 24

export function createLedgerCommands(): LedgerCommands {
  let at: number = START
  let fresh = 1
  let seq = 10
  const orders: TransferOrder[] = []
  const holds: TransferOrder[] = []
  const issues: { id: TransferId; event: LedgerEvent }[] = []
  const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[draw(items.length)] as Item
  const isOneIn = (draw: Draw, bound: number): boolean => draw(bound) === bound - 1
  const keep = <Item>(items: Item[], item: Item): Item => {
    items.push(item)
    if (items.length > RECENT_MAX) items.shift()
    return item
  }
  const newId = (): TransferId => idOf((fresh += 1))
  const amount = (draw: Draw) => amountFromNanos(BigInt(isOneIn(draw, 30) ? 1_000 : draw(6)))
  const issuerOf = (currency: Currency): Did => (currency === EUR ? EUR_ISSUER : ISSUER)
  const currency = (draw: Draw): Currency => {
    if (isOneIn(draw, 60)) return GBP
    return isOneIn(draw, 8) ? EUR : USD
  }
  const accountOf = (draw: Draw, chosen: Currency, isOdd: boolean) => {
    const kind = isOdd
      ? pick(draw, ACCOUNT_KINDS)
      : pick(draw, ['available', 'available', 'available', 'bond'] as const)
    return account(kind === 'issuer' ? issuerOf(chosen) : pick(draw, OWNERS), kind, chosen)
  }
  const stamp = (draw: Draw): Timestamp => {
    if (isOneIn(draw, 400)) return timestampFromMs(at - 1)
    if (isOneIn(draw, 60)) at += HOUR_MS * (1 + draw(3)) - draw(2)
    else at += draw(3)
    return timestampFromMs(at)
  }
  const newOrder = (draw: Draw): TransferOrder => {
    const id = isOneIn(draw, 25) ? (orders[draw(Math.max(1, orders.length))]?.id ?? newId()) : newId()
    const contract = isOneIn(draw, 4) ? CONTRACT : undefined
    const head = { id, isLinked: false, contract, reference: isOneIn(draw, 20) ? 'job 7' : undefined }
    const chosen = currency(draw)
    const credit = accountOf(draw, isOneIn(draw, 40) ? currency(draw) : chosen, isOneIn(draw, 20))
    const form = draw(10)
    if (form < 6) {
      const sides = { debit: accountOf(draw, chosen, isOneIn(draw, 20)), credit, amount: amount(draw) }
      if (form < 3) return { ...head, kind: 'post', ...sides }
      const life = isOneIn(draw, 40) ? -1 : draw(12)
      const expiresAt = isOneIn(draw, 3) ? undefined : timestampFromMs(at + life)
      return keep(holds, { ...head, kind: 'hold', ...sides, expiresAt })
    }
    const held = holds[draw(Math.max(1, holds.length))]
    const heldId = isOneIn(draw, 30) || held === undefined ? idOf(1_000_000 + draw(4)) : held.id
    const same = isOneIn(draw, 20) ? contract : held?.contract
    if (form > 8) return { ...head, contract: same, kind: 'void-held', heldId }
    const wanted = held?.kind === 'hold' ? held : undefined
    const target = isOneIn(draw, 3) || wanted === undefined ? credit : wanted.credit
    return { ...head, contract: same, kind: 'post-held', heldId, credit: target, amount: amount(draw) }
  }
  const anyOrder = (draw: Draw): TransferOrder => {
    const earlier = orders[draw(Math.max(1, orders.length))]
    if (earlier !== undefined && isOneIn(draw, 8)) return earlier
    return keep(orders, newOrder(draw))
  }
  const batch = (draw: Draw): TransferOrder[] => {
    const recent = orders.slice(-4)
    if (recent.length > 1 && isOneIn(draw, 12)) return recent
    const list = Array.from({ length: 1 + (isOneIn(draw, 3) ? draw(5) : 0) }, () => anyOrder(draw))
    if (list.length === 1 || isOneIn(draw, 2)) return isOneIn(draw, 40) ? linked(list, 0) : list
    const chain = linked(list, isOneIn(draw, 20) ? 0 : 1 + draw(2))
    orders.splice(-list.length, list.length, ...chain)
    return chain
  }
  /** All linked but the last `open` ones. */
  const linked = (list: readonly TransferOrder[], open: number): TransferOrder[] =>
    list.map((order, index) => ({ ...order, isLinked: index < list.length - open }))
  const credits = (draw: Draw): LedgerEvent => {
    const chosen = currency(draw)
    const issuer = isOneIn(draw, 20) ? ALICE : issuerOf(chosen)
    const members = { currency: chosen, amount: amount(draw), reference: `wire ${draw(3)}` }
    const known = issues[draw(Math.max(1, issues.length))]
    if (known !== undefined && isOneIn(draw, 8)) return { ...known.event, ...evidence(ISSUER, 1, stamp(draw)) }
    const form = draw(6)
    const id = isOneIn(draw, 20) ? (orders[0]?.id ?? newId()) : newId()
    if (form < 3) {
      const owner = pick(draw, OWNERS)
      const head = evidence(issuer, 1, stamp(draw))
      const event = { ...head, type: 'credits-issued', id, owner, isConfirmed: form > 0, ...members } as const
      return keep(issues, { id, event }).event
    }
    if (form < 4) {
      const owner = pick(draw, OWNERS)
      const signer = isOneIn(draw, 10) ? CAROL : owner
      return { ...evidence(signer, 1, stamp(draw)), type: 'credits-redeemed', id, owner, ...members }
    }
    const head = evidence(isOneIn(draw, 10) ? BOB : ISSUER, 1, stamp(draw))
    const issue = known?.id ?? idOf(1_000_009)
    const event = {
      ...head,
      type: 'credits-reconciled',
      id,
      issue,
      outcome: pick(draw, ['confirmed', 'reversed'] as const),
    } as const
    return keep(issues, { id, event }).event
  }
  const rare = (draw: Draw): LedgerEvent => {
    const form = draw(8)
    const owner = pick(draw, OWNERS)
    const naming = { recoveryKey: RECOVERY, recoveryDelay: HOUR_MS }
    const cap = amountFromNanos(BigInt(draw(4) * 200))
    if (form < 2) {
      const chosen = pick(draw, CURRENCIES)
      const signer = isOneIn(draw, 10) ? owner : issuerOf(chosen)
      const first = { ...evidence(signer, 1, stamp(draw)), currency: chosen, cap: amountFromNanos(600n) }
      if (form === 0) return { ...first, type: 'currency-registered', ...naming }
      return {
        ...evidence(signer, isOneIn(draw, 6) ? 2 : (seq += 1), stamp(draw)),
        type: 'cap-changed',
        currency: chosen,
        cap,
      }
    }
    if (form === 2)
      return { ...evidence(isOneIn(draw, 9) ? BOB : CAROL, 1, stamp(draw)), type: 'account-opened', ...naming }
    if (form < 5) {
      const head = evidence(isOneIn(draw, 5) ? owner : RECOVERY, 1, stamp(draw))
      return { ...head, type: 'recovery-requested', owner: isOneIn(draw, 5) ? owner : CAROL, successor: SUCCESSOR }
    }
    if (form === 5)
      return { ...evidence(isOneIn(draw, 3) ? owner : CAROL, 1, stamp(draw)), type: 'recovery-cancelled', owner: CAROL }
    return { type: 'recovery-completed', owner: isOneIn(draw, 9) ? owner : CAROL, at: stamp(draw) }
  }
  const beginning: LedgerEvent[] = CURRENCIES.map((chosen, index) => ({
    ...evidence(chosen === EUR ? EUR_ISSUER : ISSUER, 1),
    type: 'currency-registered',
    currency: chosen,
    cap: amountFromNanos(index === 0 ? 600n : 60n),
    recoveryKey: RECOVERY,
    recoveryDelay: HOUR_MS,
  }))
  return {
    next(draw) {
      const first = beginning.shift()
      if (first !== undefined) return first
      const form = draw(20)
      if (form < 10) return { type: 'transfers-submitted', at: stamp(draw), orders: batch(draw) }
      if (form < 14) {
        const signer = isOneIn(draw, 9) ? SUCCESSOR : pick(draw, OWNERS)
        return { ...evidence(signer, 1, stamp(draw)), type: 'orders-signed', orders: batch(draw) }
      }
      if (form < 18) return credits(draw)
      if (form < 19) return { type: 'holds-expired', at: stamp(draw) }
      return isOneIn(draw, 3) ? rare(draw) : { type: 'holds-expired', at: stamp(draw) }
    },
  }
}
