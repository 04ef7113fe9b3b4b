import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { ConvictedMembers } from '../../../src/node/market/gossip/convicted-members.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const member = fixedKey(31).did

describe('members that are proven to have lied', () => {
  it('are said in the log once, and by whoever looks at the node', () => {
    const said: unknown[] = []
    const convicted = new ConvictedMembers((error) => said.push(error))
    for (let times = 0; times < 2; times += 1) convicted.add({ member, kind: 'double-vote' })
    convicted.add({ member, kind: 'split-view' })
    expect(said).toMatchObject([
      { code: 'NOTARY_MEMBER_CONVICTED', details: { member, kind: 'double-vote' } },
      { code: 'NOTARY_MEMBER_CONVICTED', details: { member, kind: 'split-view' } },
    ])
    expect(convicted.checks()).toMatchObject([
      { name: 'notary set', state: 'failed' },
      { name: 'notary set', state: 'failed' },
    ])
  })

  it('are known after a restart by the proofs that were kept, without being said anew', async () => {
    const said: unknown[] = []
    const store = createMemoryKeyValueStore()
    await store.put(`double-vote/${member}`, new Uint8Array(1))
    await store.put('something', new Uint8Array(1))
    const convicted = new ConvictedMembers((error) => said.push(error))
    await convicted.load(store)
    convicted.add({ member, kind: 'double-vote' })
    expect(convicted.list).toEqual([{ member, kind: 'double-vote' }])
    expect(said).toEqual([])
  })

  it('are nobody, and nothing is said of them, in a node that has seen nothing', () => {
    expect(new ConvictedMembers(() => {}).checks()).toEqual([])
  })
})
