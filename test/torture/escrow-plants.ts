import { type Amount, amountFromNanos } from '../../src/base/money.ts'
import { addDuration, SECOND_MS, type Timestamp } from '../../src/base/time.ts'
import { BOOKS_MACHINE } from '../../src/core/books/books-machine.ts'
import { hashTrieGet } from '../../src/core/collections/hash-trie.ts'
import type { EscrowEffect } from '../../src/core/escrow/escrow-effect.ts'
import type { EscrowEvent } from '../../src/core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../src/core/escrow/escrow-machine.ts'
import { captureOrders, payerAccount, refundOrders, transferIdOf } from '../../src/core/escrow/escrow-money.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import { LEDGER_MACHINE } from '../../src/core/ledger/ledger-machine.ts'
import { formatAccountId } from '../../src/core/ledger/ledger-names.ts'
import type { TransferOrder } from '../../src/core/ledger/transfer-order.ts'
import { nanos } from '../core/escrow/escrow-builder.ts'

export type EscrowPlant = {
  readonly what: string
  /** A world that shows it. */
  readonly world: string
  /** Plants it in the machines themselves, for books import them. @returns What takes it out again. */
  plant(): () => void
}

type Transition = (typeof ESCROW_MACHINE)['transition']
type EscrowStep = ReturnType<Transition>

function inEscrow(change: (original: Transition) => Transition): EscrowPlant['plant'] {
  return () => {
    const original = ESCROW_MACHINE.transition
    ESCROW_MACHINE.transition = change(original)
    return () => {
      ESCROW_MACHINE.transition = original
    }
  }
}

/** The step comes out right and is changed afterwards. */
function afterwards(
  change: (step: EscrowStep, event: EscrowEvent, before: EscrowState) => EscrowStep,
): EscrowPlant['plant'] {
  return inEscrow((original) => (state, event) => {
    const step = original(state, event)
    return step.state === state ? step : change(step, event, state)
  })
}

/** The event is taken for another one. */
function mistaking(change: (event: EscrowEvent, state: EscrowState) => EscrowEvent): EscrowPlant['plant'] {
  return inEscrow((original) => (state, event) => original(state, change(event, state)))
}

/** The contract is settled by other terms than were signed. */
function misreading(change: (terms: EscrowTerms) => EscrowTerms): EscrowPlant['plant'] {
  return inEscrow((original) => (state, event) => {
    const step = original({ ...state, terms: change(state.terms) }, event)
    return step.effects.some(({ type }) => type === 'event-refused' || type === 'event-exists')
      ? { ...step, state }
      : { ...step, state: { ...step.state, terms: state.terms } }
  })
}

function withoutEffects(isLost: (effect: EscrowEffect, step: EscrowStep) => boolean): EscrowPlant['plant'] {
  return afterwards((step) => ({ ...step, effects: step.effects.filter((effect) => !isLost(effect, step)) }))
}

/** Orders of one kind are others, still one chain. */
function withOrders(
  money: string,
  change: (orders: readonly TransferOrder[], state: EscrowState) => readonly TransferOrder[],
): EscrowPlant['plant'] {
  return afterwards((step) => ({
    ...step,
    effects: step.effects.map((effect): EscrowEffect => {
      if (effect.type !== 'post-transfers' || effect.money !== money) return effect
      const orders = change(effect.orders, step.state)
      return { ...effect, orders: orders.map((order, index) => ({ ...order, isLinked: index < orders.length - 1 })) }
    }),
  }))
}

function takesTwice(orders: readonly TransferOrder[], state: EscrowState): readonly TransferOrder[] {
  const first = orders.find((order) => order.kind === 'post-held')
  if (first === undefined || first.kind !== 'post-held' || state.kind !== 'CAPTURING') return orders
  const { contract, terms } = state
  const id = transferIdOf(contract, 'capture/again', state.attempt)
  const head = { kind: 'post', id, isLinked: false, contract, reference: undefined } as const
  return [...orders, { ...head, debit: payerAccount(terms), credit: first.credit, amount: first.amount }]
}

/** A settlement of another amount than the one that was decided. */
function capturing(state: EscrowState, capturedNanos: Amount): EscrowStep | undefined {
  if (state.kind !== 'CAPTURING') return undefined
  const wrong = { ...state, settlement: { ...state.settlement, capturedNanos } }
  const orders = captureOrders(wrong, wrong.settlement, wrong.attempt)
  return { state: wrong, effects: [{ type: 'post-transfers', money: 'capture', attempt: wrong.attempt, orders }] }
}

function later(at: Timestamp): Timestamp {
  return (at + 1) as Timestamp
}

function restarted(effects: readonly EscrowEffect[], name: EscrowTimerName): readonly EscrowEffect[] {
  return effects.map((effect) =>
    effect.type === 'start-timer' && effect.name === name ? { ...effect, firesAt: later(effect.firesAt) } : effect,
  )
}

const DOUBLE: EscrowPlant['plant'] = withOrders('capture', takesTwice)

const ABOVE_MAX = inEscrow((original) => (state, event) => {
  if (state.kind !== 'DELIVERED' || event.type !== 'accepted' || event.amountNanos <= state.terms.maxNanos)
    return original(state, event)
  const step = original(state, { ...event, amountNanos: state.terms.maxNanos })
  const wrong = capturing(step.state, event.amountNanos)
  if (wrong === undefined) return step
  return {
    state: wrong.state,
    effects: [...step.effects.filter(({ type }) => type !== 'post-transfers'), ...wrong.effects],
  }
})

const FALLING = inEscrow((original) => (state, event) => {
  if (state.kind !== 'WORKING' || event.type !== 'voucher-signed') return original(state, event)
  const step = original({ ...state, voucher: { ...state.voucher, amountNanos: nanos(0) } }, event)
  return step.effects.some(({ type }) => type === 'event-refused' || type === 'event-exists')
    ? { ...step, state }
    : step
})

const OVER_REFUND = inEscrow((original) => (state, event) => {
  if (state.kind !== 'SETTLED' || event.type !== 'refund-requested') return original(state, event)
  const step = original({ ...state, capturedNanos: amountFromNanos(state.capturedNanos + 1n) }, event)
  if (step.effects.some(({ type }) => type === 'event-refused' || type === 'event-exists')) return { ...step, state }
  if (step.state.kind !== 'SETTLED' || step.state.refunding === undefined) return step
  const attempt = step.state.refundAttempts
  const orders = refundOrders(state.contract, state.terms, { attempt, amountNanos: step.state.refunding.amountNanos })
  const effects = step.effects.map((effect) => (effect.type === 'post-transfers' ? { ...effect, orders } : effect))
  return { state: { ...step.state, capturedNanos: state.capturedNanos }, effects }
})

/** Any contract's message counts for the one that is there. */
const FOREIGN: EscrowPlant['plant'] = () => {
  const original = BOOKS_MACHINE.transition
  BOOKS_MACHINE.transition = (state, event) => {
    if (event.type !== 'message-received' || hashTrieGet(state.contracts, event.contract) !== undefined)
      return original(state, event)
    let { contract } = event
    for (const heap of [state.timers]) if (heap !== undefined) contract = heap.firing.contract
    return original(state, { ...event, contract })
  }
  return () => {
    BOOKS_MACHINE.transition = original
  }
}

/** The ledger pays out of a hold that it has paid out of before. */
const FORGETFUL: EscrowPlant['plant'] = () => {
  const original = LEDGER_MACHINE.transition
  LEDGER_MACHINE.transition = (state, event) => {
    const step = original(state, event)
    if (event.type !== 'transfers-submitted' || step.state === state) return step
    // What ends a hold is applied and the hold stays.
    return {
      ...step,
      state: { ...step.state, holds: state.holds.size > step.state.holds.size ? state.holds : step.state.holds },
    }
  }
  return () => {
    LEDGER_MACHINE.transition = original
  }
}

/** Ids of contracts may be used by everybody. */
const SQUATTED: EscrowPlant['plant'] = () => {
  const original = BOOKS_MACHINE.transition
  BOOKS_MACHINE.transition = (state, event) => {
    if (event.type !== 'ledger-event-received') return original(state, event)
    const { state: ledger } = LEDGER_MACHINE.transition(state.ledger, event.event)
    return { state: ledger === state.ledger ? state : { ...state, ledger }, effects: [] }
  }
  return () => {
    BOOKS_MACHINE.transition = original
  }
}

function feeAccountPaysMore(orders: readonly TransferOrder[], state: EscrowState): readonly TransferOrder[] {
  if (state.kind !== 'CAPTURING') return orders
  const { feeOwner: owner } = state.terms.notarySet
  const account = formatAccountId({ owner, kind: 'fee', currency: state.terms.currency })
  return orders.map((order) =>
    order.kind === 'post' && order.credit === account
      ? { ...order, amount: amountFromNanos(order.amount + 1n) }
      : order,
  )
}

/** Known defects of contract, ledger and what joins them; a run with one of them must fail. */
export const ESCROW_PLANTS: Readonly<Record<string, EscrowPlant>> = {
  'double-capture': { what: 'a settlement takes the price once more from the payer', world: 'C3-small', plant: DOUBLE },
  'above-max': { what: 'what is accepted above the maximum is captured', world: 'C3-small', plant: ABOVE_MAX },
  'open-hold': { what: 'a hold that was paid out stays open', world: 'C3-small', plant: FORGETFUL },
  'lost-release': {
    what: 'what was held too late is not given back',
    world: 'C2-apart',
    plant: withoutEffects((effect) => effect.type === 'post-transfers' && effect.money === 'release'),
  },
  'late-deadline': {
    what: 'T_accept is one tick too long',
    world: 'C3-small',
    plant: afterwards((step) =>
      step.state.kind === 'DELIVERED'
        ? { state: { ...step.state, acceptBy: later(step.state.acceptBy) }, effects: restarted(step.effects, 'accept') }
        : step,
    ),
  },
  'missing-timer': {
    what: 'the timer of T_accept is not started',
    world: 'C3-small',
    plant: withoutEffects((effect) => effect.type === 'start-timer' && effect.name === 'accept'),
  },
  'late-message': {
    what: 'a message counts at the very deadline',
    world: 'C3-small',
    plant: inEscrow((original) => (state, event) => {
      const step = original(state, event)
      const isLate = step.effects.some(
        (effect) => effect.type === 'event-refused' && effect.code === 'ESCROW_DEADLINE_PASSED',
      )
      return isLate ? original(state, { ...event, at: (event.at - 1) as Timestamp }) : step
    }),
  },
  'early-timer': {
    what: 'a timer fires before its deadline',
    world: 'C2-apart',
    plant: mistaking((event, state) =>
      event.type === 'timer-fired' && state.kind === 'DELIVERED'
        ? { ...event, at: (event.at + 2_000_000_000) as Timestamp }
        : event,
    ),
  },
  'falling-voucher': { what: 'a voucher may be smaller than the last one', world: 'C3', plant: FALLING },
  'over-refund': { what: 'more is refunded than was captured', world: 'C3-small', plant: OVER_REFUND },
  'foreign-contract': { what: 'a message about another contract counts', world: 'C3-small', plant: FOREIGN },
  'squatted-id': { what: 'a party may use the ids of a contract', world: 'C3-small', plant: SQUATTED },
  'second-life': {
    what: 'a contract may be offered when the instant before which it had to be signed has come',
    world: 'C3-small',
    plant: () => {
      const original = BOOKS_MACHINE.transition
      BOOKS_MACHINE.transition = (state, event) => {
        if (event.type !== 'message-received' || event.terms === undefined) return original(state, event)
        return original(state, {
          ...event,
          terms: { ...event.terms, signBy: addDuration(event.message.at, SECOND_MS) },
        })
      }
      return () => {
        BOOKS_MACHINE.transition = original
      }
    },
  },
  'few-arbiters': {
    what: 'a ruling counts with one signature less than k',
    world: 'C3-small',
    plant: mistaking((event, { terms: { arbiters } }) =>
      event.type === 'ruled' &&
      event.signers.length === arbiters.k - 1 &&
      event.signers.every((did) => arbiters.members.includes(did))
        ? { ...event, signers: arbiters.members }
        : event,
    ),
  },
  'swapped-penalties': {
    what: 'p1 and p2 are swapped',
    world: 'C3-small',
    plant: misreading((terms) => ({
      ...terms,
      penalties: { p1Nanos: terms.penalties.p2Nanos, p2Nanos: terms.penalties.p1Nanos },
    })),
  },
  'kept-dispute-bond': {
    what: 'the dispute bond is not given back when nobody rules',
    world: 'C3-small',
    plant: withOrders('capture', (orders, { contract }) =>
      orders.filter(({ id }) => id !== transferIdOf(contract, 'capture/dispute-bond', 1)),
    ),
  },
  'high-fee': {
    what: 'the fee is one above its cap',
    world: 'C3',
    plant: withOrders('capture', feeAccountPaysMore),
  },
  'frozen-for-ever': {
    what: 'FROZEN has no T_rule',
    world: 'C3-small',
    plant: withoutEffects((effect, step) => effect.type === 'start-timer' && step.state.kind === 'FROZEN'),
  },
  'second-update': {
    what: 'the reputation is updated at the settlement too',
    world: 'C3-small',
    plant: afterwards((step) => {
      const { state } = step
      if (state.kind !== 'SETTLED' || step.effects.every((effect) => effect.type !== 'issue-receipt')) return step
      const { contract, terms, cause, fault, capturedNanos: valueNanos } = state
      const { payer, worker, currency } = terms
      const update = { type: 'reputation-update', contract, payer, worker, currency, cause, fault, valueNanos } as const
      return { state, effects: [...step.effects, update] }
    }),
  },
  unrated: {
    what: 'a contract that expires is not rated',
    world: 'C3-small',
    plant: withoutEffects((effect, step) => effect.type === 'reputation-update' && step.state.kind === 'EXPIRED'),
  },
  unreserved: {
    what: 'a hold that the ledger refused counts as held',
    world: 'C3-spending',
    plant: mistaking((event) =>
      event.type === 'transfers-answered' && event.money === 'hold' ? { ...event, isApplied: true } : event,
    ),
  },
  'twice-applied': {
    what: 'a message that comes twice counts twice',
    world: 'C3-small',
    plant: inEscrow((original) => (state, event) => original({ ...state, heard: [] }, event)),
  },
  'no-retry': {
    what: 'a settlement that the ledger has not answered is not asked for again',
    world: 'C2-apart-small',
    plant: withoutEffects(
      (effect, step) => effect.type === 'start-timer' && effect.name === 'retry' && step.state.kind === 'CAPTURING',
    ),
  },
  'stale-answer': {
    what: 'an answer to an earlier try counts for this one',
    world: 'C2-apart-small',
    plant: mistaking((event, state) =>
      event.type === 'transfers-answered' && state.kind === 'CAPTURING'
        ? { ...event, attempt: state.attempt, money: 'capture' }
        : event,
    ),
  },
  'wrong-liar': {
    what: 'a lie of one party is punished at the other',
    world: 'C3-small',
    plant: mistaking((event, { terms }) => {
      if (event.type !== 'equivocation-proved') return event
      if (event.culprit === terms.payer) return { ...event, culprit: terms.worker }
      return event.culprit === terms.worker ? { ...event, culprit: terms.payer } : event
    }),
  },
  'self-acceptance': {
    what: 'the worker accepts its own delivery',
    world: 'C3-small',
    plant: mistaking((event, { terms }) =>
      event.type === 'accepted' && event.iss === terms.worker ? { ...event, iss: terms.payer } : event,
    ),
  },
  'generous-fallback': {
    what: 'the fallback gives the worker all that is disputed',
    world: 'C3',
    plant: misreading((terms) => ({ ...terms, fallbackPerMillion: 1_000_000 })),
  },
  'early-ruling': {
    what: 'arbiters rule while evidence is taken',
    world: 'C3-small',
    plant: inEscrow((original) => (state, event) => {
      if (state.kind !== 'DISPUTED' || event.type !== 'ruled') return original(state, event)
      const step = original({ ...state, evidenceBy: undefined }, event)
      return step.effects.some(({ type }) => type === 'event-refused' || type === 'event-exists')
        ? { ...step, state }
        : step
    }),
  },
  'kept-bond': {
    what: 'the bond of a payer is not given back when the worker never starts',
    world: 'C3-small',
    plant: withOrders('capture', (orders, state) =>
      state.kind === 'CAPTURING' && state.settlement.cause === 'not-started'
        ? orders.filter(({ id }) => id !== transferIdOf(state.contract, 'capture/payer-bond', 1))
        : orders,
    ),
  },
  'hasty-refund': {
    what: 'a refund counts after T_refund',
    world: 'C3-small',
    plant: mistaking((event) =>
      event.type === 'refund-requested' ? { ...event, at: (event.at - 1) as Timestamp } : event,
    ),
  },
}
