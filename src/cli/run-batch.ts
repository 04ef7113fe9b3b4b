import { addAmounts, amountToUsd, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { ResultDocument } from './format-result.ts'
import { failureDocument } from './print-failure.ts'
import type { TaskAnswer, TaskRunner } from './task-answer.ts'

export type BatchTask = { readonly id: string; readonly prompt: string }

export type BatchOutcome =
  | { readonly kind: 'done'; readonly task: BatchTask; readonly answer: TaskAnswer; readonly document: ResultDocument }
  | {
      readonly kind: 'failed'
      readonly task: BatchTask
      readonly error: unknown
      readonly document: ReturnType<typeof failureDocument>
    }

export type BatchInit = {
  readonly tasks: readonly BatchTask[]
  readonly runTask: TaskRunner
  /** 1 or more. */
  readonly concurrency: number
  readonly signal: AbortSignal
  onDone(): void
}

/** Sums over a batch, as `kernell route --file --json` prints them. */
export type BatchTotals = {
  readonly tasks: number
  readonly failed: number
  readonly cost_usd: number
  /** One premium call per task; `null` when no premium model is known. */
  readonly premium_usd: number | null
  /** Share of `premium_usd` that was not spent, over the tasks whose both figures are known; negative when it cost more. */
  readonly savings: number | null
  /** False only when every task really ran on premium. */
  readonly savings_estimated: boolean
  /** Finished tasks whose cost is not known, and which no sum contains. */
  readonly unpriced: number
}

/**
 * Runs all tasks, a few at a time, and returns what became of each, in the order given. A failure stops nothing. After an abort no task is
 * begun, those in flight are dropped, and what was finished is returned: it was paid for.
 */
export async function runBatch(init: BatchInit): Promise<readonly BatchOutcome[]> {
  const outcomes: (BatchOutcome | undefined)[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < init.tasks.length; index = next++) {
      const task = init.tasks[index]
      if (task === undefined || init.signal.aborted) return
      const outcome = await runTask(task, init)
      if (outcome === undefined) return
      outcomes[index] = outcome
      init.onDone()
    }
  }
  await Promise.all(Array.from({ length: Math.min(init.concurrency, init.tasks.length) }, work))
  return outcomes.filter((outcome) => outcome !== undefined)
}

/** `undefined` for a task that the abort ended. */
async function runTask(task: BatchTask, init: BatchInit): Promise<BatchOutcome | undefined> {
  try {
    const answer = await init.runTask(task.prompt, init.signal)
    return { kind: 'done', task, answer, document: answer.document }
  } catch (error) {
    if (init.signal.aborted) return undefined
    return { kind: 'failed', task, error, document: failureDocument(error) }
  }
}

/** Adds up exactly, in nano-dollars. */
export function totalsOf(outcomes: readonly BatchOutcome[]): BatchTotals {
  const results = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.answer.figures] : []))
  const priced = results.filter((result) => result.costNanos !== undefined)
  const compared = priced.filter((result) => result.premiumCostNanos !== undefined)
  const premium = sumOf(compared.map((result) => result.premiumCostNanos))
  const paid = sumOf(compared.map((result) => result.costNanos))
  return {
    tasks: outcomes.length,
    failed: outcomes.length - results.length,
    cost_usd: amountToUsd(sumOf(priced.map((result) => result.costNanos))),
    premium_usd: compared.length === 0 ? null : amountToUsd(premium),
    savings: premium === ZERO_AMOUNT ? null : 1 - Number(paid) / Number(premium),
    savings_estimated: results.length === 0 || results.some((result) => result.tier !== 'premium_api'),
    unpriced: results.length - priced.length,
  }
}

function sumOf(amounts: readonly (Amount | undefined)[]): Amount {
  return amounts.reduce<Amount>((sum, amount) => addAmounts(sum, amount ?? ZERO_AMOUNT), ZERO_AMOUNT)
}
