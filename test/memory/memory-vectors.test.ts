import { describe, expect, test } from 'vitest'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import { TenantIndex } from '../../src/memory/tenant-index.ts'
import { createTypeScriptKernel } from '../../src/wasm/typescript-kernel.ts'
import { createConceptEmbedder, settle, startMemory, tenantOf } from './memory-fixture.ts'

async function keysOf(store: KeyValueStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.iterate()) keys.push(key)
  return keys
}

describe('with an embedding model', () => {
  test('what means the same is found, whatever the words', async () => {
    const { memory } = await startMemory({ embedder: createConceptEmbedder() })
    await memory.remember({ kind: 'note', text: 'the puppy sleeps' })
    await memory.remember({ kind: 'note', text: 'a truck broke down' })
    const { items } = await memory.recall({ text: 'hound' })
    expect(items.map(({ text, why }) => [text, why.similarity])).toEqual([['the puppy sleeps', 1]])
  })

  test('a text is embedded once: not when it is said again, and not after a restart', async () => {
    const disk = new FaultyFileSystem()
    const vectors = createMemoryKeyValueStore()
    const embedder = createConceptEmbedder()
    const first = await startMemory({ disk, vectors, embedder })
    for (let time = 0; time < 2; time += 1) {
      await first.memory.remember({ kind: 'note', text: 'the puppy sleeps' })
      await first.memory.remember({ kind: 'note', id: 'named', text: 'a truck' })
    }
    expect(embedder.calls).toEqual([['the puppy sleeps'], ['a truck']])
    await first.memory.stop()
    disk.crash('lose')
    const second = await startMemory({ disk, vectors, embedder })
    await settle()
    expect((await second.memory.recall({ text: 'dog' })).items.map(({ text }) => text)).toEqual(['the puppy sleeps'])
    expect(embedder.calls).toHaveLength(3)
    expect(second.memory.inspect().unembedded).toBe(0)
  })

  test('without a store the texts are embedded again after a restart, in the background', async () => {
    const disk = new FaultyFileSystem()
    const embedder = createConceptEmbedder()
    const first = await startMemory({ disk, embedder })
    for (const text of ['dog', 'car', 'rain']) await first.memory.remember({ kind: 'note', text })
    disk.crash('lose')
    const second = await startMemory({ disk, embedder })
    await settle()
    expect(embedder.calls.slice(3).map((texts) => texts.toSorted())).toEqual([['car', 'dog', 'rain']])
    expect(second.memory.inspect().unembedded).toBe(0)
  })

  test('another model embeds everything anew, and the vectors of the old one are gone', async () => {
    const disk = new FaultyFileSystem()
    const vectors = createMemoryKeyValueStore()
    const first = await startMemory({ disk, vectors, embedder: createConceptEmbedder('old') })
    await first.memory.remember({ kind: 'note', id: 'a', text: 'the puppy' })
    disk.crash('lose')
    const embedder = createConceptEmbedder('new')
    const second = await startMemory({ disk, vectors, embedder })
    await settle()
    expect(embedder.calls).toEqual([['the puppy']])
    expect(await keysOf(vectors)).toEqual(['default/a'])
    disk.crash('lose')
    await startMemory({ disk, vectors, embedder })
    await settle()
    expect([embedder.calls.length, second.errors]).toEqual([1, []])
  })

  test('a vector of an earlier text is never taken for that of the new one', async () => {
    const disk = new FaultyFileSystem()
    const vectors = createMemoryKeyValueStore()
    const embedder = createConceptEmbedder()
    const first = await startMemory({ disk, vectors, embedder })
    await first.memory.remember({ kind: 'note', id: 'a', text: 'the puppy' })
    const stale = await vectors.get('default/a')
    await first.memory.remember({ kind: 'note', id: 'a', text: 'the truck' })
    if (stale !== undefined) await vectors.put('default/a', stale)
    disk.crash('lose')
    const second = await startMemory({ disk, vectors, embedder })
    await settle()
    expect((await second.memory.recall({ text: 'dog' })).items).toEqual([])
    expect((await second.memory.recall({ text: 'car' })).items).toHaveLength(1)
  })

  test('vectors leave with their nodes, and strays at the next start', async () => {
    const disk = new FaultyFileSystem()
    const vectors = createMemoryKeyValueStore()
    const embedder = createConceptEmbedder()
    const { memory } = await startMemory({ disk, vectors, embedder, settings: { nodesMax: 2 } })
    for (const id of ['a', 'b', 'c']) await memory.remember({ kind: 'note', id, text: `dog ${id}` })
    await memory.forget('c')
    expect(await keysOf(vectors)).toEqual(['default/b'])
    await vectors.put('default/stray', new Uint8Array(40))
    await memory.stop()
    disk.crash('lose')
    await startMemory({ disk, vectors, embedder })
    expect(await keysOf(vectors)).toEqual(['default/b'])
  })

  test('an erased tenant keeps no vectors', async () => {
    const vectors = createMemoryKeyValueStore()
    const { memory } = await startMemory({ vectors, embedder: createConceptEmbedder(), tenant: tenantOf('a') })
    // The name of one begins with the name of the other.
    const other = memory.forTenant(tenantOf('ab'))
    await memory.remember({ kind: 'note', id: 'x', text: 'dog' })
    await other.remember({ kind: 'note', id: 'y', text: 'dog' })
    await memory.eraseTenant(tenantOf('a'))
    expect(await keysOf(vectors)).toEqual(['ab/y'])
    expect((await other.recall({ text: 'dog' })).items).toHaveLength(1)
  })
})

describe('when the model fails', () => {
  test('a text is remembered all the same, and embedded by the sweep', async () => {
    const embedder = createConceptEmbedder()
    const { memory, errors, time } = await startMemory({ embedder, sweepMs: 1_000 })
    embedder.failure = new Error('no connection')
    await memory.remember({ kind: 'note', id: 'a', text: 'dog' })
    expect([memory.read('a')?.text, memory.inspect().unembedded, errors]).toEqual(['dog', 1, [embedder.failure]])
    embedder.failure = undefined
    time.advance(1_000)
    await settle()
    expect(memory.inspect().unembedded).toBe(0)
    expect((await memory.recall({ text: 'hound' })).items).toHaveLength(1)
  })

  test('what was named anew while it was embedded late is found by its new text alone', async () => {
    const embedder = createConceptEmbedder()
    const { memory, time } = await startMemory({ embedder, sweepMs: 1_000 })
    embedder.failure = new Error('no connection')
    await memory.remember({ kind: 'note', id: 'a', text: 'dog' })
    embedder.failure = undefined
    const held = Promise.withResolvers<void>()
    const embed = embedder.embed.bind(embedder)
    embedder.embed = async (texts, options) => {
      if (texts.includes('dog')) await held.promise
      return await embed(texts, options)
    }
    time.advance(1_000)
    await settle()
    await memory.remember({ kind: 'note', id: 'a', text: 'car' })
    held.resolve()
    await settle()
    embedder.embed = embed
    expect((await memory.recall({ text: 'hound' })).items).toEqual([])
    expect((await memory.recall({ text: 'truck' })).items).toHaveLength(1)
  })

  test('a recall does with its seeds, and fails without', async () => {
    const embedder = createConceptEmbedder()
    const { memory } = await startMemory({ embedder })
    for (const id of ['a', 'b']) await memory.remember({ kind: 'note', id, text: `dog ${id}` })
    await memory.link({ from: 'a', relation: 'about', to: 'b' })
    embedder.failure = new Error('no connection')
    const { items, isSimilarityUsed } = await memory.recall({ text: 'dog', seeds: ['a'] })
    expect([items.map(({ id }) => id), isSimilarityUsed]).toEqual([['b'], false])
    await expect(memory.recall({ text: 'dog' })).rejects.toThrow('no connection')
  })

  test('by giving vectors that cannot be compared, they are not taken', async () => {
    const embedder = createConceptEmbedder()
    embedder.embed = async (texts) => ({ vectors: texts.map(() => Float32Array.of(1, 1, 0, 0)), tokensIn: 0 })
    const { memory, errors } = await startMemory({ embedder })
    await memory.remember({ kind: 'note', id: 'a', text: 'dog' })
    expect(errors).toMatchObject([{ code: 'MODEL_ANSWER_MALFORMED' }])
    expect(memory.inspect().unembedded).toBe(1)
  })

  test('an aborted caller hears of its own reason, and nothing is kept', async () => {
    const { memory, log, errors } = await startMemory({ embedder: createConceptEmbedder() })
    const controller = new AbortController()
    controller.abort(new Error('gone'))
    const { signal } = controller
    await expect(memory.remember({ kind: 'note', text: 'dog' }, { signal })).rejects.toThrow('gone')
    await expect(memory.recall({ text: 'dog' }, { signal })).rejects.toThrow('gone')
    await expect(memory.addStep({ thread: 't', text: 'dog' }, { signal })).rejects.toThrow('gone')
    expect([log.nextIndex, errors]).toEqual([0, []])
  })

  test('while it is being stopped, nobody is told', async () => {
    const embedder = createConceptEmbedder()
    const { memory, errors, time } = await startMemory({ embedder, sweepMs: 1_000 })
    embedder.failure = new Error('no connection')
    await memory.remember({ kind: 'note', text: 'dog' })
    errors.length = 0
    embedder.failure = undefined
    embedder.embed = async (_texts, options) =>
      await new Promise((_resolve, reject) =>
        options?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      )
    time.advance(1_000)
    await settle()
    await memory.stop()
    expect(errors).toEqual([])
  })
})

describe('the vectors of a tenant', () => {
  const axis = (at: number): Float32Array => Float32Array.from({ length: 64 }, (_, index) => (index === at ? 1 : 0))
  const filled = (count: number): TenantIndex => {
    const index = new TenantIndex(createTypeScriptKernel(), { dims: 64, capacityMax: 64 })
    for (let at = 0; at < count; at += 1) index.set(`n${at}`, axis(at))
    return index
  }

  test.each([3, 50])('of %s, each is there once, however often it is set, and gone when deleted', (count) => {
    const index = filled(count)
    index.set('n1', axis(60))
    index.set('n1', axis(61))
    index.set('blank', new Float32Array(64))
    const found = (at: number): unknown => index.nearest(axis(at), 5, 0.5)
    expect([found(1), found(60), found(61)]).toEqual([[], [], [{ id: 'n1', similarity: 1 }]])
    expect([index.size, index.has('n1'), index.has('blank'), index.has('n99')]).toEqual([count + 1, true, true, false])
    for (let at = 0; at < count; at += 1) index.delete(`n${at}`)
    expect([found(2), found(61), index.size, index.has('blank')]).toEqual([[], [], 1, true])
    index.set('n1', axis(7))
    expect(found(7)).toEqual([{ id: 'n1', similarity: 1 }])
  })

  test('are found alike by the list and by the index', () => {
    const query = Float32Array.from({ length: 64 }, (_, at) => Math.sqrt((64 - at) / 2_080))
    const ids = (count: number): readonly string[] =>
      filled(count)
        .nearest(query, 4, 0.1)
        .map(({ id }) => id)
    expect([ids(32), ids(33)]).toEqual([
      ['n0', 'n1', 'n2', 'n3'],
      ['n0', 'n1', 'n2', 'n3'],
    ])
  })
})
