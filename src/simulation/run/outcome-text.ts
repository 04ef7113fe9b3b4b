import type { RunReport } from './report.ts'

type Outcome = Pick<RunReport, 'agents' | 'faults' | 'handled' | 'metrics' | 'checks' | 'isCut'>

/**
 * What came of a run as one text, equal for equal outcomes whatever the order of their members. Metrics may be any numbers, which canonical JSON does not take.
 */
export function outcomeText(outcome: Outcome): string {
  return textOf(outcome)
}

function textOf(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`).join(',')}}`
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
