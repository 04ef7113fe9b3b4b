import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { BondPayment, DisputeTerms, RevealingState, Ruling, RulingSplit } from './dispute-state.ts'

const PANEL_DOMAIN = 'kernell/dispute-panel/v1\0'

/** Both parts of a split, which sum to what is held. */
export function splitOf({ maxNanos }: DisputeTerms, workerNanos: Amount): RulingSplit {
  return { workerNanos, payerNanos: amountFromNanos(maxNanos - workerNanos) }
}

/**
 * Who votes in a round: those with the lowest SHA-256 over contract, seed, round and DID, twice as many as in the round before, or all. The seed is the beacon of
 * the closed record, so that neither party can try pieces of evidence until it likes the panel.
 */
export function panelOf(terms: DisputeTerms, seed: Hash, round: number): readonly Did[] {
  const draw = (did: Did): string => sha256Hex(`${PANEL_DOMAIN}${terms.contract}\0${seed}\0${round}\0${did}`)
  const drawn = terms.arbiters.map((did) => ({ did, key: draw(did) }))
  const chosen = drawn.sort((left, right) => (left.key < right.key ? -1 : 1)).slice(0, terms.panel << round)
  return chosen.map(({ did }) => did).sort()
}

/** A bond of a round: doubled with each, at most 2^64 - 1. */
export function bondOfRound(bondNanos: Amount, round: number): Amount {
  const doubled = bondNanos << BigInt(round)
  return amountFromNanos(doubled > AMOUNT_MAX ? AMOUNT_MAX : doubled)
}

/**
 * The ruling of a round: the one amount for which `k` arbiters and more than half of the panel voted, so that no two can have it. Where none has, nobody wins: a
 * plurality could be bought with fewer bonds than `k`.
 */
export function tallyVotes({ terms, panel, votes }: RevealingState): Ruling | undefined {
  const needed = Math.max(terms.k, Math.floor(panel.length / 2) + 1)
  const groups = new Map<Amount, Did[]>()
  for (const [did, workerNanos] of votes) groups.set(workerNanos, [...(groups.get(workerNanos) ?? []), did])
  for (const [workerNanos, signers] of groups) {
    if (signers.length >= needed) return { ...splitOf(terms, workerNanos), signers: signers.toSorted() }
  }
  return undefined
}

/**
 * Where the bonds of a round go. Who voted has its own back, also in the minority: an honest judgement is not punished for being rare. Who did not, loses it to
 * those who voted, in equal parts, what does not divide to the first by DID; where nobody voted, to the two parties. The bond of an appeal goes back when the new
 * ruling gives the appellant more than the old one, or there is none; otherwise to those who ruled.
 */
export function settleBonds(state: RevealingState, ruling: Ruling | undefined): readonly BondPayment[] {
  const { terms, panel, votes, round, appeal } = state
  const bondNanos = bondOfRound(terms.arbiterBondNanos, round)
  const voters = panel.filter((did) => votes.has(did))
  const payments: BondPayment[] = voters.map((to) => ({ to, nanos: bondNanos, why: 'returned' }))
  const lost = bondNanos * BigInt(panel.length - voters.length)
  payments.push(...share(lost, voters.length === 0 ? [terms.payer, terms.worker] : voters))
  if (appeal !== undefined) {
    const isBetter = ruling === undefined || isMoreFor(appeal.by, ruling, appeal.against)
    if (isBetter) payments.push({ to: terms[appeal.by], nanos: appeal.bondNanos, why: 'returned' })
    else payments.push(...share(appeal.bondNanos, ruling.signers))
  }
  return payments.filter(({ nanos }) => nanos > 0n)
}

/** Every bond of a round to who posted it. */
export function returnBonds({ terms, panel, round, appeal }: RevealingState): readonly BondPayment[] {
  const nanos = bondOfRound(terms.arbiterBondNanos, round)
  const payments: BondPayment[] = panel.map((to) => ({ to, nanos, why: 'returned' }))
  if (appeal !== undefined) payments.push({ to: terms[appeal.by], nanos: appeal.bondNanos, why: 'returned' })
  return payments
}

function isMoreFor(party: 'payer' | 'worker', now: RulingSplit, before: RulingSplit): boolean {
  return party === 'payer' ? now.payerNanos > before.payerNanos : now.workerNanos > before.workerNanos
}

/** Equal parts that sum to all of it. */
function share(nanos: bigint, among: readonly Did[]): readonly BondPayment[] {
  const part = nanos / BigInt(among.length)
  const rest = nanos - part * BigInt(among.length)
  return among.map((to, index) => ({
    to,
    nanos: amountFromNanos(index === 0 ? part + rest : part),
    why: 'forfeited',
  }))
}
