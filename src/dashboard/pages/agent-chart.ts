import { isTrue, type Json, type JsonObject, listOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import type { ChartState, ChartStep } from '../parts/state-chart.tsx'
import { shownOf } from '../state/visible-text.ts'

/** The states that an actor can be in: those that have none inside. */
export function statesOfChart(chart: JsonObject): readonly ChartState[] {
  const rows = rowsOf(chart['states'])
  const outer = new Set(rows.map((row) => textOf(row['parent'])))
  return rows
    .filter((row) => !outer.has(textOf(row['path'])))
    .map((row) => ({
      id: textOf(row['path']),
      isInitial: isTrue(row['isInitial']),
      isFinal: textOf(row['type']) === 'final',
    }))
}

/** Every step between them; what a state around others does, each of those does. */
export function stepsOfChart(chart: JsonObject): readonly ChartStep[] {
  const rows = rowsOf(chart['states'])
  const leaves = statesOfChart(chart).map(({ id }) => id)
  const initials = new Set(rows.filter((row) => isTrue(row['isInitial'])).map((row) => textOf(row['path'])))
  return rowsOf(chart['edges']).flatMap((edge) => {
    const [from, to] = [edge['from'], edge['to']]
    const sources = typeof from === 'string' ? leaves.filter((leaf) => isWithin(leaf, from)) : leaves
    const target = typeof to === 'string' ? enteredWith(to, { leaves, initials }) : undefined
    const detail = [textOf(edge['guard']), ...listOf(edge['actions']).map(shownOf)].filter((part) => part !== '')
    return sources.map((source) => ({
      from: source,
      to: target ?? source,
      event: textOf(edge['event']),
      detail: detail.join(', '),
    }))
  })
}

/** The states that a value names: `{ a: 'b' }` is `a.b`. */
export function statesOfValue(value: Json | undefined): ReadonlySet<string> {
  if (typeof value === 'string') return new Set([value])
  const found = Object.entries(objectOf(value)).flatMap(([key, inner]) => {
    const below = [...statesOfValue(inner)]
    return below.length === 0 ? [key] : below.map((path) => `${key}.${path}`)
  })
  return new Set(found)
}

function isWithin(leaf: string, state: string): boolean {
  return leaf === state || leaf.startsWith(`${state}.`)
}

type Known = { readonly leaves: readonly string[]; readonly initials: ReadonlySet<string> }

/** The leaf in which one is that enters a state. */
function enteredWith(state: string, { leaves, initials }: Known): string | undefined {
  const inside = leaves.filter((leaf) => isWithin(leaf, state))
  const first = inside.find((leaf) => {
    const steps = leaf.split('.').map((_name, index, all) => all.slice(0, index + 1).join('.'))
    return steps.every((path) => path.length <= state.length || initials.has(path))
  })
  return first ?? inside[0]
}
