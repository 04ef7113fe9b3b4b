import { describe, expect, it } from 'vitest'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { cardBytes, createEar, NEIGHBOUR, NODE, OTHER } from './card-fixtures.ts'

const from = NEIGHBOUR.did

describe('cards over a restart', () => {
  it('are there again, with what the node knows beside them', async () => {
    const store = createMemoryKeyValueStore()
    const before = createEar({ store, named: [OTHER.did] })
    await before.cards.start()
    before.cards.hear({ from, data: cardBytes({ seq: 2 }) })
    before.cards.hear({ from, data: cardBytes({ key: OTHER }) })
    await before.cards.stop()
    const after = createEar({ store })
    await after.cards.start()
    expect(after.cards.cards).toEqual(expect.arrayContaining([...before.cards.cards]))
    expect(after.cards.cardOf(OTHER.did)?.isKnown).toBe(true)
    expect(after.cards.hear({ from, data: cardBytes({ seq: 1 }) })).toEqual({
      verdict: 'ignore',
      code: 'CARD_SEQUENCE_OLD',
    })
    expect([...before.failures, ...after.failures]).toEqual([])
  })

  it('are forgotten on disk too when they expire, or were spoilt there', async () => {
    const store = createMemoryKeyValueStore()
    const { cards, time } = createEar({ store })
    await cards.start()
    cards.hear({ from, data: cardBytes() })
    await cards.stop()
    await store.put(OTHER.did, new TextEncoder().encode('{"text":"'))
    time.now += 3_600_001
    const later = createEar({ store, time })
    await later.cards.start()
    await later.cards.stop()
    expect(later.cards.cards).toEqual([])
    expect(await store.count()).toBe(0)
  })

  it('go on in memory when the store fails, and its owner hears of it', async () => {
    const store = createMemoryKeyValueStore()
    const broken = {
      ...store,
      iterate: store.iterate.bind(store),
      batch: async () => await Promise.reject(new Error('full')),
    }
    const { cards, failures } = createEar({ store: broken })
    await cards.start()
    cards.hear({ from, data: cardBytes() })
    await cards.stop()
    expect(cards.cardOf(NODE.did)?.seq).toBe(0)
    expect(failures).toEqual([new Error('full')])
  })
})
