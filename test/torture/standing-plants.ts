import { amountFromNanos } from '../../src/base/money.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { bucketMapDelete } from '../../src/core/budget/bucket-map.ts'
import { DISPUTE_MACHINE } from '../../src/core/disputes/dispute-machine.ts'
import type { DisputeEffect } from '../../src/core/disputes/dispute-state.ts'
import { type RatedWeights, weighRatings } from '../../src/core/reputation/beta-standing.ts'
import { eigenTrust } from '../../src/core/reputation/eigen-trust.ts'
import { REPUTATION_MACHINE } from '../../src/core/reputation/reputation-machine.ts'
import { findSybilRings } from '../../src/core/reputation/sybil-rings.ts'

/** What a run tortures; a plant replaces parts. */
export type StandingParts = {
  readonly reputation: typeof REPUTATION_MACHINE
  readonly weigh: typeof weighRatings
  readonly trust: typeof eigenTrust
  readonly rings: typeof findSybilRings
  readonly dispute: typeof DISPUTE_MACHINE
}

export const SOUND_PARTS: StandingParts = {
  reputation: REPUTATION_MACHINE,
  weigh: weighRatings,
  trust: eigenTrust,
  rings: findSybilRings,
  dispute: DISPUTE_MACHINE,
}

export type StandingPlant = { readonly what: string; readonly parts: Partial<StandingParts> }

function withoutRest(effect: DisputeEffect): DisputeEffect {
  if (effect.type !== 'bonds-settled') return effect
  const payments = effect.payments.map((payment) =>
    payment.why === 'forfeited'
      ? { ...payment, nanos: amountFromNanos(payment.nanos - (payment.nanos % 7n)) }
      : payment,
  )
  return { ...effect, payments }
}

/** Known defects; a run with one of them must fail. */
export const STANDING_PLANTS: Readonly<Record<string, StandingPlant>> = {
  'update-twice': {
    what: 'a receipt that comes again is counted again',
    parts: {
      reputation: {
        ...REPUTATION_MACHINE,
        transition: (state, event) => {
          if (event.type !== 'receipt-presented') return REPUTATION_MACHINE.transition(state, event)
          const contracts = bucketMapDelete(state.contracts, event.receipt.contract)
          return REPUTATION_MACHINE.transition({ ...state, contracts }, event)
        },
      },
    },
  },
  'fault-forgotten': {
    what: 'who is at fault keeps a clean name',
    parts: {
      reputation: {
        ...REPUTATION_MACHINE,
        transition: (state, event) => {
          if (event.type !== 'receipt-presented' || event.receipt.cause !== 'ruled')
            return REPUTATION_MACHINE.transition(state, event)
          return REPUTATION_MACHINE.transition(state, { ...event, receipt: { ...event.receipt, fault: 'none' } })
        },
      },
    },
  },
  'never-forgets': {
    what: 'time goes by and evidence keeps its weight',
    parts: {
      weigh: (ratings, policy, epoch) => weighRatings(ratings, { ...policy, forgettingPpm: 1_000_000n }, epoch),
    },
  },
  'weight-uncapped': {
    what: 'one counterparty lends as much weight as it likes',
    parts: {
      weigh: (ratings, policy, epoch): readonly RatedWeights[] =>
        weighRatings(ratings, { ...policy, pairCapMicros: 1n << 90n, sourceCapMicros: 1n << 90n }, epoch),
    },
  },
  'inflow-uncounted': {
    what: 'a ring has trust that nobody gave it',
    parts: {
      trust: (init) => {
        // The ring's DIDs are the last.
        const ringed = init.edges
          .map(({ from }) => from)
          .sort()
          .at(-1)
        const extra = ringed === undefined ? [] : [{ peer: ringed, weight: 1n }]
        const known = init.preTrusted.some(({ peer }) => peer === ringed)
        return eigenTrust({ ...init, preTrusted: known ? init.preTrusted : [...init.preTrusted, ...extra] })
      },
    },
  },
  'ring-unseen': {
    what: 'rings are looked for only where nothing flows in',
    parts: {
      rings: (init) => {
        const found = findSybilRings(init)
        if (found.kind === 'refused') return found
        return { kind: 'rings', rings: found.rings.filter(({ kind }) => kind === 'unanchored') }
      },
    },
  },
  'bonds-lost': {
    what: 'what does not divide among arbiters is lost',
    parts: {
      dispute: {
        ...DISPUTE_MACHINE,
        transition: (state, event) => {
          const step = DISPUTE_MACHINE.transition(state, event)
          return { state: step.state, effects: step.effects.map(withoutRest) }
        },
      },
    },
  },
  'late-votes': {
    what: 'a vote at the very deadline counts',
    parts: {
      dispute: {
        ...DISPUTE_MACHINE,
        transition: (state, event) => {
          if (event.type !== 'vote-revealed' || event.at === 0) return DISPUTE_MACHINE.transition(state, event)
          const step = DISPUTE_MACHINE.transition(state, event)
          const isLate = step.effects.some(
            (effect) => effect.type === 'event-refused' && effect.code === 'DISPUTE_DEADLINE_PASSED',
          )
          if (!isLate || state.kind !== 'revealing') return step
          const revealBy = timestampFromMs(event.at + 1)
          return DISPUTE_MACHINE.transition({ ...state, revealBy }, event)
        },
      },
    },
  },
  'votes-unbound': {
    what: 'an arbiter reveals another vote than it committed to',
    parts: {
      dispute: {
        ...DISPUTE_MACHINE,
        transition: (state, event) => {
          const step = DISPUTE_MACHINE.transition(state, event)
          if (event.type !== 'vote-revealed' || state.kind !== 'revealing') return step
          const isWrong = step.effects.some(
            (effect) => effect.type === 'event-refused' && effect.code === 'DISPUTE_REVEAL_WRONG',
          )
          return isWrong
            ? { state: { ...state, votes: new Map(state.votes).set(event.iss, event.workerNanos) }, effects: [] }
            : step
        },
      },
    },
  },
}
