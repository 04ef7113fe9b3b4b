import { describe, expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/base/time.ts'
import type { Recall } from '../../src/memory/memory-graph.ts'
import { createMemory, settle, startMemory, tenantOf } from './memory-fixture.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'

const textsOf = ({ items }: Recall): readonly string[] => items.map(({ text }) => text)

describe('remembering', () => {
  test('the same thing twice is one node; under a name the text is replaced', async () => {
    const { memory } = await startMemory()
    const first = await memory.remember({ kind: 'fact', text: 'Water boils at 100 degrees.' })
    const again = await memory.remember({ kind: 'fact', text: 'water boils  at 100 degrees.' })
    expect([first.isNew, again]).toEqual([true, { id: first.id, isNew: false }])
    await memory.remember({ kind: 'task', id: 'task:1', text: 'Boil water.' })
    await memory.remember({ kind: 'task', id: 'task:1', text: 'Freeze butter.' })
    expect(memory.read('task:1')).toMatchObject({ id: 'task:1', kind: 'task', text: 'Freeze butter.', links: [] })
    expect(textsOf(await memory.recall({ text: 'freeze butter' }))).toEqual(['Freeze butter.'])
    expect(memory.inspect()).toMatchObject({ nodes: 2, unembedded: 0 })
  })

  test.each([
    ['MEMORY_TEXT_TOO_LARGE', { kind: 'note', text: 'x'.repeat(41) }],
    [TypeError, { kind: 'note', text: '  ' }],
    [TypeError, { kind: 'note', text: 'x', id: 'not a name' }],
    [TypeError, { kind: 'note', text: 'x', id: '0123456789abcdef0123456789abcdef' }],
    [TypeError, { kind: 'rumour', text: 'x' }],
  ] as const)('throws %s and keeps nothing', async (wanted, wrong) => {
    const { memory, log } = await startMemory({ settings: { textBytesMax: 40 } })
    const remembering = memory.remember(wrong as Parameters<typeof memory.remember>[0])
    await (typeof wanted === 'string'
      ? expect(remembering).rejects.toMatchObject({ code: wanted })
      : expect(remembering).rejects.toThrow(wanted))
    expect([log.nextIndex, memory.tenants()]).toEqual([0, []])
  })

  test('beyond the bound lets the least valuable leave, for similarity as well', async () => {
    const { memory, time } = await startMemory({ settings: { nodesMax: 2 } })
    for (const text of ['red apples', 'green pears', 'blue plums']) {
      await memory.remember({ kind: 'note', text })
      time.advance(1)
    }
    expect(memory.inspect()).toMatchObject({ nodes: 2, unembedded: 0 })
    expect(textsOf(await memory.recall({ text: 'red apples green pears blue plums' })).toSorted()).toEqual([
      'blue plums',
      'green pears',
    ])
  })
})

describe('recalling', () => {
  test('finds by words, over links, and says why', async () => {
    const { memory } = await startMemory()
    const task = await memory.remember({ kind: 'task', text: 'Move the billing database to the new host' })
    const lesson = await memory.remember({ kind: 'outcome', text: 'It took four hours without a replica' })
    await memory.remember({ kind: 'note', text: 'Lunch is at noon' })
    await memory.link({ from: task.id, relation: 'led-to', to: lesson.id })
    const { items, isSimilarityUsed } = await memory.recall({ text: 'move a database to a host' })
    expect(items.map(({ id }) => id)).toEqual([task.id, lesson.id])
    expect(isSimilarityUsed).toBe(true)
    expect(items[0]?.why.similarity).toBeGreaterThan(0.4)
    expect(items[1]).toMatchObject({
      why: { similarity: 0, path: (items[0]?.why.similarity ?? 0) / 2, success: 0.5, recency: 1 },
      path: [{ from: task.id, relation: 'led-to', to: lesson.id }],
    })
  })

  test('starts from seeds, which are no results, and keeps to the kinds asked for', async () => {
    const { memory } = await startMemory()
    for (const id of ['task', 'fact-1', 'fact-2'])
      await memory.remember({ kind: id === 'task' ? 'task' : 'fact', id, text: `about ${id}` })
    await memory.link({ from: 'task', relation: 'about', to: 'fact-1' })
    await memory.link({ from: 'fact-1', relation: 'about', to: 'fact-2', weight: 0.5 })
    const bySeed = await memory.recall({ text: 'zzz', seeds: ['task', 'no-such-node'] })
    expect(bySeed.items.map(({ id, why }) => [id, why.path])).toEqual([
      ['fact-1', 0.5],
      ['fact-2', 0.125],
    ])
    const tasks = await memory.recall({ text: 'about fact-1', kinds: ['task'] })
    expect(tasks.items.map(({ id }) => id)).toEqual(['task'])
  })

  test('counts as use with the next write', async () => {
    const { memory, time, log } = await startMemory()
    const { id } = await memory.remember({ kind: 'note', text: 'red apples' })
    time.advance(5_000)
    await memory.recall({ text: 'apples' })
    const before = log.nextIndex
    expect(memory.read(id)?.usedAt).toBe(memory.read(id)?.createdAt)
    await memory.remember({ kind: 'note', text: 'green pears' })
    expect(memory.read(id)?.usedAt).toBe((memory.read(id)?.createdAt ?? 0) + 5_000)
    expect(log.nextIndex).toBe(before + 2)
    await memory.remember({ kind: 'note', text: 'blue plums' })
    expect(log.nextIndex).toBe(before + 3)
  })

  test('of nothing gives nothing', async () => {
    const { memory } = await startMemory()
    expect(await memory.recall({ text: 'anything' })).toMatchObject({ items: [], isSimilarityUsed: true })
    await memory.remember({ kind: 'note', text: '!!!' })
    expect(textsOf(await memory.recall({ text: '???' }))).toEqual([])
    expect(memory.inspect().unembedded).toBe(0)
  })

  test('refuses what is out of range', async () => {
    const { memory } = await startMemory()
    await expect(memory.recall({ text: 'x', limit: 0 })).rejects.toThrow(RangeError)
    await expect(memory.recall({ text: 'x', limit: 101 })).rejects.toThrow(RangeError)
    await expect(memory.recall({ text: 'x', seeds: Array.from({ length: 17 }, () => 'a') })).rejects.toThrow(RangeError)
  })
})

describe('feedback', () => {
  test('moves what helped before what did not', async () => {
    const { memory } = await startMemory()
    const texts = ['use the blue pump for water', 'use the grey pump for water']
    for (const text of texts) await memory.remember({ kind: 'fact', text })
    for (const winner of [1, 0, 0]) {
      const { recallId, items } = await memory.recall({ text: 'which pump for water' })
      const helped = items.filter(({ text }) => text === texts[winner]).map(({ id }) => id)
      await memory.feedback(recallId, 'success', { ids: helped })
      const failing = await memory.recall({ text: 'which pump for water' })
      const useless = failing.items.filter(({ text }) => text !== texts[winner]).map(({ id }) => id)
      await memory.feedback(failing.recallId, 'failure', { ids: useless })
    }
    expect(textsOf(await memory.recall({ text: 'which pump for water' }))).toEqual(texts)
  })

  test('reaches the links and the nodes of the way', async () => {
    const { memory } = await startMemory()
    for (const id of ['a', 'b', 'c']) await memory.remember({ kind: 'note', id, text: `node ${id}` })
    await memory.link({ from: 'a', relation: 'about', to: 'b' })
    await memory.link({ from: 'b', relation: 'about', to: 'c' })
    const { recallId } = await memory.recall({ text: 'zzz', seeds: ['a'] })
    await memory.feedback(recallId, 'success', { ids: ['c'] })
    expect(['a', 'b', 'c'].map((id) => memory.read(id)?.successes)).toEqual([0.5, 0.5, 1])
    expect(memory.read('b')?.links.map(({ successes }) => successes)).toEqual([1, 1])
    const after = await memory.recall({ text: 'zzz', seeds: ['a'] })
    expect(after.items.find(({ id }) => id === 'c')?.why.path).toBeCloseTo((2 / 3) * (2 / 3), 12)
  })

  test('counts once, whoever says it again', async () => {
    const { memory, log } = await startMemory()
    const { id } = await memory.remember({ kind: 'note', text: 'red apples' })
    const { recallId } = await memory.recall({ text: 'apples' })
    await Promise.all([memory.feedback(recallId, 'success'), memory.feedback(recallId, 'failure')])
    const written = log.nextIndex
    await memory.feedback(recallId, 'failure')
    expect([memory.read(id)?.successes, memory.read(id)?.failures, log.nextIndex]).toEqual([1, 0, written])
  })

  test('counts once for each item, however the items are divided', async () => {
    const { memory, log } = await startMemory()
    for (const id of ['a', 'b', 'c']) await memory.remember({ kind: 'note', id, text: `apple ${id}` })
    const { recallId } = await memory.recall({ text: 'apple' })
    await memory.feedback(recallId, 'success', { ids: ['a'] })
    await memory.feedback(recallId, 'failure', { ids: ['b', 'a'] })
    await memory.feedback(recallId, 'success')
    const figures = ['a', 'b', 'c'].map((id) => [memory.read(id)?.successes, memory.read(id)?.failures])
    expect(figures).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ])
    const written = log.nextIndex
    await memory.feedback(recallId, 'failure', { ids: ['a', 'b', 'c'] })
    expect(log.nextIndex).toBe(written)
  })

  test('counts the way to several items once', async () => {
    const { memory } = await startMemory()
    for (const id of ['a', 'b', 'c', 'd']) await memory.remember({ kind: 'note', id, text: `node ${id}` })
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'c'],
      ['b', 'd'],
    ] as const)
      await memory.link({ from, relation: 'about', to })
    const { recallId } = await memory.recall({ text: 'zzz', seeds: ['a'] })
    await memory.feedback(recallId, 'success', { ids: ['c'] })
    await memory.feedback(recallId, 'success', { ids: ['d'] })
    expect(['a', 'b', 'c', 'd'].map((id) => memory.read(id)?.successes)).toEqual([0.5, 0.5, 1, 1])
    expect(memory.read('a')?.links.map(({ successes }) => successes)).toEqual([1])
  })

  test('can be given again where there was no room for it', async () => {
    const log = createMemoryEventLog()
    const append = log.append.bind(log)
    let gate = Promise.resolve()
    log.append = async (payloads) => {
      await gate
      return await append(payloads)
    }
    const { memory } = await startMemory({ log, pendingMax: 1 })
    const { id } = await memory.remember({ kind: 'note', id: 'red', text: 'red apples' })
    await memory.remember({ kind: 'note', id: 'blue', text: 'blue plums' })
    const { recallId } = await memory.recall({ text: 'apples' })
    const opening = Promise.withResolvers<void>()
    gate = opening.promise
    const link = memory.link({ from: 'red', relation: 'about', to: 'blue' })
    await expect(memory.feedback(recallId, 'success')).rejects.toMatchObject({ code: 'MEMORY_OVERLOADED' })
    opening.resolve()
    await link
    await memory.feedback(recallId, 'success')
    expect(memory.read(id)?.successes).toBe(1)
  })

  test('on what was forgotten since is no error', async () => {
    const { memory } = await startMemory()
    const { id } = await memory.remember({ kind: 'note', text: 'red apples' })
    const { recallId } = await memory.recall({ text: 'apples' })
    expect(await memory.forget(id)).toBe(true)
    await memory.feedback(recallId, 'success')
    expect(await memory.forget(id)).toBe(false)
  })

  test('on an unknown recall, or one of too long ago, says so', async () => {
    const { memory } = await startMemory({ recallsMax: 2 })
    const recalls = [
      await memory.recall({ text: 'a' }),
      await memory.recall({ text: 'b' }),
      await memory.recall({ text: 'c' }),
    ]
    for (const recallId of [recalls[0]?.recallId ?? '', 'nonsense', ''])
      await expect(memory.feedback(recallId, 'success')).rejects.toMatchObject({ code: 'MEMORY_RECALL_UNKNOWN' })
    await memory.feedback(recalls[1]?.recallId ?? '', 'success')
    await expect(memory.feedback(recalls[2]?.recallId ?? '', 'success', { ids: ['z'] })).rejects.toThrow(RangeError)
  })
})

describe('links', () => {
  test('join nodes that are there, and can be taken away', async () => {
    const { memory } = await startMemory()
    for (const id of ['a', 'b']) await memory.remember({ kind: 'note', id, text: `node ${id}` })
    const link = { from: 'a', relation: 'about', to: 'b' }
    await expect(memory.link({ ...link, to: 'z' })).rejects.toMatchObject({ code: 'MEMORY_NODE_UNKNOWN' })
    await expect(memory.link({ ...link, weight: 0 })).rejects.toThrow(TypeError)
    await memory.link(link)
    expect(memory.read('b')?.links).toEqual([{ ...link, weight: 1, successes: 0, failures: 0 }])
    expect([await memory.unlink(link), await memory.unlink(link), memory.inspect().edges]).toEqual([true, false, 0])
  })

  test('go over when two nodes turn out to be one', async () => {
    const { memory } = await startMemory()
    for (const id of ['a', 'b', 'c']) await memory.remember({ kind: 'entity', id, text: `node ${id}` })
    await memory.link({ from: 'b', relation: 'about', to: 'c' })
    await memory.merge('a', 'b')
    expect(memory.read('a')?.links).toMatchObject([{ from: 'a', to: 'c' }])
    expect(memory.read('b')).toBeUndefined()
    await expect(memory.merge('a', 'b')).rejects.toMatchObject({ code: 'MEMORY_NODE_UNKNOWN' })
  })
})

describe('tenants', () => {
  test('never see each other, whatever they ask', async () => {
    const { memory } = await startMemory({ tenant: tenantOf('ann') })
    const ben = memory.forTenant(tenantOf('ben'))
    const secret = await memory.remember({ kind: 'fact', text: 'the vault code is kiwi' })
    await memory.addStep({ thread: 't', text: 'the vault code is kiwi' })
    const { recallId } = await memory.recall({ text: 'vault code' })
    const own = await ben.remember({ kind: 'note', text: 'vault' })
    expect(
      (await ben.recall({ text: 'the vault code is kiwi', seeds: [secret.id] })).items.map(({ id }) => id),
    ).toEqual([own.id])
    expect([ben.read(secret.id), ben.readThread('t'), await ben.forget(secret.id)]).toEqual([
      undefined,
      undefined,
      false,
    ])
    await expect(ben.link({ from: own.id, relation: 'about', to: secret.id })).rejects.toMatchObject({
      code: 'MEMORY_NODE_UNKNOWN',
    })
    await expect(ben.feedback(recallId, 'failure')).rejects.toMatchObject({ code: 'MEMORY_RECALL_UNKNOWN' })
    expect([ben.inspect().nodes, memory.inspect().nodes, memory.tenants()]).toEqual([1, 1, ['ann', 'ben']])
    expect(memory.read(secret.id)).toMatchObject({ successes: 0, failures: 0 })
  })

  test('who remember the same text have it each for themselves', async () => {
    const { memory } = await startMemory({ tenant: tenantOf('ann') })
    const ben = memory.forTenant(tenantOf('ben'))
    const ids = [
      await memory.remember({ kind: 'note', text: 'the same' }),
      await ben.remember({ kind: 'note', text: 'the same' }),
    ]
    expect(ids.map(({ isNew }) => isNew)).toEqual([true, true])
    await memory.forget(ids[0]?.id ?? '')
    expect(textsOf(await ben.recall({ text: 'the same' }))).toEqual(['the same'])
  })

  test('are bounded, and a forgotten one makes room', async () => {
    const { memory } = await startMemory({ tenantsMax: 1 })
    const { id } = await memory.remember({ kind: 'note', text: 'x' })
    const other = memory.forTenant(tenantOf('other'))
    await expect(other.remember({ kind: 'note', text: 'x' })).rejects.toMatchObject({ code: 'MEMORY_TENANTS_FULL' })
    expect(await other.forget('no-such-node')).toBe(false)
    await memory.forget(id)
    expect(await other.remember({ kind: 'note', text: 'x' })).toMatchObject({ isNew: true })
  })
})

describe('time', () => {
  test('lets what nobody uses fade, by the sweep', async () => {
    const { memory, time } = await startMemory({
      settings: { halfLifeMs: MINUTE_MS, valueMin: 0.01 },
      sweepMs: 60_000,
    })
    await memory.remember({ kind: 'note', text: 'red apples' })
    for (let minute = 0; minute < 5; minute += 1) {
      time.advance(60_000)
      await settle()
    }
    expect(memory.inspect().nodes).toBe(1)
    time.advance(60_000)
    await settle()
    expect(memory.inspect()).toMatchObject({ nodes: 0, unembedded: 0 })
    expect(textsOf(await memory.recall({ text: 'red apples' }))).toEqual([])
  })
})

describe('the life of a memory', () => {
  test('begins with start and ends with stop', async () => {
    const { memory } = await createMemory()
    const closed = { code: 'MEMORY_NOT_OPEN' }
    const isClosed = async (): Promise<void> => {
      await expect(memory.remember({ kind: 'note', text: 'x' })).rejects.toMatchObject(closed)
      await expect(memory.recall({ text: 'x' })).rejects.toMatchObject(closed)
      await expect(memory.addStep({ thread: 't', text: 'x' })).rejects.toMatchObject(closed)
      await expect(memory.forget('x')).rejects.toMatchObject(closed)
    }
    await isClosed()
    await Promise.all([memory.start(), memory.start()])
    await memory.remember({ kind: 'note', text: 'x' })
    await memory.stop()
    await memory.stop()
    await isClosed()
    await memory.start()
    expect(memory.inspect().nodes).toBe(1)
  })

  test('aborted while it starts, it does not run', async () => {
    const { memory } = await createMemory()
    const controller = new AbortController()
    const starting = memory.start({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(starting).rejects.toThrow('enough')
    await expect(memory.remember({ kind: 'note', text: 'x' })).rejects.toMatchObject({ code: 'MEMORY_NOT_OPEN' })
  })

  test.each([
    { settings: { nodesMax: 0 } },
    { settings: { bytesMax: 10, textBytesMax: 20 } },
    { ranking: { successShare: 0.8, recencyShare: 0.3 } },
    { similarityMin: 2 },
    { tenantsMax: 0.5 },
    { thread: { budgetTokens: 20_000 } },
    { thread: { keepRecentSteps: -1 } },
  ])('is not created with %j', async (init) => {
    await expect(createMemory(init)).rejects.toThrow(RangeError)
  })
})
