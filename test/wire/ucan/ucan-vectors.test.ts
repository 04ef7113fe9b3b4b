import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { UcanVector } from '../../../scripts/protocol-vectors/ucan-builder.ts'
import { ucanVectorsText } from '../../../scripts/protocol-vectors/ucan-vectors.ts'
import { CAPABILITY_REFUSALS } from '../../../src/core/capability/capability-refusals.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { judgeVector } from './judge-vector.ts'

const TEXT = readFileSync(new URL('../../../protocol/vectors/v1/ucan.json', import.meta.url), 'utf8')
const { vectors } = JSON.parse(TEXT) as { readonly vectors: readonly UcanVector[] }

const verify = verifySignatureWith(createNodeVerifier())

/** What no vector of one receiver reaches: full memories, which take tens of thousands of entries, and orders for contracts and programs, which have tests of their own. */
const WITHOUT_VECTOR = [
  'CAPABILITY_REVOCATIONS_FULL',
  'CAPABILITY_LIFE_LONG',
  'CAPABILITY_REPLAY_FULL',
  'CAPABILITY_ISSUED_FULL',
  'CAPABILITY_ORDER_WRONG',
  'CAPABILITY_ACTION_OTHER',
  'CAPABILITY_CODE_OTHER',
  'CAPABILITY_RIGHTS_WIDENED',
  'CAPABILITY_DEMAND_MALFORMED',
]

describe('the vectors of capability tokens', () => {
  it('are the ones that the script writes', () => {
    expect(ucanVectorsText()).toBe(TEXT)
  })

  it('are 95, 87 of them refusals, and name every code', () => {
    const codes = vectors.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'allowed')
    expect([vectors.length, codes.length]).toEqual([95, 87])
    const expected = Object.keys(CAPABILITY_REFUSALS).filter((code) => !WITHOUT_VECTOR.includes(code))
    expect([...new Set(codes)].toSorted()).toEqual(expected.toSorted())
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length)
  })

  it.each(vectors)('$name: $outcome', (vector) => {
    expect(judgeVector(vector, verify)).toBe(vector.outcome)
  })

  it('are not accepted by a receiver that trusts every signature', () => {
    const trusting = vectors.filter((vector) => judgeVector(vector, () => true) !== vector.outcome)
    expect(trusting.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 3 }, () => 'CAPABILITY_SIGNATURE_WRONG'),
    )
  })
})
