import type { ModelOutcome, RoutingRow } from '../../core/learning/routing-rows.ts'

/** One look at what a model did with a task. */
export type OutcomeRead = { readonly row: number; readonly model: string }

/**
 * Recorded outcomes behind the only question that a running system can ask: what does this model do with this task? To ask it is to
 * call the model, so each read is recorded, and a loop that reads what it did not execute can be found out.
 */
export type OutcomeSource = {
  /** Calls the model. Throws `RangeError` where no outcome was recorded. */
  execute(row: number, model: string): ModelOutcome
  /** Every read so far, in order. */
  readonly reads: readonly OutcomeRead[]
}

/** Outcomes of these rows; rows are named by their place. */
export function createOutcomeSource(rows: readonly RoutingRow[]): OutcomeSource {
  const reads: OutcomeRead[] = []
  return {
    reads,
    execute(row, model) {
      reads.push({ row, model })
      const outcome = rows[row]?.outcomes.get(model)
      if (outcome === undefined) throw new RangeError(`No outcome of ${model} is recorded for row ${row}`)
      return outcome
    },
  }
}

/**
 * Reads that no execution accounts for: of models that were not called for that task, and of calls that were read again.
 *
 * @param executed What was called, each call once.
 */
export function unexecutedReads(
  reads: readonly OutcomeRead[],
  executed: readonly OutcomeRead[],
): readonly OutcomeRead[] {
  const calls = new Map<string, number>()
  for (const { row, model } of executed) {
    const key = `${row} ${model}`
    calls.set(key, (calls.get(key) ?? 0) + 1)
  }
  return reads.filter(({ row, model }) => {
    const key = `${row} ${model}`
    const left = calls.get(key) ?? 0
    calls.set(key, left - 1)
    return left <= 0
  })
}
