import { CodedError } from '../../base/errors.ts'
import type { PlannedFault } from '../faults/fault-plan.ts'

export type FaultChoice = {
  readonly seed: number
  /** Absent: all. */
  readonly faultIds?: ReadonlySet<number>
  /** Whether ids that the plan does not have are left alone. */
  readonly takesAnyFaultId?: boolean
}

/** The faults of a plan that a run is to have. Throws `SIMULATION_FAULT_UNKNOWN`, naming those that there are. */
export function chosenFaults(
  plan: readonly PlannedFault[],
  { faultIds, takesAnyFaultId, seed }: FaultChoice,
): readonly PlannedFault[] {
  if (faultIds === undefined) return plan
  const unknown = takesAnyFaultId === true ? [] : [...faultIds].filter((id) => !plan.some((fault) => fault.id === id))
  if (unknown.length === 0) return plan.filter(({ id }) => faultIds.has(id))
  const known = plan.length === 0 ? 'It has none' : `It has ${rangesOf(plan.map(({ id }) => id))}`
  throw new CodedError('SIMULATION_FAULT_UNKNOWN', {
    message: `The plan of seed ${seed} has no fault ${rangesOf(unknown)}. ${known}`,
    details: { unknown, known: plan.map(({ id, kind }) => ({ id, kind })) },
  })
}

/** `0 to 4, 7, 9 to 12`. */
function rangesOf(ids: readonly number[]): string {
  const ranges: [first: number, last: number][] = []
  for (const id of ids.toSorted((left, right) => left - right)) {
    const range = ranges.at(-1)
    if (range !== undefined && range[1] === id - 1) range[1] = id
    else ranges.push([id, id])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`)).join(', ')
}
