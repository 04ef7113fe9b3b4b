import { expect, it } from 'vitest'
import { playRun } from '../../../src/cli/simulate/play-run.ts'
import { newPulse, PulseWatch } from '../../../src/cli/simulate/thread-pulse.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'

it('a thread that does not come back is told of once, and given up in the end', () => {
  const pulse = newPulse()
  const beat = (): unknown => Atomics.add(new Int32Array(pulse), 0, 1)
  const watch = new PulseWatch(pulse, { quietMs: 10, stuckMs: 100 }, 0)
  expect([9, 10, 11].map((at) => watch.look(at))).toEqual(['beats', 'quiet', 'beats'])
  beat()
  expect([99, 108, 109, 150, 198, 199].map((at) => watch.look(at))).toEqual([
    'beats',
    'beats',
    'quiet',
    'beats',
    'beats',
    'stuck',
  ])
  beat()
  expect(watch.look(500)).toBe('beats')
})

it('a run whose promises go on for ever is ended with its thread, without anybody having set a limit', async () => {
  const notes: string[] = []
  const terminal = {
    startProgress: () => ({ advance: () => {}, finish: () => {} }),
    note: (text: string) => notes.push(text),
  }
  const answer = await playRun({
    playedAs: {
      source: { kind: 'file', url: new URL('./scenarios/ticking.ts', import.meta.url).href },
      options: { wrong: 'promises', at: [1] },
      signatures: 'seeded',
      dataFile: undefined,
      faultIds: undefined,
    },
    seed: 1,
    until: undefined,
    isTwice: false,
    timeoutMs: undefined,
    traceFile: undefined,
    terminal: terminal as unknown as Terminal,
    signal: new AbortController().signal,
    pulseLimits: { quietMs: 1_000, stuckMs: 3_000 },
  })
  expect(answer).toMatchObject({
    kind: 'failed',
    failure: {
      code: 'SIMULATION_SEED_HUNG',
      message: expect.stringContaining('promises that go on for ever') as unknown,
    },
  })
  // On a slow machine loading takes so long, too.
  expect(notes.length).toBeGreaterThan(0)
  expect(notes.filter((note) => !note.includes('Seed 1: nothing has been heard for a while'))).toEqual([])
}, 60_000)
