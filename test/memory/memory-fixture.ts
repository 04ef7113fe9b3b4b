import { parseTenantId, type TenantId } from '../../src/base/identifiers.ts'
import { createMemoryGraph } from '../../src/memory/create-memory-graph.ts'
import type { MemoryGraphComponents, MemoryGraphInit } from '../../src/memory/memory-graph-init.ts'
import type { MemoryGraph } from '../../src/memory/memory-graph.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import type { EmbeddingModel } from '../../src/ports/embedding-model.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import type { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import { createTypeScriptKernel } from '../../src/wasm/typescript-kernel.ts'
import { createTestTime, type TestTime } from '../router/cache/cache-fixture.ts'

export type MemoryFixture = {
  readonly memory: MemoryGraph
  readonly log: EventLog
  readonly time: TestTime
  readonly errors: unknown[]
}

export type MemoryFixtureInit = MemoryGraphInit &
  Partial<Pick<MemoryGraphComponents, 'log' | 'embedder' | 'vectors' | 'languageModel' | 'countTokens'>> & {
    readonly time?: TestTime
    /** The journal lies on this disk; `log` is then made. */
    readonly disk?: FaultyFileSystem
  }

export async function startMemory(init: MemoryFixtureInit = {}): Promise<MemoryFixture> {
  const fixture = await createMemory(init)
  await fixture.memory.start()
  return fixture
}

export async function createMemory(init: MemoryFixtureInit = {}): Promise<MemoryFixture> {
  const { embedder, vectors, languageModel, countTokens, disk, ...rest } = init
  const time = init.time ?? createTestTime()
  const log = init.log ?? (disk === undefined ? createMemoryEventLog() : await openLog(disk))
  const errors: unknown[] = []
  const memory = createMemoryGraph(
    {
      log,
      clock: time.clock,
      timers: time.timers,
      random: createSystemRandom(),
      kernel: createTypeScriptKernel(),
      onError: (error) => errors.push(error),
      ...(embedder !== undefined && { embedder }),
      ...(vectors !== undefined && { vectors }),
      ...(languageModel !== undefined && { languageModel }),
      ...(countTokens !== undefined && { countTokens }),
    },
    rest,
  )
  return { memory, log, time, errors }
}

export async function openLog(disk: FaultyFileSystem): Promise<EventLog> {
  return await openSegmentedEventLog({ fileSystem: disk, random: createSystemRandom() }, { directory: '/memory' })
}

export function tenantOf(name: string): TenantId {
  const tenant = parseTenantId(name)
  if (tenant === undefined) throw new Error(`${name} is no tenant`)
  return tenant
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
}

export type ConceptEmbedder = EmbeddingModel & {
  /** Texts of each call so far. */
  readonly calls: (readonly string[])[]
  /** Thrown by every call while it is set. */
  failure: Error | undefined
}

const CONCEPTS = [
  ['dog', 'puppy', 'hound'],
  ['car', 'vehicle', 'truck'],
  ['rain', 'weather', 'storm'],
  ['bread', 'dough', 'oven'],
]

/** A model that knows meanings where the built-in one knows words: one dimension for each concept. It has to be waited for. */
export function createConceptEmbedder(id = 'concepts'): ConceptEmbedder {
  const vectorOf = (text: string): Float32Array => {
    const counts = CONCEPTS.map((words) => words.filter((word) => text.includes(word)).length)
    const norm = Math.sqrt(counts.reduce((sum, count) => sum + count * count, 0))
    return Float32Array.from(counts, (count) => (norm === 0 ? 0 : count / norm))
  }
  const embedder: ConceptEmbedder = {
    id,
    dimensions: CONCEPTS.length,
    calls: [],
    failure: undefined,
    async embed(texts, options) {
      options?.signal?.throwIfAborted()
      if (embedder.failure !== undefined) throw embedder.failure
      embedder.calls.push(texts)
      return { vectors: texts.map(vectorOf), tokensIn: texts.length }
    },
  }
  return embedder
}
