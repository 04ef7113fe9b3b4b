import { assignmentOf } from './assignment.ts'

/** Something that somebody wants done. */
export type Demand = {
  readonly skill: string
  /** What it is truly worth to whoever wants it. */
  readonly value: number
}

/** Somebody who can do things. */
export type Supply = {
  readonly skill: string
  /** What one task truly costs it. */
  readonly cost: number
  /** Tasks that it can do during the whole play. */
  readonly capacity: number
}

/** A task that was done well. */
export type DoneTask = { readonly value: number; readonly cost: number }

export type Welfare = {
  /** Values less costs of what was done. */
  readonly reached: number
  /** The most that any choice of who does what could have brought, with true values and costs. */
  readonly optimal: number
  /** Reached of optimal; `undefined` where there was nothing to be had. */
  readonly share: number | undefined
}

/**
 * What a market brought against what it could have. Prices move money from one to the other and change no welfare.
 *
 * @see Shapley and Shubik, The Assignment Game I: The Core, 1971
 */
export function welfareOf(
  done: readonly DoneTask[],
  { demands, supplies }: { readonly demands: readonly Demand[]; readonly supplies: readonly Supply[] },
): Welfare {
  const reached = done.reduce((sum, { value, cost }) => sum + value - cost, 0)
  const weights = demands.map(({ skill, value }) =>
    supplies.map((supply) => (supply.skill === skill ? value - supply.cost : undefined)),
  )
  const { weight: optimal } = assignmentOf({ weights, capacities: supplies.map(({ capacity }) => capacity) })
  return { reached, optimal, share: optimal === 0 ? undefined : reached / optimal }
}

/**
 * What whoever chose lost against the best single choice for all rounds, with hindsight: `max_a sum_t g(t, a) - sum_t g(t, a_t)`. `gains` has a row for each round and a column
 * for each choice. Below 0 where changing paid.
 *
 * @see Hannan 1957; Cesa-Bianchi and Lugosi, Prediction, Learning, and Games, 2006, section 1.1
 */
export function regretOf(gains: readonly (readonly number[])[], chosen: readonly number[]): number {
  const totals = (gains[0] ?? []).map((_, choice) => gains.reduce((sum, round) => sum + (round[choice] ?? 0), 0))
  const reached = gains.reduce((sum, round, at) => sum + (round[chosen[at] ?? -1] ?? 0), 0)
  return totals.reduce((best, total) => Math.max(best, total), totals[0] ?? 0) - reached
}
