import { AMOUNT_MAX } from '../../base/money.ts'
import { type DisputeTerms, ROUNDS_MAX } from './dispute-state.ts'

/** Whether a dispute can be run by the terms; check before `initial`. */
export function areDisputeTermsSound(terms: DisputeTerms): boolean {
  const { arbiters, k, panel, payer, worker } = terms
  const spans = [terms.commitMs, terms.revealMs, terms.appealMs]
  const isSorted = arbiters.every((did, index) => index === 0 || (arbiters[index - 1] ?? did) < did)
  return (
    payer !== worker &&
    isSorted &&
    !arbiters.includes(payer) &&
    !arbiters.includes(worker) &&
    [k, panel].every((count) => Number.isSafeInteger(count) && count >= 0 && count <= arbiters.length) &&
    k <= panel &&
    (k === 0) === (arbiters.length === 0) &&
    terms.concededNanos < terms.claimNanos &&
    terms.claimNanos <= terms.maxNanos &&
    BigInt(arbiters.length) * (terms.arbiterBondNanos << BigInt(ROUNDS_MAX)) <= AMOUNT_MAX &&
    spans.every((span) => Number.isSafeInteger(span) && span >= 1) &&
    Number.isSafeInteger(terms.ruleBy) &&
    terms.evidenceBy <= terms.replicateBy &&
    terms.replicateBy <= terms.ruleBy
  )
}
