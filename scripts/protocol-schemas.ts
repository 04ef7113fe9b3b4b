/** Writes `protocol/schema/v1/TYPE.schema.json` and `protocol/a2a/payment-NAME.schema.json` from the codecs: `node scripts/protocol-schemas.ts`. A test fails where they differ. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import {
  PAYMENT,
  PAYMENT_CANCELLATION,
  PAYMENT_PARAMS,
  PAYMENT_RECEIPT,
  PAYMENT_REQUEST,
} from '../src/node/a2a/payment/payment-documents.ts'
import { PAID_INPUT, PAID_RESULT } from '../src/node/a2a/payment/task-documents.ts'
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

/** File name and content of the schemas of the extension by which tasks of A2A are paid. */
export function paymentSchemas(): ReadonlyMap<string, string> {
  const schemas: readonly (readonly [string, string, z.ZodType])[] = [
    ['params', 'What the card declares of payments', PAYMENT_PARAMS],
    ['request', 'What has to be paid for a task', PAYMENT_REQUEST],
    ['payment', 'That a contract holds the price of a task', PAYMENT],
    ['receipt', 'That the work was delivered under a contract', PAYMENT_RECEIPT],
    ['cancellation', 'What became of the payment of a task that was cancelled', PAYMENT_CANCELLATION],
    ['input', 'A task as the input of its contract', PAID_INPUT],
    ['result', 'What came of a task as the result of its contract', PAID_RESULT],
  ]
  return new Map(
    schemas.map(([name, title, schema]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
      return [
        `payment-${name}.schema.json`,
        `${JSON.stringify({ $schema, title: `${title}, version 1`, ...rest }, undefined, 2)}\n`,
      ]
    }),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of protocolSchemas())
    writeFileSync(new URL(`../protocol/schema/v1/${name}`, import.meta.url), text)
  for (const [name, text] of paymentSchemas()) writeFileSync(new URL(`../protocol/a2a/${name}`, import.meta.url), text)
}
