import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import type { ActorSystem } from '../../src/actors/system/actor-system.ts'
import type { TaskOutcome } from '../../src/core/routing/task-outcome.ts'
import { createTelemetryWriter } from '../../src/node/telemetry-writer.ts'
import type { Timers } from '../../src/ports/timers.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { createTelemetryPipeline, type TelemetryPipeline } from '../../src/telemetry/telemetry-pipeline.ts'
import { createTelemetryStore, type TelemetryStore } from '../../src/telemetry/telemetry-store.ts'
import { buildOutcome } from '../telemetry/task-outcome-builder.ts'

type Opened = {
  readonly writer: TelemetryPipeline
  readonly store: TelemetryStore
  readonly system: ActorSystem
  /** Lets the pipeline's time to write come. */
  readonly fire: () => void
}

function open(change: (pipeline: TelemetryPipeline) => void = () => {}): Opened {
  const store = createTelemetryStore(createMemoryKeyValueStore())
  const system = createActorSystem()
  system.onSupervision(() => {})
  let due: (() => void) | undefined
  const timers: Timers = {
    schedule: (_delayMs, callback) => {
      due = callback
      return { cancel: () => (due = undefined) }
    },
  }
  const writer = createTelemetryWriter({ actors: system, timers }, (turns) => {
    const pipeline = createTelemetryPipeline(
      { store, timers: turns, secret: new Uint8Array(32).fill(5) },
      { hasConsent: true, keepsText: false, hardwareTier: 'balanced', hasGpu: false, ramBucket: '16gb' },
    )
    change(pipeline)
    return pipeline
  })
  return { writer, store, system, fire: () => due?.() }
}

const outcome = (id: string): TaskOutcome => buildOutcome({ decisionId: id })
const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))
const idsOf = async (store: TelemetryStore): Promise<readonly unknown[]> => {
  const ids: string[] = []
  for await (const { event_id } of store.list()) ids.push(event_id ?? '')
  return ids.toSorted()
}

describe('the writer of telemetry', () => {
  it('stores what was recorded before a flush, and before its end', async () => {
    const { writer, store, system } = open()
    writer.record(outcome('a'))
    writer.record(outcome('b'))
    await writer.flush()
    expect([await idsOf(store), writer.storedCount]).toEqual([['a', 'b'], 2])
    writer.record(outcome('c'))
    await writer.stop()
    expect([await idsOf(store), system.get('telemetry')]).toEqual([['a', 'b', 'c'], undefined])
  })

  it('writes when the time of the pipeline has come, in a turn of its own', async () => {
    const { writer, store, fire } = open()
    writer.record(outcome('a'))
    await turn()
    fire()
    expect(await store.count()).toBe(0)
    await turn()
    await turn()
    expect(await idsOf(store)).toEqual(['a'])
  })

  it('loses the record that the pipeline fails over, counts it, and starts again', async () => {
    const failed: string[] = []
    const { writer, store, system } = open((pipeline) => {
      const record = pipeline.record.bind(pipeline)
      pipeline.record = (given) => {
        if (given.decisionId === 'bad') throw new Error('a defect')
        record(given)
      }
    })
    system.onSupervision(({ type, id }) => void failed.push(`${type} ${id}`))
    for (const id of ['a', 'bad', 'b']) writer.record(outcome(id))
    await writer.flush()
    expect([await idsOf(store), writer.droppedCount]).toEqual([['a', 'b'], 1])
    expect(failed).toEqual(['actor-failed telemetry', 'actor-restarted telemetry'])
  })

  it('counts what comes after its end as dropped, and refuses to flush', async () => {
    const { writer, store } = open()
    await writer.stop()
    writer.record(outcome('late'))
    expect([await store.count(), writer.droppedCount]).toEqual([0, 1])
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
  })
})
