import { describe, expect, it } from 'vitest'
import { findDecoders } from './discover.ts'
import { playTarget } from './play-target.ts'
import type { Target } from './target.ts'
import { allTargets } from './targets/all-targets.ts'
import { EXCEPTIONS } from './targets/exceptions.ts'

/** A short piece of what `npm run fuzz` plays; the same every time. */
const RUNS_EACH = 25
const targets = allTargets()
/** Processes, compilers and sockets are for the command. */
const IN_PROCESS = targets.filter(({ name }) => !/^scripts|^gateway\/create-gateway|^wasm\//.test(name))

describe('the targets', () => {
  it('are all functions that are called like decoders, but for exceptions that are still there', () => {
    const tried = new Set(targets.flatMap(({ name, covers = [] }) => [name, ...covers]))
    const found = findDecoders().map(({ name }) => name)
    expect(found.filter((name) => !tried.has(name) && !(name in EXCEPTIONS))).toEqual([])
    expect(Object.keys(EXCEPTIONS).filter((name) => !found.includes(name) || tried.has(name))).toEqual([])
  })

  it('have names of their own', () => {
    expect(targets.map(({ name }) => name)).toEqual([...new Set(targets.map(({ name }) => name))])
  })
})

describe('mutations of right inputs', () => {
  it.each(IN_PROCESS)('$name returns or refuses with a code', async ({ load }) => {
    const target = await load()
    const { findings, runs } = await playTarget(target, { seed: 1, runsMax: RUNS_EACH, deadlineMs: Infinity })
    await target.end?.()
    expect(findings).toEqual([])
    expect(runs).toBe(RUNS_EACH)
  })
})

describe('a fault', () => {
  const faulty = (read: Target['read'], recheck?: Target['recheck']): Target => ({
    name: 'x',
    kind: 'text',
    samples: [{ input: '{"a":1}', rest: [] }],
    read,
    ...(recheck !== undefined && { recheck }),
  })
  const play = async (target: Target) => await playTarget(target, { seed: 1, runsMax: 300, deadlineMs: Infinity })

  it('that throws what has no code is found, with a smaller input that shows it', async () => {
    const target = faulty((input) => JSON.parse(String(input)) as unknown)
    const { findings } = await play(target)
    expect(findings[0]?.what).toMatch(/^threw SyntaxError/)
    expect(findings[0]?.input.length).toBeLessThan(10)
  })

  it('that takes more than its share of time is found', async () => {
    const slow = faulty(() => {
      const started = process.cpuUsage()
      while (process.cpuUsage(started).user < 200_000);
    })
    const { findings } = await playTarget({ ...slow, kind: 'json' }, { seed: 1, runsMax: 1, deadlineMs: Infinity })
    expect(findings.map(({ what }) => what)).toEqual([expect.stringMatching(/^took more than its share of time/)])
  })

  it('that gives back other than what was read is found', async () => {
    const target = faulty(
      (input) => String(input).trim(),
      (result, input) => (result === input ? undefined : 'changed'),
    )
    expect((await play(target)).findings.map(({ what }) => what)).toEqual(['changed'])
  })
})
