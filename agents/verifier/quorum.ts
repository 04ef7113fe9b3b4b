import type { JudgeVerdict } from 'kernell-os/core'

/** What one judge said. A judge that could not be asked has no vote. */
export type Vote = JudgeVerdict & { readonly modelId: string }

export type Tally = {
  readonly accepting: number
  readonly rejecting: number
  /** Judges whose word is still to come. */
  readonly open: number
}

/** What a quorum came to; `undecided` where no side has both the quorum and more votes than the other. */
export type QuorumVerdict = 'accepted' | 'rejected' | 'undecided'

/** Votes that decide: more than half unless the caller says otherwise. */
export function quorumOf(judges: number, quorum: number | undefined): number {
  return quorum ?? Math.floor(judges / 2) + 1
}

/** The verdict of a tally, or `undefined` while the open votes can still change it. */
export function decide({ accepting, rejecting, open }: Tally, quorum: number): QuorumVerdict | undefined {
  if (accepting >= quorum && accepting > rejecting + open) return 'accepted'
  if (rejecting >= quorum && rejecting > accepting + open) return 'rejected'
  if (open > 0 && Math.max(accepting, rejecting) + open >= quorum) return undefined
  return 'undecided'
}

/** Mean confidence of the votes on the winning side, 0 to 1; 0 where nobody won. */
export function confidenceOf(votes: readonly Vote[], verdict: QuorumVerdict): number {
  if (verdict === 'undecided') return 0
  const side = verdict === 'accepted' ? 'accept' : 'reject'
  const confidences = votes.flatMap((vote) => (vote.kind === side ? [vote.confidence] : []))
  return confidences.length === 0 ? 0 : confidences.reduce((sum, each) => sum + each, 0) / confidences.length
}
