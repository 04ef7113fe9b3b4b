import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'

type Convert = StandardSchemaWithJSON['~standard']['jsonSchema']['input']

/**
 * A schema whose JSON Schema is made once. Every session and every request without one has a server of its own, which lists the same tools: without this each
 * converts all schemas, and a session keeps them.
 */
export function shareSchema(schema: StandardSchemaWithJSON): StandardSchemaWithJSON {
  const { jsonSchema, ...standard } = schema['~standard']
  return {
    '~standard': { ...standard, jsonSchema: { input: once(jsonSchema.input), output: once(jsonSchema.output) } },
  }
}

function once(convert: Convert): Convert {
  const byTarget = new Map<string, ReturnType<Convert>>()
  return (options) => {
    const known = byTarget.get(options.target) ?? convert(options)
    byTarget.set(options.target, known)
    return known
  }
}
