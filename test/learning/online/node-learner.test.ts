import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { encodeFloats } from '../../../src/core/policy/float-text.ts'
import { promptFeatureSet } from '../../../src/core/policy/prompt-feature-set.ts'
import { PROMPT_FEATURES } from '../../../src/core/policy/prompt-features.ts'
import { parsePolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import {
  NodeLearner,
  STATE_KEY,
  type NodeLearnerInit,
  type TaskName,
} from '../../../src/learning/online/node-learner.ts'
import { onlineChecks } from '../../../src/node/learning/online/online-checks.ts'
import { decodeOnlinePolicy, type SavedOnlinePolicy } from '../../../src/learning/online/online-policy-state.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import type { TelemetryEvent } from '../../../src/wire/telemetry-event.ts'
import { unknownModels } from '../../../src/learning/closed-loop/streamed-task.ts'
import { eventOf } from '../labels/event-builder.ts'

const MODELS = unknownModels(['near/small', 'grand/large'])

/** A record of a task that one model answered and a verifier judged. */
function record(place: number, success = place % 2 === 0): TelemetryEvent {
  const features = Float32Array.from(PROMPT_FEATURES, (_, at) => Math.fround(((place * 31 + at * 7) % 13) / 13))
  return eventOf({
    event_id: `task-${place}`,
    tenant: 'acme',
    timestamp: new Date(1_700_000_000_000 + place * 1_000).toISOString(),
    task_hash: place.toString(16).padStart(64, '0'),
    success,
    verifier_accepted: success,
    model_planned: 'grand/large',
    model_used: 'grand/large',
    actual_tier_used: 'premium_api',
    attempts: [
      {
        model: 'grand/large',
        tier: 'premium_api',
        outcome: success ? 'accepted' : 'rejected',
        confidence: 0.9,
        tokens_in: 10,
        tokens_out: 10,
        cost_usd: 0.01,
        latency_ms: 100,
      },
    ],
    features: encodeFloats(features),
    feature_set: promptFeatureSet(),
  })
}

const named = (place: number): TaskName => ({ tenant: 'acme', kind: 'event', id: `task-${place}` })

type Trial = Partial<NodeLearnerInit> & {
  readonly records?: readonly TelemetryEvent[]
  readonly store?: KeyValueStore
  readonly gated?: readonly string[]
  readonly isFull?: boolean
}

function start({ records = [], store = createMemoryKeyValueStore(), gated = [], isFull = false, ...init }: Trial = {}) {
  const known = [...records]
  const due: (() => void)[] = []
  const registered: string[] = []
  const removed: string[] = []
  const derived: string[] = []
  const errors: unknown[] = []
  const learner = new NodeLearner(
    {
      models: MODELS,
      now: () => '2026-01-01T00:00:00.000Z',
      codeVersion: 'test',
      rest: async () => await Promise.resolve(),
      records: {
        find: async (names) =>
          await Promise.resolve(known.filter(({ event_id: id }) => names.some((name) => name.id === id))),
        async *all() {
          await Promise.resolve()
          yield* known
        },
        since: async (from) => await Promise.resolve(known.filter(({ timestamp }) => (timestamp ?? '') >= from)),
      },
      registry: {
        async register(text) {
          if (isFull) throw new CodedError('POLICY_REGISTRY_FULL', { message: 'full' })
          registered.push(text)
          return await Promise.resolve({ version: `version-${registered.length}` })
        },
        describe: async (version) =>
          await Promise.resolve({
            gates: gated.includes(version)
              ? [
                  {
                    candidate: version,
                    incumbent: '',
                    at: '',
                    hasPassed: true,
                    reasons: [],
                    candidateSha256: '',
                    incumbentSha256: null,
                  },
                ]
              : [],
          } as never),
        async remove(version) {
          if (version === 'version-2') throw new CodedError('POLICY_IN_USE', { message: 'it serves' })
          removed.push(version)
          return await Promise.resolve(true)
        },
      },
      onVersion: async (version) => void (await Promise.resolve(derived.push(version))),
      serving: () => 'policy-1-before',
      store,
      timers: {
        schedule(_delayMs, callback) {
          due.push(callback)
          return { cancel: () => void due.splice(due.indexOf(callback), 1) }
        },
      },
      onError: (error) => errors.push(error),
    },
    { everyOutcomes: 25, queueMax: 1_000, saved: undefined, ...init },
  )
  const notice = (from: number, to: number): void => {
    for (let place = from; place < to; place += 1) learner.notice(named(place))
  }
  return { learner, known, due, registered, removed, derived, errors, store, notice }
}

const records = (from: number, to: number): readonly TelemetryEvent[] =>
  Array.from({ length: to - from }, (_, at) => record(from + at))

async function savedIn(store: KeyValueStore): Promise<SavedOnlinePolicy | undefined> {
  const bytes = await store.get(STATE_KEY)
  return bytes === undefined ? undefined : decodeOnlinePolicy(bytes)
}

describe('the learner of a node', () => {
  it('begins with the records that there are, and says in one version what it learned of them', async () => {
    const { learner, registered, derived } = start({ records: records(0, 60) })
    await learner.settled()
    expect(learner.status()).toMatchObject({ learned: 60, startTasks: null, sinceVersion: 0, lastVersion: 'version-1' })
    expect(derived).toEqual(['version-1'])
    const { lineage } = parsePolicyArtefact(registered[0] ?? '')
    expect(lineage).toMatchObject({ parent: 'policy-1-before', metrics: { rows: 60, outcomes: 60 } })
    expect(lineage.training?.tasks?.count).toBe(60)
  })

  it('waits for as many tasks as its scales need, and learns from those that waited as well', async () => {
    const { learner, known, due, notice } = start()
    await learner.settled()
    known.push(...records(0, 30))
    notice(0, 10)
    due.pop()?.()
    await learner.settled()
    expect(learner.status()).toMatchObject({ learned: 0, startTasks: 10, lastVersion: null })
    notice(10, 30)
    due.pop()?.()
    await learner.settled()
    expect(learner.status()).toMatchObject({ learned: 30, startTasks: null, queued: 0, lastVersion: 'version-1' })
  })

  it('drops what does not fit into its queue, counts it, and says so', async () => {
    const { learner, known, notice } = start({ queueMax: 30, everyOutcomes: 1_000 })
    await learner.settled()
    known.push(...records(0, 50))
    notice(0, 50)
    notice(0, 5)
    expect(learner.status()).toMatchObject({ queued: 30, dropped: 20 })
    await learner.stop()
    expect(learner.status()).toMatchObject({ learned: 30, queued: 0, dropped: 20 })
    expect(onlineChecks(learner.status())[0]).toMatchObject({
      state: 'warning',
      detail: '20 tasks were not learned from, because too many waited',
    })
    notice(50, 51)
    expect(learner.status().queued).toBe(0)
  })

  it('registers a version every so many outcomes, each the child of the one before', async () => {
    const { learner, known, registered, notice } = start({ everyOutcomes: 25 })
    await learner.settled()
    known.push(...records(0, 300))
    notice(0, 300)
    await learner.stop()
    const parents = registered.map((text) => parsePolicyArtefact(text).lineage.parent)
    expect(parents).toEqual(['policy-1-before', ...registered.slice(1).map((_, at) => `version-${at + 1}`)])
    expect(registered.length).toBeGreaterThan(3)
    expect(learner.status()).toMatchObject({ learned: 300, lastVersion: `version-${registered.length}` })
  })

  it('leaves out what nobody has judged, until somebody does', async () => {
    const { learner, known, notice } = start({ records: records(0, 30), everyOutcomes: 1_000 })
    await learner.settled()
    const silent = { ...record(40, true), verifier_accepted: null }
    known.push(silent)
    notice(40, 41)
    await learner.stop()
    expect(learner.status().learned).toBe(30)
    const other = start({
      records: [...records(0, 30), { ...silent, feedback: [thumb(1)] }],
      everyOutcomes: 1_000,
    })
    await other.learner.settled()
    expect(other.learner.status().learned).toBe(31)
  })

  it('corrects what it learned when somebody says otherwise', async () => {
    const { learner, known, notice } = start({ records: records(0, 30), everyOutcomes: 1_000 })
    await learner.settled()
    known[4] = { ...record(4, true), feedback: [thumb(0)] }
    notice(4, 5)
    await learner.stop()
    expect(learner.status()).toMatchObject({ learned: 30, revised: 1, sinceVersion: 31 })
  })

  it('goes on from its state, and reads again what a crash may have taken', async () => {
    const first = start({ records: records(0, 30), everyOutcomes: 1_000 })
    await first.learner.settled()
    await first.learner.stop()
    const saved = await savedIn(first.store)
    expect(saved?.savedAt).toBe('2026-01-01T00:00:00.000Z')
    const late = { ...record(99), timestamp: '2025-12-31T23:59:00.000Z' }
    const second = start({ records: [...records(0, 30), late], everyOutcomes: 1_000, saved })
    expect(second.learner.status()).toMatchObject({ learned: 30, startTasks: null })
    await second.learner.settled()
    expect(second.learner.status()).toMatchObject({ learned: 31, revised: 0 })
  })

  it('keeps no half of what it was learning anew', async () => {
    const { learner, store } = start({ records: records(0, 200), everyOutcomes: 1_000 })
    await learner.stop()
    expect(await savedIn(store)).toBeUndefined()
  })

  it('begins anew with a model that it does not know', async () => {
    const first = start({ records: records(0, 30), everyOutcomes: 1_000 })
    await first.learner.settled()
    await first.learner.stop()
    const saved = await savedIn(first.store)
    if (saved === undefined) throw new Error('nothing saved')
    const init = { ...saved.learning.init, candidates: ['grand/large', 'gone/model'] }
    const second = start({
      records: records(0, 40),
      everyOutcomes: 1_000,
      saved: { ...saved, learning: { ...saved.learning, init } },
    })
    await second.learner.settled()
    expect(second.learner.status().learned).toBe(40)
  })

  it('forgets, on the disk too, and begins anew with what is left', async () => {
    const { learner, known, store } = start({ records: records(0, 60), everyOutcomes: 30 })
    await learner.settled()
    expect(await savedIn(store)).toBeDefined()
    await learner.forget()
    expect([await store.get(STATE_KEY), learner.status().learned]).toEqual([undefined, 0])
    known.splice(0, 30)
    learner.relearn()
    await learner.settled()
    expect(learner.status()).toMatchObject({ learned: 30, lastVersion: 'version-2' })
  })

  it('removes its old versions, but none that serves or was judged', async () => {
    const { learner, known, removed, registered, notice } = start({
      everyOutcomes: 20,
      queueMax: 2_000,
      gated: ['version-3'],
    })
    await learner.settled()
    known.push(...records(0, 1_700))
    notice(0, 1_700)
    await learner.stop()
    expect(registered.length).toBeGreaterThan(24)
    expect(removed.slice(0, 2)).toEqual(['version-1', 'version-4'])
  })

  it('tells a failure, and goes on when it is over', async () => {
    const failing = start({ records: records(0, 30), isFull: true })
    await failing.learner.settled()
    expect(failing.errors).toHaveLength(1)
    expect(failing.learner.status()).toMatchObject({ learned: 30, failure: 'full', lastVersion: null })
    expect(onlineChecks(failing.learner.status())[0]).toMatchObject({ state: 'warning', detail: 'it failed: full' })
  })
})

function thumb(value: number): NonNullable<TelemetryEvent['feedback']>[number] {
  return {
    feedback_id: 'f',
    timestamp: '2026-01-01T00:00:00.000Z',
    event_id: null,
    trace_id: null,
    tenant: 'acme',
    kind: 'thumbs',
    value,
    source: 'user',
  }
}
