import { describe, expect, test } from 'vitest'
import { checkNotarySet, createNotarySet, quorumOf } from '../../../src/core/notary/notary-set.ts'
import { NOTARY_REFUSALS } from '../../../src/core/notary/notary-codes.ts'
import { didOf, hashOf, setOf } from '../../torture/notary-world.ts'

const members = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: didOf(index), address: `/memory/${index}` }))

describe('a notary set', () => {
  test('has 3f + 1 members and a quorum of 2f + 1', () => {
    expect([setOf(0), setOf(1), setOf(2)].map(quorumOf)).toEqual([1, 3, 5])
  })

  test('is named by the hash of its content', () => {
    expect(setOf(1).id).toBe('550410be77ebb01585e504be6c2eb733f2b88767f8f295deb22397704198386a')
    expect(checkNotarySet(setOf(1))).toEqual({ kind: 'set', set: setOf(1) })
    expect(checkNotarySet({ ...setOf(1), id: hashOf('other') })).toEqual({ kind: 'refused', code: 'NOTARY_SET_ID' })
  })

  test.each([
    ['NOTARY_SET_SIZE', { epoch: 0, f: 1, members: members(3) }],
    ['NOTARY_SET_SIZE', { epoch: 0, f: 0.5, members: members(4) }],
    ['NOTARY_SET_SIZE', { epoch: 0, f: -1, members: [] }],
    ['NOTARY_SET_EPOCH', { epoch: -1, f: 0, members: members(1) }],
    ['NOTARY_SET_MEMBER_TWICE', { epoch: 0, f: 1, members: [...members(3), { key: didOf(0), address: '/memory/9' }] }],
    ['NOTARY_SET_MEMBER_TWICE', { epoch: 0, f: 1, members: [...members(3), { key: didOf(9), address: '/memory/0' }] }],
    ['NOTARY_SET_ADDRESS', { epoch: 0, f: 0, members: [{ key: didOf(0), address: 'two words' }] }],
    ['NOTARY_SET_ADDRESS', { epoch: 0, f: 0, members: [{ key: didOf(0), address: '' }] }],
  ])('is refused with %s', (code, init) => {
    expect(createNotarySet(init)).toEqual({ kind: 'refused', code })
    expect(code in NOTARY_REFUSALS).toBe(true)
  })
})
