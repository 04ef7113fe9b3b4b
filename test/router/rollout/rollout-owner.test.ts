import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { ROLLOUT_MACHINE } from '../../../src/core/rollout/rollout-machine.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../../src/core/rollout/rollout-rules.ts'
import type { RolloutState, RolloutTransition } from '../../../src/core/rollout/rollout-state.ts'
import type { WatchedOutcome } from '../../../src/core/rollout/watch/arm-totals.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import {
  createRolloutOwner,
  type RolloutChange,
  type RolloutInForce,
  type RolloutOwner,
} from '../../../src/router/rollout/rollout-owner.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { FaultyFileSystem, type DiskFault, type PowerCut } from '../../../src/testing/faulty-file-system.ts'

const random = createSystemRandom()
const clock = {
  now: () => timestampFromMs(1_000_000),
  monotonicMs: () => 0,
  timeoutSignal: () => new AbortController().signal,
}
const RULES: RolloutRules = {
  ...DEFAULT_ROLLOUT_RULES,
  canarySteps: [10, 50],
  minCanaryRequests: 2,
  minStepMs: 0,
  minShadowRuns: 2,
}

type Started = { readonly owner: RolloutOwner; readonly log: EventLog; readonly announced: RolloutTransition[] }

async function start(
  disk: FaultyFileSystem,
  rules: RolloutRules = RULES,
  {
    time = clock,
    ...more
  }: { readonly time?: Clock; readonly pendingMax?: number; readonly compactAtBytes?: number } = {},
): Promise<Started> {
  const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/rollout' })
  const announced: RolloutTransition[] = []
  const owner = createRolloutOwner(
    {
      actors: createActorSystem(),
      log,
      clock: time,
      onTransition: (transition) => void announced.push(transition),
      onError: () => undefined,
    },
    { rules, ...more },
  )
  await owner.start()
  return { owner, log, announced }
}

const why = { by: 'test', reason: 'because' }
const promote = (version: string, stage: 'shadow' | 'canary' | 'full', incumbent = 'priors-1'): RolloutChange => ({
  type: 'candidate-promoted',
  version,
  incumbent,
  baseline: 'priors-1',
  stage,
  ...(stage === 'full' && { isWithoutReference: true }),
  ...why,
})
const back: RolloutChange = { type: 'rolled-back', baseline: 'priors-1', ...why }
const step: RolloutChange = { type: 'step-taken', ...why }
const outcome = (isAccepted: boolean): WatchedOutcome => ({
  isAccepted,
  isError: false,
  costUsd: 0.001 * Math.PI,
  latencyMs: 100 / 3,
  predicted: 0.9,
})
type Observation = Parameters<RolloutOwner['observe']>[0]
const seen = (arm: 'candidate' | 'incumbent', isAccepted = true, candidate = 'a'): Observation => ({
  type: 'request-observed',
  candidate,
  arm,
  outcome: outcome(isAccepted),
})
const tried = (isAccepted = true, candidate = 'a'): Observation => ({
  type: 'shadow-observed',
  candidate,
  tried: outcome(isAccepted),
  served: outcome(true),
  isCalled: true,
})

const stageOf = ({ stage, percent, candidate, incumbent }: RolloutInForce): string =>
  `${stage} ${percent} ${candidate ?? '-'} ${incumbent ?? '-'}`

describe('the owner of a rollout', () => {
  it.each([
    ['legacy_only', [promote('a', 'canary'), back]],
    ['shadow', [promote('a', 'shadow'), tried(), tried(false, 'z')]],
    ['canary', [promote('a', 'canary'), seen('incumbent'), seen('candidate', false), seen('incumbent', false)]],
    ['full', [promote('a', 'canary'), step, promote('a', 'full'), seen('candidate')]],
  ] as const)('comes back in the stage %s with the same evidence', async (stage, changes) => {
    const disk = new FaultyFileSystem()
    const before = await start(disk, { ...RULES, autoAdvance: false })
    for (const change of changes) {
      if (change.type === 'request-observed' || change.type === 'shadow-observed') before.owner.observe(change)
      else await before.owner.change(change)
    }
    await before.owner.flush()
    disk.crash('lose')
    const after = await start(disk, { ...RULES, autoAdvance: false })
    expect(after.owner.inForce.stage).toBe(stage)
    expect(after.owner.state).toEqual(before.owner.state)
    expect(stageOf(after.owner.inForce)).toBe(stageOf(before.owner.inForce))
    expect(after.announced).toEqual([])
    expect(after.owner.violations()).toEqual([])
  })

  it('comes back as it was after each of two hundred events, by a power cut and through a compaction', async () => {
    const draws = createRandomStream(7)
    const pick = <Item>(items: readonly Item[]): Item => items[draws.nextBelow(items.length)] as Item
    const disk = new FaultyFileSystem({ seed: 3 })
    let { owner } = await start(disk, RULES, { compactAtBytes: 4_000 })
    for (let count = 0; count < 200; count += 1) {
      const change = pick<RolloutChange>([
        promote(pick(['a', 'b']), pick(['shadow', 'canary', 'full'])),
        step,
        back,
        ...Array.from({ length: 9 }, () => seen(pick(['candidate', 'incumbent']), draws.nextBelow(4) > 0)),
        tried(draws.nextBelow(3) > 0),
      ])
      if (change.type === 'request-observed' || change.type === 'shadow-observed') owner.observe(change)
      else await owner.change(change).catch(() => undefined)
      await owner.flush()
      const expected = owner.state
      disk.crash(pick(['lose', 'mix', 'keep']))
      ;({ owner } = await start(disk, RULES, { compactAtBytes: 4_000 }))
      expect(owner.state, `after event ${count}`).toEqual(expected)
    }
    expect(owner.state.revision).toBeGreaterThan(20)
  })

  it(
    'loses nothing that it announced, and announces nothing that it loses, whatever write fails',
    { timeout: 120_000 },
    async () => {
      const script: readonly RolloutChange[] = [
        promote('a', 'shadow'),
        step,
        seen('incumbent'),
        seen('candidate'),
        back,
        promote('b', 'canary'),
        step,
        promote('b', 'full'),
      ]
      // The states that the script goes through.
      const states: RolloutState[] = [ROLLOUT_MACHINE.initial({ rules: DEFAULT_ROLLOUT_RULES, at: timestampFromMs(0) })]
      for (const change of [{ type: 'rules-set', rules: RULES } as const, ...script]) {
        const last = states.at(-1) as RolloutState
        states.push(ROLLOUT_MACHINE.transition(last, { ...change, at: clock.now() }).state)
      }
      const run = async (disk: FaultyFileSystem): Promise<{ announced: number; inForce: number }> => {
        let announced = 0
        let inForce = 0
        try {
          const started = await start(disk)
          for (const change of script) {
            if (change.type === 'request-observed') started.owner.observe(change)
            else await started.owner.change(change)
            await started.owner.flush()
            announced = started.announced.length
            inForce = started.owner.inForce.revision
          }
        } catch {
          // The disk failed.
        }
        return { announced, inForce }
      }
      const sound = new FaultyFileSystem()
      await run(sound)
      const operations = sound.operationCount
      expect(operations).toBeGreaterThan(10)
      const kinds: readonly DiskFault['kind'][] = ['fail', 'tear', 'crash']
      const cuts: readonly PowerCut[] = ['lose', 'mix', 'keep']
      let tries = 0
      for (let operation = 0; operation < operations; operation += 1) {
        for (const kind of kinds) {
          for (const cut of cuts) {
            const disk = new FaultyFileSystem({ faults: [{ operation, kind }], seed: operation + 1 })
            const { announced, inForce } = await run(disk)
            expect(inForce).toBe(announced)
            disk.crash(cut)
            const { owner } = await start(disk)
            const where = `${kind} at ${operation}, ${cut}`
            expect(owner.state.revision, where).toBeGreaterThanOrEqual(announced)
            const known = states.map((state) => JSON.stringify({ ...state, rules: RULES }))
            expect(known, where).toContain(JSON.stringify({ ...owner.state, rules: RULES }))
            tries += 1
          }
        }
      }
      expect(tries).toBe(operations * 9)
    },
  )

  it('serves nothing that is not on the disk: a promotion whose write fails leaves what served', async () => {
    const disk = new FaultyFileSystem()
    const { owner, log, announced } = await start(disk)
    await owner.change(promote('a', 'canary'))
    await log.close()
    await expect(owner.change(step)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
    expect(stageOf(owner.inForce)).toBe('canary 10 a priors-1')
    expect(announced).toHaveLength(1)
  })

  it('writes the reason, the figures and who did it beside each transition', async () => {
    const { owner, log } = await start(new FaultyFileSystem())
    await owner.change({
      ...promote('a', 'canary'),
      by: 'command line (ann)',
      reason: 'better by 3 points',
    } as RolloutChange)
    const records: unknown[] = []
    for await (const { payload } of log.read(0)) records.push(JSON.parse(new TextDecoder().decode(payload)))
    expect(records).toMatchObject([
      { event: { type: 'rules-set' } },
      {
        effect: 'announce-transition',
        event: { type: 'candidate-promoted', version: 'a', by: 'command line (ann)' },
        transition: { from: 'legacy_only', to: 'canary', percentAfter: 10, reason: 'better by 3 points' },
      },
    ])
  })

  it('takes new rules with the next start, and refuses what does not apply', async () => {
    const disk = new FaultyFileSystem()
    const first = await start(disk)
    await expect(first.owner.change(back)).rejects.toMatchObject({
      code: 'POLICY_ROLLOUT_REFUSED',
      details: { reason: 'NOTHING_BEFORE', stage: 'legacy_only' },
    })
    await first.owner.change(promote('a', 'canary'))
    disk.crash('lose')
    const second = await start(disk, { ...RULES, canarySteps: [20, 60] })
    expect(second.owner.state.rules.canarySteps).toEqual([20, 60])
    expect((await second.owner.change(step)).percentAfter).toBe(20)
  })

  it('refuses a journal that another program wrote', async () => {
    const disk = new FaultyFileSystem()
    const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/rollout' })
    await log.append([new TextEncoder().encode('{"format":1,"event":{"type":"else"},"effect":null}')])
    await log.close()
    await expect(start(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  it('keeps what is known of the policy that serves before anything is promoted, some requests at a time', async () => {
    const disk = new FaultyFileSystem()
    const first = await start(disk)
    for (let count = 0; count < 45; count += 1) first.owner.observeServed('priors-1', outcome(count % 9 > 0))
    await first.owner.flush()
    expect(first.log.nextIndex).toBe(4)
    expect(first.owner.state.serving).toMatchObject({ policy: 'priors-1', now: { requests: 45, bad: 5 } })
    for (let count = 0; count < 7; count += 1) first.owner.observeServed('priors-1', outcome(true))
    // A change comes after all that was seen before it.
    const { isWithoutReference: _, ...full } = promote('a', 'full') as { readonly isWithoutReference?: boolean }
    await first.owner.change(full as RolloutChange)
    expect(first.owner.state.serving).toMatchObject({ now: { requests: 52 } })
    expect(first.owner.state.position).toMatchObject({
      stage: 'full',
      trial: { watch: { reference: { quality: expect.closeTo(0.0962 + 3 * 0.0448 + 0.02, 2) as unknown } } },
    })
    disk.crash('lose')
    const second = await start(disk)
    expect(second.owner.state).toEqual(first.owner.state)
  })

  it('reckons the time of a step by the clock that nobody sets, through a restart, and loses no part of it', async () => {
    let [day, ms] = [1_000_000, 0.5]
    const time: Clock = { ...clock, now: () => timestampFromMs(day), monotonicMs: () => ms }
    const disk = new FaultyFileSystem()
    const rules = { ...RULES, minCanaryRequests: 1, minStepMs: 1_000 }
    const first = await start(disk, rules, { time })
    await first.owner.change(promote('a', 'canary'))
    day += 75 * 365 * 86_400_000
    for (let count = 0; count < 2_000; count += 1) {
      ms += 0.25
      first.owner.observe(seen('candidate'))
    }
    await first.owner.flush()
    expect(first.owner.state.position).toMatchObject({ percent: 10, trial: { lastedMs: 500 } })
    disk.crash('lose')
    ;[day, ms] = [1_100_000, 7]
    const second = await start(disk, rules, { time })
    second.owner.observe(seen('candidate'))
    ms += 499
    second.owner.observe(seen('candidate'))
    await second.owner.flush()
    expect(second.owner.state.position).toMatchObject({ percent: 10, trial: { lastedMs: 999, since: 1_000_000 } })
    ms += 1
    second.owner.observe(seen('candidate'))
    await second.owner.flush()
    expect(second.owner.state.position).toMatchObject({ percent: 50, trial: { lastedMs: 0, since: 1_100_000 } })
  })

  it('leaves out what the disk cannot keep up with, and counts it', async () => {
    const { owner } = await start(new FaultyFileSystem(), RULES, { pendingMax: 5 })
    await owner.change(promote('a', 'canary'))
    for (let count = 0; count < 50; count += 1) owner.observe(seen('incumbent'))
    await owner.flush()
    expect(owner.droppedCount).toBe(45)
    expect(owner.state.position).toMatchObject({ trial: { watch: { control: { requests: 5 } } } })
  })
})
