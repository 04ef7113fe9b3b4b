import { CodedError } from '../../../base/errors.ts'
import { decideSigning, type PeerWitness, type SigningDecision } from '../../../core/notary/high-water.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VotePosition } from '../../../core/notary/position.ts'
import type { HighWaterFile } from '../high-water.ts'
import type { ReplicaStart } from './replica-components.ts'

/** What a replica knows of itself when it starts. */
export type StartKnown = ReplicaStart & { readonly hasJournal: boolean }

export type StartInput = {
  readonly set: NotarySet
  readonly me: number
  /** What was signed last, as the journal says. */
  readonly cast: VotePosition | undefined
  readonly start: StartKnown
  readonly witnesses: readonly PeerWitness[]
}

export type StartDecision =
  | Exclude<SigningDecision, { kind: 'refuse' } | { kind: 'wait' }>
  | { readonly kind: 'wait' }
  /** `NOTARY_RESTORED`, `NOTARY_STATE_BEHIND` or `NOTARY_JOURNAL_OTHER`. */
  | { readonly kind: 'refuse'; readonly error: CodedError }

/** What a high-water file says before anything is signed: whoever has a journal with signatures and no file at all has lost it. */
const BLANK: VotePosition = { view: 0, slot: 0, phase: 'change' }

/** Begins the high-water file of a replica that has signed nothing, so that a crash at its first signature is told from a lost file. */
export async function beginHighWater(
  file: Pick<HighWaterFile, 'write'>,
  { set, cast, start }: Pick<StartInput, 'set' | 'cast' | 'start'>,
): Promise<void> {
  if (start.highWater === undefined && cast === undefined) await file.write({ epoch: set.epoch, position: BLANK })
}

/** Whether a replica may begin (`decideSigning`). A restored member of a larger set waits until enough others have answered. */
export function decideStart({ set, me, cast, start, witnesses }: StartInput): StartDecision {
  const { isRestored, hasJournal } = start
  const isBlank = cast === undefined && start.highWater?.position.slot === BLANK.slot
  const highWater = isBlank ? undefined : start.highWater
  const decision = decideSigning({
    set,
    me,
    journal: hasJournal ? { epoch: set.epoch, position: cast } : undefined,
    highWater,
    restored: isRestored ? { epoch: set.epoch } : undefined,
    witnesses,
  })
  if (decision.kind !== 'refuse') return decision
  const { code } = decision
  if (set.members.length > 1 && code === 'NOTARY_RESTORED') return { kind: 'wait' }
  const isKnown = code === 'NOTARY_RESTORED' || code === 'NOTARY_STATE_BEHIND'
  const message = `member ${me} may have signed what its journal does not hold (${code})`
  return { kind: 'refuse', error: new CodedError(isKnown ? code : 'NOTARY_JOURNAL_OTHER', { message }) }
}
