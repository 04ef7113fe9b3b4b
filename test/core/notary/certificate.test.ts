import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import { certificatesOf, refuseCertificate } from '../../../src/core/notary/certificate.ts'
import { checkDoubleVote, compareHeads } from '../../../src/core/notary/double-vote.ts'
import { bytesOfEpochChange, refuseEpochChange } from '../../../src/core/notary/epoch-change.ts'
import { createNotarySet } from '../../../src/core/notary/notary-set.ts'
import { didOf, hashOf, setOf } from '../../torture/notary-world.ts'
import { blockOf, quorumOfVotes, signAs, verify, voteOf } from './notary-fixtures.ts'

const SET = setOf(1)
const BLOCK = blockOf(['a', 'b', 'c', 'd', 'e'])
const STATEMENT = { phase: 'commit', view: 2, slot: 1, block: hashOfBlock(BLOCK) } as const
const DECISION = { block: BLOCK, quorum: quorumOfVotes(SET, STATEMENT, [0, 1, 3]) }

describe('a certificate', () => {
  test('of each entry of a block holds, whatever the size of the block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (size) => {
        const block = blockOf(Array.from({ length: size }, (_, index) => `m${index}`))
        const quorum = quorumOfVotes(SET, { ...STATEMENT, block: hashOfBlock(block) }, [0, 1, 2])
        const verdicts = certificatesOf(SET, { block, quorum }).map((one) => refuseCertificate(SET, one, verify))
        expect(verdicts).toEqual(Array.from({ length: size }, () => undefined))
      }),
      { numRuns: 40 },
    )
  })

  test('is refused after any change of what it says', () => {
    for (const certificate of certificatesOf(SET, DECISION)) {
      const other = hashOf('other')
      const changed = [
        { ...certificate, view: 3 },
        { ...certificate, slot: 2 },
        { ...certificate, seq: certificate.seq + 1 },
        { ...certificate, at: (certificate.at + 1) as typeof certificate.at },
        { ...certificate, transitionHash: other },
        { ...certificate, message: other },
        { ...certificate, previous: other },
        { ...certificate, state: other },
        { ...certificate, contract: other as typeof certificate.contract },
        { ...certificate, path: { ...certificate.path, size: certificate.path.size + 8 } },
        { ...certificate, path: { ...certificate.path, hashes: certificate.path.hashes.slice(1) } },
        { ...certificate, path: { ...certificate.path, index: -1 } },
      ]
      for (const one of changed) {
        expect(['NOTARY_CERTIFICATE_SIGNATURE', 'NOTARY_CERTIFICATE_PATH']).toContain(
          refuseCertificate(SET, one, verify),
        )
      }
    }
  })

  test('needs 2f + 1 distinct members of the right set and epoch', () => {
    const [certificate] = certificatesOf(SET, DECISION)
    if (certificate === undefined) throw new TypeError('no certificate')
    const [first, second, third] = certificate.signatures
    if (first === undefined || second === undefined || third === undefined) throw new TypeError('no signatures')
    const codeOf = (changed: Partial<typeof certificate>): string | undefined =>
      refuseCertificate(SET, { ...certificate, ...changed }, verify)
    expect(codeOf({ signatures: [first, second] })).toBe('NOTARY_CERTIFICATE_SHORT')
    expect(codeOf({ signatures: [first, second, second] })).toBe('NOTARY_CERTIFICATE_SHORT')
    expect(codeOf({ signatures: [first, second, { ...third, member: 4 }] })).toBe('NOTARY_CERTIFICATE_SHORT')
    expect(codeOf({ signatures: [first, second, { ...third, member: 2 }] })).toBe('NOTARY_CERTIFICATE_SIGNATURE')
    expect(codeOf({ epoch: 1 })).toBe('NOTARY_CERTIFICATE_SET')
    expect(codeOf({ set: hashOf('other') })).toBe('NOTARY_CERTIFICATE_SET')
  })

  test('is not made of prepare votes', () => {
    const prepares = quorumOfVotes(SET, { ...STATEMENT, phase: 'prepare' }, [0, 1, 2])
    const [certificate] = certificatesOf(SET, DECISION)
    if (certificate === undefined) throw new TypeError('no certificate')
    const forged = { ...certificate, signatures: prepares.signatures }
    expect(refuseCertificate(SET, forged, verify)).toBe('NOTARY_CERTIFICATE_SIGNATURE')
  })
})

describe('two votes for one place', () => {
  const other = { ...STATEMENT, block: hashOf('other block') }
  const first = voteOf(SET, STATEMENT, 2)
  const second = voteOf(SET, other, 2)
  const codeOf = (proof: Partial<Parameters<typeof checkDoubleVote>[1]>): unknown =>
    checkDoubleVote(SET, { set: SET.id, first, second, ...proof }, verify)

  test('convict their member, offline', () => {
    expect(codeOf({})).toEqual({ kind: 'proven', members: [2] })
  })

  test('convict nobody when they differ in place, agree, or are forged', () => {
    const equal = { kind: 'refused', code: 'NOTARY_PROOF_EQUAL' }
    expect(codeOf({ second: first })).toEqual(equal)
    expect(codeOf({ second: voteOf(SET, { ...other, view: 3 }, 2) })).toEqual(equal)
    expect(codeOf({ second: voteOf(SET, { ...other, phase: 'prepare' }, 2) })).toEqual(equal)
    expect(codeOf({ second: voteOf(SET, other, 1) })).toEqual(equal)
    const forged = { ...second, signature: voteOf(SET, other, 1).signature }
    expect(codeOf({ second: forged })).toEqual({ kind: 'refused', code: 'NOTARY_PROOF_SIGNATURE' })
    expect(codeOf({ set: hashOf('other') })).toEqual({ kind: 'refused', code: 'NOTARY_CERTIFICATE_SET' })
  })

  test('split views are seen in certified heads, with those who made them', () => {
    const one = quorumOfVotes(SET, STATEMENT, [0, 1, 2])
    const two = quorumOfVotes(SET, other, [1, 2, 3])
    expect(compareHeads(SET, { first: one, second: two, verify })).toEqual({ kind: 'proven', members: [1, 2] })
    expect(compareHeads(SET, { first: one, second: one, verify })).toMatchObject({ code: 'NOTARY_PROOF_EQUAL' })
    const later = quorumOfVotes(SET, { ...other, view: 5 }, [1, 2, 3])
    expect(compareHeads(SET, { first: one, second: later, verify })).toEqual({ kind: 'proven', members: [] })
    const short = { ...two, signatures: two.signatures.slice(1) }
    expect(compareHeads(SET, { first: one, second: short, verify })).toMatchObject({ code: 'NOTARY_PROOF_SIGNATURE' })
  })
})

describe('the change of an epoch', () => {
  const made = createNotarySet({ ...setOf(1), epoch: 1 })
  if (made.kind !== 'set') throw new TypeError(made.code)
  const to = made.set
  const head = { slot: 1, block: hashOfBlock(BLOCK), at: BLOCK.at, state: BLOCK.state }
  const statement = { from: SET.id, to: to.id, epoch: 1, ...head }
  const signatures = [0, 1, 2].map((member) => ({
    member,
    signature: signAs(SET.members[member]?.key ?? didOf(0), bytesOfEpochChange(statement)),
  }))
  const codeOf = (changed: object): unknown =>
    refuseEpochChange({ ...statement, signatures, ...changed }, { from: SET, to, verify })

  test('needs a quorum of the old set for exactly this end and this heir', () => {
    expect(codeOf({})).toBeUndefined()
    expect(codeOf({ slot: 2 })).toBe('NOTARY_CERTIFICATE_SIGNATURE')
    expect(codeOf({ signatures: signatures.slice(1) })).toBe('NOTARY_CERTIFICATE_SHORT')
    expect(codeOf({ to: SET.id })).toBe('NOTARY_SET_ID')
    expect(codeOf({ epoch: 2 })).toBe('NOTARY_SET_EPOCH')
  })
})
