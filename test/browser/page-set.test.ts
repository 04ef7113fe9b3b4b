import { describe, expect, it } from 'vitest'
import { addressesOf, choosePageSet } from '../../src/browser/page-set.ts'
import { createPageVerify } from '../../src/browser/page-keys.ts'
import type { SetLineage } from '../../src/core/notary/set-lineage.ts'
import { createNotarySet } from '../../src/core/notary/notary-set.ts'
import { formatSetDocument } from '../../src/market/notary/set-document.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { identityOf } from '../network/identities.ts'

const verify = createPageVerify()

function setOf(number: number): SetLineage {
  const members = [{ key: identityOf(number).did, address: `/ip4/127.0.0.1/tcp/${9_000 + number}` }]
  const made = createNotarySet({ epoch: 0, members, f: 0 })
  if (made.kind === 'refused') throw new Error(made.code)
  return { set: made.set, before: [] }
}

describe('the notary set of a page', () => {
  it('is the first that is given, and no other one afterwards', async () => {
    const store = createMemoryKeyValueStore()
    const document = formatSetDocument(setOf(1))
    expect(await choosePageSet(store, { document, verify })).toEqual(setOf(1))
    expect(await choosePageSet(store, { document, verify })).toEqual(setOf(1))
    const other = formatSetDocument(setOf(2))
    await expect(choosePageSet(store, { document: other, verify })).rejects.toMatchObject({ code: 'NOTARY_SET_OTHER' })
    expect(await choosePageSet(store, { document, verify })).toEqual(setOf(1))
  })

  it('is a document of one, and nothing is kept of what is none', async () => {
    const store = createMemoryKeyValueStore()
    for (const document of ['', '{}', formatSetDocument(setOf(1)).replace('"epoch": 0', '"epoch": -1')])
      await expect(choosePageSet(store, { document, verify })).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
    expect(await store.count()).toBe(0)
  })

  it('is reached where the page was told, and else where it says', () => {
    const [member, other] = [identityOf(1).did, identityOf(2).did]
    const address = '/dns4/example.org/tcp/443/tls/ws'
    const told = addressesOf(setOf(1), [
      { did: member, address },
      { did: other, address },
    ])
    expect([...told]).toEqual([[member, address]])
  })
})
