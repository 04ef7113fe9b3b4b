import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkJsonSchema } from '../../../src/core/verification/json-schema.ts'

fc.configureGlobal({ seed: 2026 })

const small = fc.integer({ min: 0, max: 4 })
const leaf = fc.oneof(
  fc.record({ type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', 'array', 'object') }),
  fc.record({ type: fc.constant(['string', 'null']) }),
  fc.record({ enum: fc.constant([1, 'a', null, [1]]) }),
  fc.record({ const: fc.constantFrom<unknown>('a', 1, { a: 1 }) }),
  fc.record({ minimum: small, exclusiveMaximum: small }),
  fc.record({ multipleOf: fc.constantFrom(1, 2, 0.5) }),
  fc.record({ minLength: small, maxLength: small }),
  fc.record({ pattern: fc.constantFrom('^a', 'b+$', '[0-9]') }),
  fc.record({ minItems: small, maxItems: small, uniqueItems: fc.boolean() }),
  fc.record({ minProperties: small }),
  fc.constantFrom(true, false),
)
const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')),
        required: fc.subarray(['a', 'b']),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      },
      { requiredKeys: ['properties'] },
    ),
    fc.record(
      { prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), items: tie('schema') },
      { requiredKeys: [] },
    ),
    fc.record({ patternProperties: fc.dictionary(fc.constantFrom('^a', 'b'), tie('schema')) }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('schema') }),
  ),
}))
const value = fc.jsonValue({ maxDepth: 2 }).map((json) => json as unknown)
const likely = fc.oneof(
  value,
  fc.constantFrom<unknown>(1, 'a', 'ab', null, [1], [1, 1], { a: 1 }, { a: 'b', b: 2 }, 0.5, [], {}),
)

it('judges as ajv does', () => {
  fc.assert(
    fc.property(schema, likely, (given, json) => {
      const ajv = new Ajv2020({ strict: false, logger: false })
      const expected = ajv.validate(given as object, json)
      expect(checkJsonSchema(given, json).kind, JSON.stringify(given)).toBe(expected ? 'valid' : 'invalid')
    }),
    { numRuns: 120 },
  )
})

it('follows references within the document, also recursive ones', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { next: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/node' }] } },
        required: ['next'],
      },
    },
  }
  expect(checkJsonSchema(tree, { next: { next: null } }).kind).toBe('valid')
  expect(checkJsonSchema(tree, { next: { next: 1 } })).toMatchObject({ kind: 'invalid' })
})

it('says where and what', () => {
  const given = { type: 'object', properties: { 'a/b': { type: 'array', items: { type: 'string' } } } }
  expect(checkJsonSchema(given, { 'a/b': ['x', 1] })).toEqual({
    kind: 'invalid',
    path: '/a~1b/1',
    problem: 'not of type string',
  })
})

it('judges nothing that it does not know', () => {
  expect(checkJsonSchema({ if: {} }, 1)).toEqual({ kind: 'unsupported', keyword: 'if' })
  expect(checkJsonSchema({ $ref: 'https://example.com/schema' }, 1)).toEqual({ kind: 'unsupported', keyword: '$ref' })
  expect(checkJsonSchema({ pattern: '(a+)+\\1' }, 'a')).toEqual({ kind: 'unsupported', keyword: 'pattern' })
  expect(checkJsonSchema({ $ref: '#' }, 1).kind).toBe('unsupported')
  // What is no name has no text of its own, and what every object inherits is no type.
  for (const type of [[{ toString: 1, valueOf: 1 }], 'constructor', 'toString'])
    expect(checkJsonSchema({ type }, {}).kind).toBe('unsupported')
  expect(checkJsonSchema({ required: [{ toString: 1 }] }, {}).kind).toBe('unsupported')
})
