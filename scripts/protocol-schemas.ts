/** Writes `protocol/schema/v1/TYPE.schema.json` from the codecs: `node scripts/protocol-schemas.ts`. A test fails where they differ. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { ENVELOPE } from '../src/wire/v1/envelope.ts'
import { MESSAGES } from '../src/wire/v1/message-types.ts'

/** File name and content of every schema: the envelope's, and one for the body of each message type. */
export function protocolSchemas(): ReadonlyMap<string, string> {
  const schemas: [string, z.ZodType][] = [['envelope', ENVELOPE], ...Object.entries<z.ZodType>(MESSAGES)]
  return new Map(schemas.map(([name, schema]) => [`${name}.schema.json`, formatSchema(name, schema)]))
}

function formatSchema(name: string, schema: z.ZodType): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  const title = name === 'envelope' ? 'Signed message, version 1' : `Body of the message ${name}, version 1`
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of protocolSchemas())
    writeFileSync(new URL(`../protocol/schema/v1/${name}`, import.meta.url), text)
}
