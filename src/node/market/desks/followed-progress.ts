import type { ContractId } from '../../../core/evidence/names.ts'
import type { ContractProgress, ProgressBoard } from '../../../market/parties/progress/progress-board.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { MarketProgress } from '../market-init.ts'
import type { StepFeed } from './step-feed.ts'

/** Between two words about one contract. */
const PAUSE_MS = 500

export type ProgressFollowerInit = {
  readonly board: ProgressBoard
  readonly feed: StepFeed<MarketProgress>
  readonly timers: Timers
  readonly signal: AbortSignal
}

/** Tells the feed how far contracts are: the newest word, where several come fast. */
export function followProgress({ board, feed, timers, signal }: ProgressFollowerInit): void {
  const waiting = new Map<ContractId, ContractProgress>()
  const pausing = new Set<ContractId>()
  const tell = (contract: ContractId): void => {
    const progress = waiting.get(contract)
    waiting.delete(contract)
    if (progress === undefined || signal.aborted) return
    pausing.add(contract)
    feed.publish(eventOf(contract, progress))
    timers.schedule(PAUSE_MS, () => {
      pausing.delete(contract)
      tell(contract)
    })
  }
  const stop = board.watch((contract, progress) => {
    waiting.set(contract, progress)
    if (!pausing.has(contract)) tell(contract)
  })
  signal.addEventListener('abort', stop, { once: true })
}

function eventOf(contract: ContractId, { input, result, work }: ContractProgress): MarketProgress {
  const told = work && {
    step: work.step,
    donePpm: work.donePpm ?? null,
    text: work.text ?? null,
    partialBytes: work.partialBytes,
    partial: work.partial === undefined ? null : Buffer.from(work.partial).toString('base64url'),
  }
  return { event: 'progress', contract, input: input ?? null, result: result ?? null, work: told ?? null }
}
