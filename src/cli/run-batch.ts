import { addAmounts, amountToUsd, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import type { RouteResult } from '../ports/router.ts'
import { resultDocument, type ResultDocument } from './format-result.ts'
import { failureDocument } from './print-failure.ts'
import type { RequestMaker } from './route-flags.ts'

export type BatchTask = { readonly id: string; readonly prompt: string }

export type BatchOutcome =
  | { readonly kind: 'done'; readonly task: BatchTask; readonly result: RouteResult; readonly document: ResultDocument }
  | {
      readonly kind: 'failed'
      readonly task: BatchTask
      readonly error: unknown
      readonly document: ReturnType<typeof failureDocument>
    }

export type BatchInit = {
  readonly node: KernellNode
  readonly tasks: readonly BatchTask[]
  readonly makeRequest: RequestMaker
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

/** Runs all tasks, a few at a time, and returns what became of each, in the order given. A failure stops nothing; an abort stops everything. */
export async function runBatch(init: BatchInit): Promise<readonly BatchOutcome[]> {
  const outcomes: BatchOutcome[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < init.tasks.length; index = next++) {
      const task = init.tasks[index]
      if (task === undefined || init.signal.aborted) return
      outcomes[index] = await runTask(task, init)
      init.onDone()
    }
  }
  await Promise.all(Array.from({ length: Math.min(init.concurrency, init.tasks.length) }, work))
  init.signal.throwIfAborted()
  return outcomes
}

async function runTask(task: BatchTask, { node, makeRequest, signal }: BatchInit): Promise<BatchOutcome> {
  try {
    const result = await node.router.route(makeRequest(task.prompt), { signal })
    return { kind: 'done', task, result, document: resultDocument(result) }
  } catch (error) {
    return { kind: 'failed', task, error, document: failureDocument(error) }
  }
}

/** Adds up exactly, in nano-dollars. */
export function totalsOf(outcomes: readonly BatchOutcome[]): BatchTotals {
  const results = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.result] : []))
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
