import { toJSONSchema } from 'zod'
import type { Scenario } from '../../simulation/scenario/scenario.ts'
import { visibleText } from '../visible-text.ts'
import { formatPairs, wrapText } from '../wrap-text.ts'

export type ScenarioOption = {
  readonly name: string
  readonly type: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  /** The values it takes, where they are few. */
  readonly values?: readonly unknown[]
  readonly describe?: string
}

export type ListedScenario = {
  readonly name: string
  readonly summary: string
  readonly options: readonly ScenarioOption[]
}

/** A scenario as lists show it, its options as its schema has them. */
export function describeScenario({ name, summary, schema }: Scenario): ListedScenario {
  const { properties = {} } = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const options = Object.entries(properties).map(([option, property]) => optionOf(option, property))
  return { name, summary, options }
}

export function formatScenarios(listed: readonly ListedScenario[], width: number): string {
  if (listed.length === 0) return 'There are no scenarios'
  const blocks = listed.map(({ name, summary, options }) => {
    const rows = options.map((option) => [flagOf(option.name), sentenceOf(option)] as const)
    return [...wrapText(`${name}: ${summary}`, width), ...formatPairs(rows, width)].join('\n')
  })
  return visibleText(blocks.join('\n\n'))
}

function optionOf(name: string, property: unknown): ScenarioOption {
  const found = (typeof property === 'object' && property !== null ? property : {}) as Readonly<Record<string, unknown>>
  const { type, minimum, maximum, enum: values, description } = found
  return {
    name,
    type: typeof type === 'string' ? type : 'any',
    ...(found['default'] !== undefined && { default: found['default'] }),
    // What zod means by a whole number without limits.
    ...(isLimit(minimum) && { minimum }),
    ...(isLimit(maximum) && { maximum }),
    ...(Array.isArray(values) && { values: values as readonly unknown[] }),
    ...(typeof description === 'string' && { describe: description }),
  }
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
}

function flagOf(name: string): string {
  return ['agents', 'nodes', 'steps'].includes(name) ? `--${name} N` : `--set ${name}=VALUE`
}

function sentenceOf({ type, default: normal, minimum, maximum, values, describe }: ScenarioOption): string {
  const limits = [
    values === undefined ? type : values.map((value) => JSON.stringify(value)).join(', '),
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
  ].join(' ')
  const parts = [describe, limits, normal === undefined ? undefined : `default ${JSON.stringify(normal)}`]
  return parts.filter((part) => part !== undefined).join('; ')
}
