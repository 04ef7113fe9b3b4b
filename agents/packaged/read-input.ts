import { amountFromUsd, type Amount } from 'kernell-os/core'
import type { RouteTarget } from 'kernell-os/ports'
import type { UnreadFields } from '../read-fields.ts'
import { invalid } from '../request-desk/protocol.ts'
import type { AgentField } from './packaged-agent.ts'

/** Fields that every agent with a router takes. */
export const ROUTING_FIELDS: readonly AgentField[] = [
  { name: 'model', kind: 'text', describe: 'this model, instead of the policy' },
  { name: 'maxCostUsd', kind: 'usd', describe: 'most that the whole request may cost' },
]

/** The field of agents whose models may call tools. */
export const TOOLS_FIELD: AgentField = {
  name: 'tools',
  kind: 'texts',
  describe:
    'what its models may call: SERVER or SERVER/TOOL of `mcp.servers`, a2a:PEER or a2a:PEER/SKILL of `a2a.peers` (default none)',
}

/**
 * The fields of an input, each of its kind; what is in them is the agent's to judge. Amounts of dollars become nano-dollars.
 * Throws `REQUEST_INVALID`, also for a field that the agent does not have.
 */
export function readInput(input: unknown, fields: readonly AgentField[]): UnreadFields {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw invalid('The input of an agent is a JSON object')
  const given = input as UnreadFields
  const unknown = Object.keys(given).find((name) => !fields.some((field) => field.name === name))
  if (unknown !== undefined)
    throw invalid(
      `There is no field ${JSON.stringify(unknown)}; there are: ${fields.map(({ name }) => name).join(', ')}`,
    )
  const read = fields.flatMap((field): [string, unknown][] => {
    const value = given[field.name]
    if (value !== undefined && value !== null) return [[field.name, readValue(value, field)]]
    if (field.isRequired === true) throw invalid(`The field ${field.name} is missing: ${field.describe}`)
    return []
  })
  return Object.fromEntries(read)
}

const KINDS: Readonly<Record<AgentField['kind'], string>> = {
  text: 'a text',
  texts: 'a list of texts',
  whole: 'a whole number',
  usd: 'an amount of dollars of 0 or more',
  flag: 'true or false',
  json: 'anything',
}

function readValue(value: unknown, { name, kind }: AgentField): unknown {
  if (kind !== 'usd' && isOfKind(value, kind)) return value
  const read = kind === 'usd' ? amountOf(value) : undefined
  if (read === undefined) throw invalid(`The field ${name} must be ${KINDS[kind]}`)
  return read
}

function isOfKind(value: unknown, kind: Exclude<AgentField['kind'], 'usd'>): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
    case 'whole':
      return Number.isInteger(value)
    case 'flag':
      return typeof value === 'boolean'
    case 'json':
      return true
  }
}

export function amountOf(value: unknown): Amount | undefined {
  return typeof value === 'string' || typeof value === 'number' ? amountFromUsd(value) : undefined
}

/** The targets that the field `model` asks for; none where it is absent. */
export function targetsOf({ model }: UnreadFields): { readonly targets?: readonly RouteTarget[] } {
  return typeof model === 'string' ? { targets: [{ kind: 'model', modelId: model }] } : {}
}

/** The given fields that are there, under the same or another name. */
export function pick(fields: UnreadFields, names: Readonly<Record<string, string>>): UnreadFields {
  const present = Object.entries(names).filter(([from]) => fields[from] !== undefined)
  return Object.fromEntries(present.map(([from, to]) => [to, fields[from]]))
}

/** A value as JSON can say it: amounts as decimal texts, and nothing that is absent. */
export function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(plainOf)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined && typeof member !== 'function')
  return Object.fromEntries(members.map(([name, member]) => [name, plainOf(member)]))
}
