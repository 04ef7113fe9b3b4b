import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { commitmentOf } from '../../../src/core/disputes/commitment.ts'
import type { DisputeEvent, DisputeTerms } from '../../../src/core/disputes/dispute-state.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import { contractOf, didOf, hashOf, signedBy } from '../reputation/reputation-market.ts'

export const PAYER = didOf(1)
export const WORKER = didOf(2)
export const ARBITERS = [11, 12, 13, 14, 15, 16, 17].map(didOf)

export const TERMS: DisputeTerms = {
  contract: contractOf('dispute'),
  payer: PAYER,
  worker: WORKER,
  maxNanos: amountFromNanos(1_001n),
  claimNanos: amountFromNanos(900n),
  concededNanos: amountFromNanos(100n),
  isDeterministic: false,
  delivered: hashOf('delivered'),
  arbiters: ARBITERS,
  k: 2,
  panel: 3,
  arbiterBondNanos: amountFromNanos(10n),
  appealBondNanos: amountFromNanos(50n),
  evidenceBy: timestampFromMs(1_000),
  replicateBy: timestampFromMs(2_000),
  ruleBy: timestampFromMs(10_000),
  commitMs: durationFromMs(500),
  revealMs: durationFromMs(400),
  appealMs: durationFromMs(300),
}

type Vote = { readonly root: Hash; readonly round: number; readonly nanos: bigint; readonly at: number }

export function committed(iss: Did, { root, round, nanos, at }: Vote): DisputeEvent {
  const value = { evidenceRoot: root, workerNanos: nanos.toString() }
  const init = { domain: 'vote', contract: TERMS.contract, round, iss, salt: `salt ${iss}`, value } as const
  return { ...signedBy(iss, `commit ${round}`, at), type: 'vote-committed', commitment: commitmentOf(init) }
}

export function revealed(iss: Did, { root, round, nanos, at }: Vote): DisputeEvent {
  return {
    ...signedBy(iss, `reveal ${round}`, at),
    type: 'vote-revealed',
    evidenceRoot: root,
    workerNanos: amountFromNanos(nanos),
    salt: `salt ${iss}`,
  }
}

export function filed(iss: Did, what: string, at: number, sizeBytes = 10): DisputeEvent {
  return { ...signedBy(iss, what, at), type: 'evidence-filed', hash: hashOf(what), sizeBytes }
}

export function appealed(iss: Did, nanos: bigint, at: number): DisputeEvent {
  return { ...signedBy(iss, 'appeal', at), type: 'ruling-appealed', bondNanos: amountFromNanos(nanos) }
}

export function fired(name: Extract<DisputeEvent, { type: 'timer-fired' }>['name'], at: number): DisputeEvent {
  return { type: 'timer-fired', name, at: timestampFromMs(at) }
}
