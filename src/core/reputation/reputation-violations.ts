import { bucketMapEntries } from '../budget/bucket-map.ts'
import type { Standing, ReputationState } from './reputation-state.ts'
import type { ReputationPolicy } from './reputation-policy.ts'

/** Names of broken invariants of the reputation books. */
export function reputationViolations(state: ReputationState): readonly string[] {
  const broken = new Set<string>()
  const { policy } = state
  let updates = 0
  let weightMicros = 0n
  const oldest = Math.floor(state.at / policy.epochMs) - policy.epochsKept + 1
  for (const [, counted] of bucketMapEntries(state.contracts)) {
    updates += counted.updates
    weightMicros += counted.weightMicros
    if (counted.epoch < oldest) broken.add('no contract is older than the horizon')
    if (counted.weightMicros > policy.contractCapMicros * BigInt(counted.updates))
      broken.add('the weight of a contract is capped')
  }
  for (const [key, standing] of bucketMapEntries(state.standings)) {
    const sums = checkStanding(standing, { policy, oldest, broken })
    if (key !== `${standing.role} ${standing.subject}`) broken.add('a standing is under its own key')
    updates -= sums.contracts
    weightMicros -= sums.weightMicros
  }
  if (updates !== 0) broken.add('one update per party and contract')
  if (weightMicros !== 0n) broken.add('weight comes from counted contracts only')
  if (state.contracts.size > policy.contractsMax || state.standings.size > policy.subjectsMax)
    broken.add('the books stay within their limits')
  return [...broken]
}

type Checking = { readonly policy: ReputationPolicy; readonly oldest: number; readonly broken: Set<string> }

function checkStanding(
  { subject, ratings }: Standing,
  { policy, oldest, broken }: Checking,
): { readonly contracts: number; readonly weightMicros: bigint } {
  let contracts = 0
  let weightMicros = 0n
  if (ratings.size > policy.ratersMax) broken.add('the books stay within their limits')
  for (const { rater, epochs } of ratings.values()) {
    if (rater === subject) broken.add('nobody rates itself')
    let before = oldest - 1
    for (const { epoch, goodMicros, badMicros, contracts: count } of epochs) {
      if (epoch <= before) broken.add('epochs ascend within the horizon')
      if (goodMicros < 0n || badMicros < 0n) broken.add('no weight is negative')
      before = epoch
      contracts += count
      weightMicros += goodMicros + badMicros
    }
  }
  return { contracts, weightMicros }
}
