import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { durationFromMs } from '../../../src/base/time.ts'
import type { EscrowTimers } from '../../../src/core/escrow/escrow-terms.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import type { OfferTerms } from '../../../src/core/market/offer-directory.ts'
import { createInlineSignatures, type Signatures } from '../../../src/keys/pool/inline-signatures.ts'
import type { BuyRequest } from '../../../src/market/parties/buying/buy-order.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import { createSeededSignatures } from '../../../src/simulation/keys/seeded-signatures.ts'
import type { RunningParty } from '../../../src/simulation/market/party-machine.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { Stage } from '../../../src/simulation/scenario/stage.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

export type TestStage = { readonly stage: Stage; readonly during: <Result>(work: Promise<Result>) => Promise<Result> }

/** A stage without a scenario. */
export function openStage(seed: number, signatures: 'seeded' | 'ed25519' = 'seeded'): TestStage {
  const world = createWorld({ seed })
  const network = new SimulatedNetwork(world)
  const checks = new CheckBook(() => ({ atMs: world.nowMs(), event: world.events }))
  const keys: Signatures =
    signatures === 'seeded' ? createSeededSignatures(seed, createInlineSignatures()) : createInlineSignatures()
  const stage = new Stage({ world, network, checks, signatures, keys, data: undefined })
  return { stage, during: async (work) => await drive(world, work) }
}

export const ENCODER = new TextEncoder()

export function nanos(count: number): Amount {
  return amountFromNanos(BigInt(count))
}

/** Counts the words of a text. */
export const WORD_COUNTER: TaskRunner = {
  run: async ({ input }) => {
    const words = new TextDecoder().decode(input).split(/\s+/).filter(Boolean).length
    const result = ENCODER.encode(canonicalJson({ words }))
    return await Promise.resolve({ result, counts: new Map([['bytes.in', BigInt(input.length)]]) })
  },
}

export const SHORT_TIMERS: Partial<EscrowTimers> = { acceptMs: durationFromMs(10_000), refundMs: durationFromMs(1_000) }

export function offerOf(running: RunningParty, currency: Currency, changes: Partial<OfferTerms> = {}): OfferTerms {
  const now = running.owner.clock.now()
  return {
    skill: 'text.word-count',
    currency,
    priceNanos: nanos(1_000_000_000),
    latencyMs: durationFromMs(1_000),
    inputBytesMax: 10_000,
    capabilities: [],
    validFrom: now,
    validUntil: (now + 1_000_000_000) as typeof now,
    capacity: 10,
    ...changes,
  }
}

/** A purchase of a word count for at most two credits. */
export function wanted(currency: Currency, changes: Partial<BuyRequest> = {}): BuyRequest {
  return {
    idempotencyKey: 'order-1',
    skill: 'text.word-count',
    input: ENCODER.encode('one two three'),
    maxNanos: nanos(2_000_000_000),
    currency,
    custody: 'C2',
    timers: SHORT_TIMERS,
    predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' },
    ...changes,
  }
}
