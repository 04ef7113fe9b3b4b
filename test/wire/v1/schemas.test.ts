import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { paymentSchemas, protocolSchemas } from '../../../scripts/protocol-schemas.ts'
import { readVectors } from './read-vectors.ts'

const FOLDER = new URL('../../../protocol/schema/v1/', import.meta.url)

/** What no pattern says: that 20 digits are at most 2^64 - 1. `protocol/README.md` names it. */
const BEYOND_SCHEMAS = ['an amount above 64 bits']

describe('published schemas', () => {
  it('are those of the codecs, file for file', () => {
    const written = new Map(
      readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER), 'utf8')] as const),
    )
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(protocolSchemas()))
  })

  it('of the payment of tasks are those that they are read by', () => {
    const folder = new URL('../../../protocol/a2a/', import.meta.url)
    const written = readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const)
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(paymentSchemas()))
    const ajv = new Ajv2020({ strict: false })
    for (const [, text] of written) ajv.compile(JSON.parse(text) as object)
  })

  it('take what the codecs take, and refuse what they refuse for its shape', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: false })
    const schemaOf = (name: string): ((value: unknown) => boolean) =>
      ajv.compile(JSON.parse(protocolSchemas().get(`${name}.schema.json`) ?? '') as object)
    const validators = new Map([...protocolSchemas().keys()].map((name) => [name, schemaOf(name.split('.')[0] ?? '')]))
    const wrong: string[] = []
    for (const vector of readVectors()) {
      if (vector.kind !== 'accepted' && vector.kind !== 'refused') continue
      const code = vector.kind === 'refused' ? vector.code : ''
      if (vector.kind === 'refused' && code !== 'ENVELOPE_BODY_SHAPE') continue
      if (BEYOND_SCHEMAS.includes(vector.name)) continue
      const value = JSON.parse(Buffer.from(vector.bytes, 'hex').toString()) as { type: string; body: unknown }
      const isEnvelope = validators.get('envelope.schema.json')?.(value)
      const isBody = validators.get(`${value.type}.schema.json`)?.(value.body)
      if (isEnvelope !== true || isBody !== (code === '')) wrong.push(`${vector.name}: ${isEnvelope} ${isBody}`)
    }
    expect(wrong).toEqual([])
  })
})
