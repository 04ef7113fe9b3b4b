import type { Did } from '../../core/evidence/names.ts'
import type { JournalSizes } from '../../ports/notary-client.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { type JournalBeginning, readJournalBeginning, type SplitView } from '../../wire/v1/journal-proofs.ts'
import { isConsistencyProven } from '../ledger/journal-proofs.ts'

/** Two checkpoints of one signer and journal; the second covers more entries. */
export type CheckpointPair = { readonly shorter: SignedCheckpoint; readonly longer: SignedCheckpoint }

export type GrowthCheckInit = {
  /** Asks a member how its journal begins. What it says is looked at here. */
  readonly ask: (member: Did, sizes: JournalSizes, signal: AbortSignal) => Promise<unknown>
  /** The two cannot both be true, and whoever has the document knows it. */
  readonly onContradiction: (view: SplitView) => void
  /** Pairs of a member that it has not shown to be of one journal; none left: it has shown all. */
  readonly onUnshown: (member: Did, pairs: readonly CheckpointPair[]) => void
}

/** Pairs of one member that are still to be shown; more of them say nothing new about it. */
export const UNSHOWN_MAX = 16

/**
 * Asks whoever has signed two checkpoints of different lengths to show that the longer journal begins with the shorter one. Who shows another beginning is convicted by its own
 * signatures. Who shows none has proven nothing, and is asked again with its next checkpoint.
 */
export class GrowthCheck {
  private readonly init: GrowthCheckInit
  private readonly unshown = new Map<Did, readonly CheckpointPair[]>()
  private readonly asking = new Map<Did, Promise<void>>()
  private readonly stopping = new AbortController()

  constructor(init: GrowthCheckInit) {
    this.init = init
  }

  look(member: Did, pairs: readonly CheckpointPair[]): void {
    if (pairs.length === 0 || this.stopping.signal.aborted) return
    const left = this.unshown.get(member) ?? []
    this.unshown.set(member, [...left, ...pairs].slice(0, UNSHOWN_MAX))
    // One question to a member at a time: what comes meanwhile is asked with the next checkpoint.
    if (this.asking.has(member)) return
    this.asking.set(
      member,
      this.askAll(member).finally(() => this.asking.delete(member)),
    )
  }

  /** Resolves when nothing is asked any more. Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all(this.asking.values())
  }

  private async askAll(member: Did): Promise<void> {
    const pairs = this.unshown.get(member) ?? []
    const left: CheckpointPair[] = []
    for (const pair of pairs) if (!(await this.isSettled(member, pair))) left.push(pair)
    if (this.stopping.signal.aborted) return
    const came = (this.unshown.get(member) ?? []).slice(pairs.length)
    this.unshown.set(member, [...left, ...came])
    this.init.onUnshown(member, left)
  }

  private async isSettled(member: Did, { shorter, longer }: CheckpointPair): Promise<boolean> {
    const { ask, onContradiction } = this.init
    const { journal, signer } = shorter.checkpoint
    const sizes = { from: shorter.checkpoint.entries, to: longer.checkpoint.entries }
    const answer = await ask(member, sizes, this.stopping.signal).catch(() => undefined)
    const shown = readJournalBeginning(answer)
    if (shown === undefined || !isAbout(shown, { shorter, longer })) return false
    const { fromRoot, proof } = shown
    if (fromRoot !== shorter.checkpoint.root)
      onContradiction({
        v: 1,
        kind: 'split-view',
        signer,
        journal,
        checkpoints: [shorter, longer],
        growth: { fromRoot, proof },
      })
    return true
  }
}

/** Whether it shows how the longer one begins. */
function isAbout(shown: JournalBeginning, { shorter, longer }: CheckpointPair): boolean {
  const isOfSizes = shown.from === shorter.checkpoint.entries && shown.to === longer.checkpoint.entries
  return isOfSizes && shown.toRoot === longer.checkpoint.root && isConsistencyProven(shown)
}
