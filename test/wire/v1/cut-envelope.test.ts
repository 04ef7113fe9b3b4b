import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalText } from '../../../src/wire/v1/canonical.ts'
import { cutEnvelope } from '../../../src/wire/v1/cut-envelope.ts'

const HEAD = {
  v: 1,
  type: 'receipt',
  net: 'kernell',
  contract: 'c0'.repeat(32),
  seq: 3,
  prev: 'ab'.repeat(32),
  iss: `did:key:z6Mk${'a'.repeat(44)}`,
  aud: '*',
  iat: 1_790_000_000_000,
  exp: 1_790_000_060_000,
  nonce: 'A'.repeat(22),
  bodyHash: 'cd'.repeat(32),
} as const
const signature = 'A'.repeat(86)

/** Values that look like the places that are looked for. */
const hostile = fc.constantFrom(
  '","bodyHash":"',
  '{"aud":"*","body":',
  ',"signature":"',
  '","type":"receipt","v":1}',
  '',
)
const inner = fc.oneof(fc.string(), hostile, fc.integer(), fc.boolean(), fc.array(hostile, { maxLength: 3 }))
const bodies = fc.dictionary(fc.constantFrom('a', 'body', 'bodyHash', 'signature', 'type', 'v', 'z'), inner)
const heads = fc.record({
  aud: fc.constantFrom('*', 'ef'.repeat(32), `did:key:z6Mk${'b'.repeat(44)}`),
  contract: fc.constantFrom(HEAD.contract, undefined),
  prev: fc.constantFrom(HEAD.prev, undefined),
})

describe('the parts of an envelope', () => {
  it('are what writing them would give, whatever the body looks like', () => {
    fc.assert(
      fc.property(bodies, heads, (body, changes) => {
        const head = { ...HEAD, ...changes }
        const text = canonicalText({ ...head, body, signature })
        expect(cutEnvelope(text, { aud: head.aud, signature, type: head.type })).toEqual({
          body: canonicalText(body),
          head: canonicalText(head),
        })
      }),
    )
  })

  it('are not cut where the members stand otherwise', () => {
    const text = canonicalText({ ...HEAD, body: {}, signature })
    for (const wrong of [
      ` ${text}`,
      `${text} `,
      text.replace('"aud"', '"aux"'),
      text.replace('"bodyHash"', '"bodyhash"'),
    ])
      expect(cutEnvelope(wrong, { aud: HEAD.aud, signature, type: HEAD.type })).toBeUndefined()
  })
})
