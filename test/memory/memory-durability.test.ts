import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { MINUTE_MS } from '../../src/base/time.ts'
import type { MemoryGraph, TenantMemory } from '../../src/memory/memory-graph.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { FaultyFileSystem, type DiskFault } from '../../src/testing/faulty-file-system.ts'
import { createTestTime } from '../router/cache/cache-fixture.ts'
import { createMemory, openLog, settle, startMemory, tenantOf, type MemoryFixtureInit } from './memory-fixture.ts'

const TENANTS = ['ann', 'ben'].map(tenantOf)
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const SMALL: MemoryFixtureInit = {
  settings: { nodesMax: 4, bytesMax: 200, textBytesMax: 60, edgesPerNodeMax: 2, halfLifeMs: MINUTE_MS },
  thread: { budgetTokens: 60 },
  compactAtBytes: 1_500,
}

type Action =
  | { readonly do: 'remember' | 'forget' | 'erase'; readonly tenant: number; readonly id: string }
  | { readonly do: 'link' | 'merge'; readonly tenant: number; readonly id: string; readonly other: string }
  | { readonly do: 'recall'; readonly tenant: number; readonly id: string; readonly outcome: 'success' | 'failure' }
  | { readonly do: 'step' | 'close'; readonly tenant: number }

const tenant = fc.nat({ max: 1 })
const id = fc.constantFrom(...IDS)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('remember' as const), tenant, id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('link' as const), tenant, id, other: id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('recall' as const),
      tenant,
      id,
      outcome: fc.constantFrom<('success' | 'failure')[]>('success', 'failure'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('step' as const), tenant }) },
  fc.record({ do: fc.constantFrom('forget' as const, 'erase' as const), tenant, id }),
  fc.record({ do: fc.constant('merge' as const), tenant, id, other: id }),
  fc.record({ do: fc.constant('close' as const), tenant }),
)

/** Does it; what the memory refuses for a reason of its own is as good as done. */
async function perform(graph: MemoryGraph, step: Action): Promise<void> {
  const owner = TENANTS[step.tenant] ?? tenantOf('none')
  const memory = graph.forTenant(owner)
  try {
    switch (step.do) {
      case 'remember':
        return void (await memory.remember({ kind: 'note', id: step.id, text: `a text about ${step.id} and more` }))
      case 'link':
        return await memory.link({ from: step.id, relation: 'about', to: step.other, weight: 0.5 })
      case 'merge':
        return await memory.merge(step.id, step.other)
      case 'forget':
        return void (await memory.forget(step.id))
      case 'erase':
        return await graph.eraseTenant(owner)
      case 'step':
        return void (await memory.addStep({ thread: 't', text: 'A step was finished. It said a number of things.' }))
      case 'close':
        return void (await memory.closeThread('t'))
      case 'recall': {
        const { recallId } = await memory.recall({ text: `about ${step.id}`, limit: 2 })
        return await memory.feedback(recallId, step.outcome)
      }
    }
  } catch (error: unknown) {
    const code: unknown = Reflect.get(Object(error), 'code')
    if (!(error instanceof TypeError) && code !== 'MEMORY_NODE_UNKNOWN') throw error
  }
}

/** All that can be read of a memory, tenant by tenant. */
function contentOf(graph: MemoryGraph): unknown {
  return graph.tenants().map((name) => {
    const memory: TenantMemory = graph.forTenant(name)
    const nodes = [...IDS, 'summary:t'].map((key) => memory.read(key))
    return { name, nodes, figures: memory.inspect(), thread: memory.readThread('t') }
  })
}

describe('a journal', () => {
  it('gives back the memory that was, whatever was done', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(action, { maxLength: 4 }), { maxLength: 12 }), async (rounds) => {
        const disk = new FaultyFileSystem()
        const time = createTestTime()
        const first = await startMemory({ ...SMALL, disk, time })
        for (const round of rounds) {
          await Promise.all(round.map(async (step) => await perform(first.memory, step)))
          expect(first.memory.violations()).toEqual([])
          time.advance(7_000)
        }
        await first.memory.stop()
        disk.crash('lose')
        const second = await startMemory({ ...SMALL, disk, time })
        expect(contentOf(second.memory)).toEqual(contentOf(first.memory))
        expect(second.memory.violations()).toEqual([])
        expect(first.errors).toEqual([])
      }),
      { numRuns: 60, seed: 23 },
    )
  }, 60_000)

  test('grows by what was changed, not by what is there', async () => {
    const { memory, log } = await startMemory({ compactAtBytes: 1 << 30 })
    for (let node = 0; node < 300; node += 1)
      await memory.remember({ kind: 'note', id: `n${node}`, text: `text ${node}` })
    const sizes: number[] = []
    for (const step of ['remember', 'link', 'feedback']) {
      const before = log.sizeBytes
      if (step === 'remember') await memory.remember({ kind: 'note', id: 'n0', text: 'text 0' })
      if (step === 'link') await memory.link({ from: 'n0', relation: 'about', to: 'n1' })
      if (step === 'feedback')
        await memory.feedback((await memory.recall({ text: 'text', limit: 3 })).recallId, 'success')
      sizes.push(log.sizeBytes - before)
    }
    expect(Math.max(...sizes)).toBeLessThan(700)
  })

  test('is rewritten when it outgrows what it describes, and reads the same', async () => {
    const disk = new FaultyFileSystem()
    const { memory, log } = await startMemory({ disk, compactAtBytes: 2_000 })
    for (let round = 0; round < 100; round += 1)
      await memory.remember({ kind: 'note', id: `n${round % 7}`, text: 'same' })
    await memory.stop()
    expect(log.snapshot?.nextIndex).toBeGreaterThan(60)
    expect(log.sizeBytes).toBeLessThan(4_000)
    disk.crash('lose')
    const second = await startMemory({ disk })
    expect(second.memory.inspect()).toEqual(memory.inspect())
  })

  test('is rewritten the more rarely the more it describes', async () => {
    const log = createMemoryEventLog()
    let count = 0
    const compact = log.compact.bind(log)
    log.compact = async (snapshot) => {
      count += 1
      await compact(snapshot)
    }
    const { memory } = await startMemory({ log, compactAtBytes: 1 })
    for (let node = 0; node < 500; node += 1) await memory.remember({ kind: 'note', id: `n${node}`, text: 'same' })
    expect(count).toBeLessThan(20)
  })

  test('that is rewritten while a memory is empty for a moment keeps its settings', async () => {
    const disk = new FaultyFileSystem()
    const init: MemoryFixtureInit = { disk, settings: { nodesMax: 2 }, compactAtBytes: 1 }
    const { memory } = await startMemory(init)
    await memory.remember({ kind: 'note', id: 'a', text: 'x' })
    await Promise.all([
      memory.forget('a'),
      memory.remember({ kind: 'note', id: 'b', text: 'x' }),
      memory.remember({ kind: 'note', id: 'c', text: 'x' }),
      memory.remember({ kind: 'note', id: 'd', text: 'x' }),
    ])
    await memory.stop()
    disk.crash('lose')
    const second = await startMemory(init)
    expect([second.memory.inspect().nodes, second.memory.violations()]).toEqual([2, []])
  })

  test('of other bounds is cut to those of now', async () => {
    const disk = new FaultyFileSystem()
    const first = await startMemory({ disk, settings: { nodesMax: 5 } })
    for (const key of IDS.slice(0, 5)) await first.memory.remember({ kind: 'note', id: key, text: key })
    disk.crash('lose')
    const second = await startMemory({ disk, settings: { nodesMax: 2 } })
    expect(second.memory.inspect()).toMatchObject({ nodes: 2, unembedded: 0 })
    disk.crash('lose')
    const third = await startMemory({ disk, settings: { nodesMax: 5 } })
    expect(third.memory.inspect().nodes).toBe(2)
  })
})

describe('acknowledged means synced', () => {
  it('wherever the power fails, everything acknowledged is there and nothing is half there', async () => {
    const steps = ['a', 'b', 'c', 'd']
    const probe = new FaultyFileSystem()
    const run = async (disk: FaultyFileSystem, acknowledged: string[]): Promise<void> => {
      const { memory } = await startMemory({ ...SMALL, disk, settings: { nodesMax: 9 }, compactAtBytes: 600 })
      for (const [index, key] of steps.entries()) {
        await memory.remember({ kind: 'note', id: key, text: `text of ${key}` })
        acknowledged.push(key)
        const previous = steps[index - 1]
        if (previous === undefined) continue
        await memory.link({ from: previous, relation: 'about', to: key })
        acknowledged.push(`${previous}-${key}`)
      }
    }
    await run(probe, [])
    for (const kind of ['fail', 'tear', 'crash'] as const) {
      for (const cut of ['lose', 'mix'] as const) {
        for (let operation = 0; operation < probe.operationCount; operation += 1) {
          const disk = new FaultyFileSystem({ faults: [{ operation, kind }], seed: operation })
          const acknowledged: string[] = []
          await run(disk, acknowledged).catch(() => {})
          disk.crash(cut)
          const { memory } = await startMemory({ ...SMALL, disk, settings: { nodesMax: 9 } })
          expect(memory.violations()).toEqual([])
          for (const done of acknowledged) {
            const [from = '', to] = done.split('-')
            const node = memory.read(from)
            expect(node?.text, `${kind} ${operation} ${cut}`).toBe(`text of ${from}`)
            if (to !== undefined) expect(node?.links.some((link) => link.to === to)).toBe(true)
          }
        }
      }
    }
  }, 60_000)

  test('after a failed write nothing is taken, and what was durable can still be read', async () => {
    const probe = new FaultyFileSystem()
    await (await startMemory({ disk: probe })).memory.remember({ kind: 'note', id: 'a', text: 'red apples' })
    const fault: DiskFault = { operation: probe.operationCount, kind: 'fail' }
    const { memory } = await startMemory({ disk: new FaultyFileSystem({ faults: [fault] }) })
    await memory.remember({ kind: 'note', id: 'a', text: 'red apples' })
    const failing = [
      memory.remember({ kind: 'note', id: 'b', text: 'green pears' }),
      memory.remember({ kind: 'note', id: 'a', text: 'blue plums' }),
    ]
    for (const result of await Promise.allSettled(failing))
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_WRITE_FAILED' } })
    await expect(memory.forget('a')).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    const { items } = await memory.recall({ text: 'red apples green pears' })
    expect(items.map(({ text }) => text)).toEqual(['red apples'])
    expect([memory.read('b'), memory.inspect()]).toEqual([undefined, expect.objectContaining({ nodes: 1, edges: 0 })])
    await memory.stop()
  })

  test('nothing is seen before it is durable', async () => {
    const { log, release } = heldLog()
    const { memory } = await startMemory({ log })
    let isDone = false
    const remembering = memory.remember({ kind: 'note', id: 'a', text: 'red apples' }).then(() => {
      isDone = true
    })
    await settle()
    expect([isDone, memory.read('a'), (await memory.recall({ text: 'red apples' })).items]).toEqual([
      false,
      undefined,
      [],
    ])
    release()
    await remembering
    expect((await memory.recall({ text: 'red apples' })).items).toHaveLength(1)
  })

  test('a change is seen after those before it, even if the journal answers for it first', async () => {
    const log = createMemoryEventLog()
    const append = log.append.bind(log)
    const answers: (() => void)[] = []
    log.append = async (payloads) => {
      const index = await append(payloads)
      await new Promise<void>((resolve) => answers.push(resolve))
      return index
    }
    const { memory } = await startMemory({ log })
    const changes = ['first', 'second'].map(async (text) => await memory.remember({ kind: 'note', id: 'a', text }))
    await settle()
    answers[1]?.()
    await settle()
    expect(memory.read('a')).toBeUndefined()
    answers[0]?.()
    expect((await Promise.all(changes)).map(({ isNew }) => isNew)).toEqual([true, false])
    expect((await memory.recall({ text: 'second' })).items.map(({ text }) => text)).toEqual(['second'])
  })

  test('more than may wait for the disk is refused, and can be sent again', async () => {
    const { log, release } = heldLog()
    const { memory } = await startMemory({ log, pendingMax: 2 })
    const waiting = ['a', 'b'].map(async (key) => await memory.remember({ kind: 'note', id: key, text: key }))
    await settle()
    await expect(memory.remember({ kind: 'note', id: 'c', text: 'c' })).rejects.toMatchObject({
      code: 'MEMORY_OVERLOADED',
      isRetryable: true,
    })
    release()
    await Promise.all(waiting)
    expect(await memory.remember({ kind: 'note', id: 'c', text: 'c' })).toEqual({ id: 'c', isNew: true })
  })
})

describe('a journal that no version wrote', () => {
  const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const forgotten = { machine: 'graph', event: { type: 'node-forgotten', id: 'a', at: 1 } }

  test.each([
    ['noise', Uint8Array.of(1, 2, 3), 'STORE_CORRUPTED'],
    ['no tenant', bytes({ format: 1, tenant: 'a b', change: forgotten, effect: 'drop-node' }), 'STORE_CORRUPTED'],
    ['no event', bytes({ format: 1, tenant: 'ann', change: { machine: 'graph', event: {} } }), 'STORE_CORRUPTED'],
    [
      'what does not follow',
      bytes({ format: 1, tenant: 'ann', change: forgotten, effect: 'drop-node' }),
      'STORE_CORRUPTED',
    ],
    ['a later format', bytes({ format: 2 }), 'STORE_FORMAT_NEWER'],
  ])('with %s is refused', async (_what, record, code) => {
    const log = createMemoryEventLog()
    await log.append([record])
    const { memory } = await createMemory({ log })
    await expect(memory.start()).rejects.toMatchObject({ code })
    await expect(memory.remember({ kind: 'note', text: 'x' })).rejects.toMatchObject({ code: 'MEMORY_NOT_OPEN' })
  })

  test('with an unsound snapshot is refused', async () => {
    const log = createMemoryEventLog()
    const { memory } = await startMemory({ log })
    for (const key of ['a', 'b']) await memory.remember({ kind: 'note', id: key, text: key })
    await memory.link({ from: 'a', relation: 'about', to: 'b' })
    await memory.eraseTenant(tenantOf('nobody'))
    const text = new TextDecoder().decode(log.snapshot?.payload)
    const broken = text.replace('["a","about","b"', '["a","about","z"')
    expect(broken).not.toBe(text)
    await log.compact({ nextIndex: log.nextIndex, payload: new TextEncoder().encode(broken) })
    await expect((await createMemory({ log })).memory.start()).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})

test('an erased tenant is in no file any more, and another one is untouched', async () => {
  const disk = new FaultyFileSystem()
  const log = await openLog(disk)
  const { memory } = await startMemory({ log, tenant: tenantOf('ann') })
  const ben = memory.forTenant(tenantOf('ben'))
  await memory.remember({ kind: 'fact', text: 'the vault code is kiwi' })
  await memory.addStep({ thread: 't', text: 'kiwi again' })
  const { recallId } = await memory.recall({ text: 'vault code' })
  await ben.remember({ kind: 'note', id: 'b', text: 'harmless' })
  expect(await storedText(disk)).toContain('kiwi')
  await memory.eraseTenant(tenantOf('ann'))
  expect(await storedText(disk)).not.toContain('kiwi')
  expect([memory.tenants(), memory.inspect().nodes, ben.read('b')?.text]).toEqual([['ben'], 0, 'harmless'])
  expect((await memory.recall({ text: 'vault code' })).items).toEqual([])
  await expect(memory.feedback(recallId, 'success')).rejects.toMatchObject({ code: 'MEMORY_RECALL_UNKNOWN' })
})

async function storedText(disk: FaultyFileSystem): Promise<string> {
  let text = ''
  for (const name of await disk.list('/memory')) {
    const file = await disk.open(`/memory/${name}`, { mode: 'read' })
    text += new TextDecoder().decode(await file.read(0, await file.size()))
  }
  return text
}

/** A journal whose appends wait until they are let go, in order; later ones do not wait. */
function heldLog(): { readonly log: EventLog; release(): void } {
  const log = createMemoryEventLog()
  const append = log.append.bind(log)
  const { promise, resolve } = Promise.withResolvers<void>()
  log.append = async (payloads) => {
    await promise
    return await append(payloads)
  }
  return { log, release: resolve }
}
