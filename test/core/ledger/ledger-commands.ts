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
  hashOf,
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
const KEYS: readonly Did[] = [SUCCESSOR, didOf(4_001), didOf(4_002)]
const RECENT_MAX = 24

export function createLedgerCommands(): LedgerCommands {
  return new SmallWorld()
}

class SmallWorld implements LedgerCommands {
  private at: number = START
  private fresh = 1
  private seq = 10
  /** When the last recovery that was asked for may be completed. */
  private due = 0
  private readonly orders: TransferOrder[] = []
  private readonly holds: TransferOrder[] = []
  private readonly issues: { id: TransferId; event: LedgerEvent }[] = []
  private readonly beginning: LedgerEvent[] = CURRENCIES.map((chosen, index) => ({
    ...evidence(chosen === EUR ? EUR_ISSUER : ISSUER, 1),
    type: 'currency-registered',
    currency: chosen,
    cap: amountFromNanos(index === 0 ? 600n : 60n),
    recoveryKey: RECOVERY,
    recoveryDelay: HOUR_MS,
  }))

  next(draw: Draw): LedgerEvent {
    const first = this.beginning.shift()
    if (first !== undefined) return first
    // Soon after it was asked for, since most events of an hour would come between.
    if (this.due > this.at && isOneIn(draw, 8)) return this.completed(draw)
    const form = draw(20)
    if (form < 10) return { type: 'transfers-submitted', at: this.stamp(draw), orders: this.batch(draw) }
    if (form < 14) {
      const signer = isOneIn(draw, 9) ? SUCCESSOR : pick(draw, OWNERS)
      return { ...evidence(signer, 1, this.stamp(draw)), type: 'orders-signed', orders: this.batch(draw) }
    }
    if (form < 18) return this.credits(draw)
    if (form < 19) return isOneIn(draw, 9) ? this.stamped(draw) : { type: 'holds-expired', at: this.stamp(draw) }
    return isOneIn(draw, 3) ? this.rare(draw) : { type: 'holds-expired', at: this.stamp(draw) }
  }

  private stamped(draw: Draw): LedgerEvent {
    const head = evidence(isOneIn(draw, 4) ? SUCCESSOR : pick(draw, OWNERS), 1, this.stamp(draw))
    return { ...head, type: 'hash-stamped', hash: hashOf(this.seq), currency: currency(draw) }
  }

  private newId(): TransferId {
    return idOf((this.fresh += 1))
  }

  private stamp(draw: Draw): Timestamp {
    if (isOneIn(draw, 400)) return timestampFromMs(this.at - 1)
    if (isOneIn(draw, 150)) this.at += HOUR_MS * (isOneIn(draw, 8) ? 169 : 20 + draw(5)) - draw(2)
    else if (isOneIn(draw, 60)) this.at += HOUR_MS * (1 + draw(3)) - draw(2)
    else this.at += draw(3)
    return timestampFromMs(this.at)
  }

  private newOrder(draw: Draw): TransferOrder {
    const id = isOneIn(draw, 25)
      ? (this.orders[draw(Math.max(1, this.orders.length))]?.id ?? this.newId())
      : this.newId()
    const contract = isOneIn(draw, 4) ? CONTRACT : undefined
    const head = { id, isLinked: false, contract, reference: isOneIn(draw, 20) ? 'job 7' : undefined }
    const chosen = currency(draw)
    const credit = accountOf(draw, isOneIn(draw, 40) ? currency(draw) : chosen, isOneIn(draw, 20))
    const form = draw(10)
    if (form < 6) {
      const sides = { debit: accountOf(draw, chosen, isOneIn(draw, 20)), credit, amount: amount(draw) }
      if (form < 3) return { ...head, kind: 'post', ...sides }
      const far = isOneIn(draw, 40) ? 2_592_000_000 - 6 : 0
      const life = isOneIn(draw, 40) ? -1 : far + draw(12)
      const expiresAt = isOneIn(draw, 3) ? undefined : timestampFromMs(this.at + life)
      const agent = isOneIn(draw, 4) ? pick(draw, OWNERS) : undefined
      return keep(this.holds, { ...head, kind: 'hold', ...sides, expiresAt, agent })
    }
    const held = this.holds[draw(Math.max(1, this.holds.length))]
    const heldId = isOneIn(draw, 30) || held === undefined ? idOf(1_000_000 + draw(4)) : held.id
    const same = isOneIn(draw, 20) ? contract : held?.contract
    if (form > 8) return { ...head, contract: same, kind: 'void-held', heldId }
    const wanted = held?.kind === 'hold' ? held : undefined
    const target = isOneIn(draw, 3) || wanted === undefined ? credit : wanted.credit
    return { ...head, contract: same, kind: 'post-held', heldId, credit: target, amount: amount(draw) }
  }

  private anyOrder(draw: Draw): TransferOrder {
    const earlier = this.orders[draw(Math.max(1, this.orders.length))]
    if (earlier !== undefined && isOneIn(draw, 8)) return earlier
    return keep(this.orders, this.newOrder(draw))
  }

  private batch(draw: Draw): TransferOrder[] {
    const recent = this.orders.slice(-4)
    if (recent.length > 1 && isOneIn(draw, 12)) return recent
    const list = Array.from({ length: 1 + (isOneIn(draw, 3) ? draw(5) : 0) }, () => this.anyOrder(draw))
    if (list.length === 1 || isOneIn(draw, 2)) return isOneIn(draw, 40) ? linked(list, 0) : list
    const chain = linked(list, isOneIn(draw, 20) ? 0 : 1 + draw(2))
    this.orders.splice(-list.length, list.length, ...chain)
    return chain
  }

  private credits(draw: Draw): LedgerEvent {
    const chosen = currency(draw)
    const issuer = isOneIn(draw, 20) ? ALICE : issuerOf(chosen)
    const members = { currency: chosen, amount: amount(draw), reference: `wire ${draw(3)}` }
    const known = this.issues[draw(Math.max(1, this.issues.length))]
    if (known !== undefined && isOneIn(draw, 8)) return { ...known.event, ...evidence(ISSUER, 1, this.stamp(draw)) }
    const form = draw(6)
    const id = isOneIn(draw, 20) ? (this.orders[0]?.id ?? this.newId()) : this.newId()
    if (form < 3) {
      const owner = pick(draw, OWNERS)
      const head = evidence(issuer, 1, this.stamp(draw))
      const event = { ...head, type: 'credits-issued', id, owner, isConfirmed: form > 0, ...members } as const
      return keep(this.issues, { id, event }).event
    }
    if (form < 4) {
      const owner = pick(draw, OWNERS)
      const signer = isOneIn(draw, 10) ? CAROL : owner
      return { ...evidence(signer, 1, this.stamp(draw)), type: 'credits-redeemed', id, owner, ...members }
    }
    const head = evidence(isOneIn(draw, 10) ? BOB : ISSUER, 1, this.stamp(draw))
    const issue = known?.id ?? idOf(1_000_009)
    const event = {
      ...head,
      type: 'credits-reconciled',
      id,
      issue,
      outcome: pick(draw, ['confirmed', 'reversed'] as const),
    } as const
    return keep(this.issues, { id, event }).event
  }

  private rare(draw: Draw): LedgerEvent {
    const form = draw(9)
    const owner = pick(draw, OWNERS)
    const naming = { recoveryKey: RECOVERY, recoveryDelay: HOUR_MS }
    const cap = amountFromNanos(BigInt(draw(4) * 200))
    if (form < 2) {
      const chosen = pick(draw, CURRENCIES)
      const signer = isOneIn(draw, 10) ? owner : issuerOf(chosen)
      const first = { ...evidence(signer, 1, this.stamp(draw)), currency: chosen, cap: amountFromNanos(600n) }
      if (form === 0) return { ...first, type: 'currency-registered', ...naming }
      return {
        ...evidence(signer, isOneIn(draw, 6) ? 2 : (this.seq += 1), this.stamp(draw)),
        type: 'cap-changed',
        currency: chosen,
        cap,
      }
    }
    if (form === 2)
      return { ...evidence(isOneIn(draw, 9) ? BOB : CAROL, 1, this.stamp(draw)), type: 'account-opened', ...naming }
    if (form < 5) {
      const head = evidence(isOneIn(draw, 5) ? owner : RECOVERY, 1, this.stamp(draw))
      this.due = head.at + HOUR_MS
      return { ...head, type: 'recovery-requested', owner: isOneIn(draw, 5) ? owner : CAROL, successor: SUCCESSOR }
    }
    if (form === 5)
      return {
        ...evidence(isOneIn(draw, 3) ? owner : CAROL, 1, this.stamp(draw)),
        type: 'recovery-cancelled',
        owner: CAROL,
      }
    if (form === 8) {
      // The first is never rotated itself, and the others are once in a while, so that keys stand in the place of keys.
      const key = pick(draw, [...KEYS, ...OWNERS])
      const head = evidence(isOneIn(draw, 4) ? pick(draw, KEYS) : owner, 1, this.stamp(draw))
      return { ...head, type: 'key-rotated', key, isLost: isOneIn(draw, 3) }
    }
    return this.completed(draw)
  }

  /** Half of them at the millisecond from which on it is right, or the one before. */
  private completed(draw: Draw): LedgerEvent {
    const isTick = this.due > this.at && isOneIn(draw, 2)
    if (isTick) this.at = this.due - draw(2)
    const at = isTick ? timestampFromMs(this.at) : this.stamp(draw)
    return { type: 'recovery-completed', owner: isOneIn(draw, 9) ? pick(draw, OWNERS) : CAROL, at }
  }
}

function pick<Item>(draw: Draw, items: readonly Item[]): Item {
  return items[draw(items.length)] as Item
}

function isOneIn(draw: Draw, bound: number): boolean {
  return draw(bound) === bound - 1
}

function keep<Item>(items: Item[], item: Item): Item {
  items.push(item)
  if (items.length > RECENT_MAX) items.shift()
  return item
}

function amount(draw: Draw) {
  return amountFromNanos(BigInt(isOneIn(draw, 30) ? 1_000 : draw(6)))
}

function issuerOf(currency: Currency): Did {
  return currency === EUR ? EUR_ISSUER : ISSUER
}

function currency(draw: Draw): Currency {
  if (isOneIn(draw, 60)) return GBP
  return isOneIn(draw, 8) ? EUR : USD
}

function accountOf(draw: Draw, chosen: Currency, isOdd: boolean) {
  const kind = isOdd ? pick(draw, ACCOUNT_KINDS) : pick(draw, ['available', 'available', 'available', 'bond'] as const)
  return account(kind === 'issuer' ? issuerOf(chosen) : pick(draw, OWNERS), kind, chosen)
}

/** All linked but the last `open` ones. */
function linked(list: readonly TransferOrder[], open: number): TransferOrder[] {
  return list.map((order, index) => ({ ...order, isLinked: index < list.length - open }))
}
