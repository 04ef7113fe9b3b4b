import { fromTransition } from 'xstate'
import { defineAgent, type Terminated } from 'kernell-os/actors'
import { describe, expect, it } from 'vitest'
import {
  monitor,
  type MonitorInput,
  type MonitorStatus,
  type Probe,
  type Sighting,
} from '../../agents/monitor/agent.ts'
import { answerProbe, deadLetterProbe, healthProbes, livenessProbe } from '../../agents/monitor/probes.ts'
import { beginVigil, endRound } from '../../agents/monitor/vigil.ts'
import { ask, createWorld, refusalOf } from './agent-fixture.ts'

function start(input: Partial<MonitorInput> & Pick<MonitorInput, 'probes'>, world = createWorld()) {
  return { world, ref: world.spawn(monitor, { everyMs: 1_000, timeoutMs: 100, ...input }) }
}

const probe = (name: string, check: Probe['check']): Probe => ({ name, check })
const well = probe('well', () => ({ isWell: true, detail: 'fine' }))

describe('the monitor', () => {
  it('looks at once, and then again and again', async () => {
    let looks = 0
    const { world, ref } = start({ probes: [probe('a', () => ({ isWell: true, detail: `look ${(looks += 1)}` }))] })
    await world.settle()
    expect(looks).toBe(1)
    await world.advance(999)
    expect(looks).toBe(1)
    await world.advance(1)
    await world.advance(1_000)
    expect(looks).toBe(3)
    expect(ref.emitted.map(({ type, round }) => `${type} ${String(round)}`)).toEqual([
      'round-done 1',
      'round-done 2',
      'round-done 3',
    ])
  })

  it.each<[string, Probe['check'], string]>([
    [
      'throws',
      () => {
        throw new Error('no route')
      },
      'no route',
    ],
    ['rejects', () => Promise.reject(new Error('no route')), 'no route'],
    ['never answers', () => new Promise<Sighting>(() => {}), 'no answer within 100 ms'],
    ['says nothing', () => undefined as never, 'the probe did not say whether it is well'],
    ['says no', () => ({ isWell: false, detail: 'full' }), 'full'],
  ])('counts a probe as unwell that %s', async (_name, check, detail) => {
    const { world, ref } = start({ probes: [well, probe('a', check)] })
    await world.advance(150)
    const status = await ask<MonitorStatus>(world, ref, { type: 'status' })
    expect(status.probes).toMatchObject([{ state: 'well' }, { name: 'a', state: 'unwell', detail, inRow: 1 }])
  })

  it('aborts a probe that has had its time', async () => {
    const aborted: boolean[] = []
    const { world } = start({
      probes: [
        probe(
          'a',
          async ({ signal }) => await new Promise(() => signal.addEventListener('abort', () => aborted.push(true))),
        ),
      ],
    })
    await world.settle()
    expect(aborted).toEqual([])
    await world.advance(100)
    expect(aborted).toEqual([true])
  })

  it('raises an alarm after failures in a row, and ends it after successes in a row', async () => {
    const seen = [0, 1, 0, 0, 0, 1, 0, 1, 1, 0]
    let round = 0
    const { world, ref } = start({
      probes: [probe('a', () => ({ isWell: seen[round++] === 1, detail: `round ${round}` }))],
      failuresToAlarm: 2,
      successesToClear: 2,
    })
    for (let n = 1; n < seen.length; n += 1) await world.advance(1_000)
    expect(ref.emitted.filter(({ type }) => type !== 'round-done')).toEqual([
      { type: 'alarm-raised', probe: 'a', detail: 'round 4' },
      { type: 'alarm-cleared', probe: 'a', detail: 'round 9' },
    ])
  })

  it('answers a check with a round that began after it', async () => {
    let release: (sighting: Sighting) => void = () => {}
    let looks = 0
    const check = async (): Promise<Sighting> => {
      looks += 1
      return await new Promise((resolve) => (release = resolve))
    }
    const { world, ref } = start({ probes: [probe('a', check)], timeoutMs: 50_000 })
    await world.settle()
    // While the first round is under way: what it saw may be older than the question.
    const pending = ref.ask<MonitorStatus>({ type: 'check' }, { timeoutMs: 60_000 })
    await world.settle()
    release({ isWell: true, detail: 'old' })
    await world.settle()
    expect(looks).toBe(2)
    release({ isWell: true, detail: 'new' })
    await world.settle()
    expect((await pending).probes).toMatchObject([{ detail: 'new' }])
  })

  it('begins a round at once when it is asked while it rests', async () => {
    const { world, ref } = start({ probes: [well], everyMs: 1_000_000 })
    await world.settle()
    expect(await ask<MonitorStatus>(world, ref, { type: 'check' })).toMatchObject({ rounds: 2 })
  })

  it('ends after so many rounds, with what it saw', async () => {
    const { world, ref } = start({ probes: [well], roundsMax: 2 })
    const ended: Terminated[] = []
    ref.watch((terminated) => void ended.push(terminated))
    await world.advance(1_000)
    await world.advance(1_000)
    expect(ended).toMatchObject([
      { reason: 'done', output: { rounds: 2, alarms: [], probes: [{ history: [true, true] }] } },
    ])
  })

  it('aborts its probes when it is stopped, and looks no more', async () => {
    let looks = 0
    const aborted: number[] = []
    const check: Probe['check'] = async ({ signal }) => {
      looks += 1
      return await new Promise(() => signal.addEventListener('abort', () => aborted.push(looks)))
    }
    const { world, ref } = start({ probes: [probe('a', check), probe('b', check)] })
    await world.settle()
    await ref.stop()
    await world.advance(10_000)
    expect([looks, aborted.length]).toEqual([2, 2])
  })

  it.each([
    { probes: [] },
    { probes: [well, well] },
    { probes: [well], everyMs: 0 },
    { probes: [well], timeoutMs: Number.NaN },
    { probes: [well], failuresToAlarm: 0 },
    { probes: [well], roundsMax: 1.5 },
  ])('does not start with an input out of range (%#)', (input) => {
    expect(refusalOf(() => start(input))).toBeInstanceOf(RangeError)
  })
})

describe('ready probes', () => {
  const fragile = defineAgent({
    name: 'fragile',
    restart: 'temporary',
    logic: fromTransition((state: null, event: { type: string; replyTo?: { send(event: object): unknown } }) => {
      if (event.type === 'break') throw new Error('broken')
      event.replyTo?.send({ type: event.type === 'ping' ? 'pong' : 'failed' })
      return state
    }, null),
  })

  it('see whether an actor is there, whether it answers, and whether messages are lost', async () => {
    const world = createWorld()
    world.system.onSupervision(() => undefined)
    const subject = world.system.spawn(fragile, { id: 'subject' })
    const { ref } = start(
      {
        probes: [
          livenessProbe('subject', world.system),
          answerProbe({ system: world.system, id: 'subject', event: { type: 'ping' } }),
          { ...answerProbe({ system: world.system, id: 'subject', event: { type: 'else' } }), name: 'refuses' },
          deadLetterProbe(world.system),
        ],
      },
      world,
    )
    const look = async (): Promise<unknown> =>
      (await ask<MonitorStatus>(world, ref, { type: 'check' })).probes.map(({ state, detail }) => `${state}: ${detail}`)
    expect(await look()).toEqual([
      'well: status active',
      'well: answered pong',
      'unwell: answered failed',
      'well: 0 new dead letters',
    ])
    subject.send({ type: 'break' })
    expect(await look()).toEqual([
      'unwell: no such actor',
      'unwell: no such actor',
      'unwell: no such actor',
      'unwell: 1 new dead letters',
    ])
    expect((await look()) as string[]).toContain('well: 0 new dead letters')
  })

  it('read the health of a node anew each time', async () => {
    const checks = [
      { name: 'disk', state: 'ok' as 'ok' | 'warning' | 'failed', detail: 'free' },
      { name: 'gone', state: 'ok' as const, detail: '' },
    ]
    const probes = healthProbes({ health: () => ({ checks }) })
    const [disk, gone] = probes
    const look = async (each: Probe | undefined): Promise<unknown> =>
      await each?.check({ signal: new AbortController().signal })
    expect(await look(disk)).toEqual({ isWell: true, detail: 'free' })
    checks[0] = { name: 'disk', state: 'warning', detail: 'nearly full' }
    expect(await look(disk)).toEqual({ isWell: true, detail: 'nearly full' })
    checks.splice(0, 2, { name: 'disk', state: 'failed', detail: 'full' })
    expect(await look(disk)).toEqual({ isWell: false, detail: 'full' })
    expect(await look(gone)).toMatchObject({ isWell: false })
  })
})

describe('a vigil', () => {
  it('keeps a bounded history', () => {
    let vigil = beginVigil(['a'], {})
    for (let n = 0; n < 100; n += 1) vigil = endRound(vigil, new Map([['a', { isWell: true, detail: '' }]])).vigil
    expect([vigil.rounds, vigil.probes.get('a')?.history.length, vigil.probes.get('a')?.inRow]).toEqual([100, 32, 100])
  })

  it('does not know probes that were not there from the start', () => {
    const vigil = beginVigil(['a'], {})
    expect(endRound(vigil, new Map([['b', { isWell: false, detail: '' }]])).vigil.probes.size).toBe(1)
  })
})
