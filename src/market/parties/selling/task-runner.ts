import type { Timestamp } from '../../../base/time.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { WorkProgress } from '../progress/progress-board.ts'
import type { TaskCounts } from './read-meter.ts'

/** The input of one contract, for a skill. The same contract may come again: after a crash, or where it is run again for arbiters. */
export type TaskInit = {
  readonly contract: ContractId
  readonly skill: string
  readonly input: Uint8Array
  /** By when the contract wants it; absent: it does not say. */
  readonly dueAt?: Timestamp
}

/** What a runner says of a task while it works. The signal aborts once nobody takes its result any more, or the party stops. */
export type TaskControls = {
  readonly signal: AbortSignal
  /** A milestone of the contract is reached, counted from 1. Resolves when its voucher is certified, or at once where it cannot be had. */
  readonly reached: (milestone: number, counts: TaskCounts) => Promise<void>
  /** Tells the payer how far the work is. Nobody waits for it, and nothing is paid for it. Absent: nobody is told. */
  readonly progress?: (made: WorkProgress) => void
}

/** Does the work of a skill: bytes in, bytes out. It may be asked to do the same task again after a crash. */
export type TaskRunner = {
  run(task: TaskInit, controls: TaskControls): Promise<{ readonly result: Uint8Array; readonly counts: TaskCounts }>
  /** What the work on a contract has used so far; absent: it shows at milestones and at the end alone. */
  used?(contract: ContractId): TaskCounts
}
