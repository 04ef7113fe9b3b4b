import type { JsonValue } from '../base/canonical-json.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * What is wrong with a document by the outline of its JSON Schema: whether it is an object, what is missing, what is of another type, what there is
 * no room for. `undefined` where nothing is. Schemas of others are never run as a whole: their patterns and references may take forever on a
 * document that they are made for.
 */
export function wrongShape(schema: unknown, document: unknown): string | undefined {
  const { required, properties, additionalProperties, type } = membersOf(schema)
  if (type !== undefined && !isOfType(document, type)) return `it is no ${nameOf(type)}`
  if (!isMembers(document)) return undefined
  const missing = textsOf(required).find((name) => !Object.hasOwn(document, name))
  if (missing !== undefined) return `${JSON.stringify(missing.slice(0, 64))} is missing`
  const known = membersOf(properties)
  for (const [name, value] of Object.entries(document)) {
    const shown = JSON.stringify(name.slice(0, 64))
    if (!Object.hasOwn(known, name)) {
      if (additionalProperties === false) return `there is no ${shown}`
      continue
    }
    const { type: wanted } = membersOf(known[name])
    if (wanted !== undefined && !isOfType(value, wanted)) return `${shown} is no ${nameOf(wanted)}`
  }
  return undefined
}

/** The only text that a tool takes, where it takes one and nothing else is needed. */
export function onlyTextOf(schema: JsonValue): string | undefined {
  const { required, properties } = membersOf(schema)
  const names = textsOf(required)
  const [name] = names
  if (name === undefined || names.length > 1) return undefined
  return membersOf(membersOf(properties)[name])['type'] === 'string' ? name : undefined
}

function isOfType(value: unknown, type: unknown): boolean {
  const types = Array.isArray(type) ? type : [type]
  return types.some((one) => {
    switch (one) {
      case 'object':
        return isMembers(value)
      case 'array':
        return Array.isArray(value)
      case 'string':
      case 'boolean':
      case 'number':
        return typeof value === one
      case 'integer':
        return Number.isInteger(value)
      case 'null':
        return value === null
      // A word that JSON Schema does not have rules nothing out.
      default:
        return true
    }
  })
}

function nameOf(type: unknown): string {
  return (Array.isArray(type) ? type : [type])
    .filter((one) => typeof one === 'string')
    .join(' or ')
    .slice(0, 64)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
