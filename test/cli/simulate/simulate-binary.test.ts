import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeFolder, removeFolders, runBinary, startBinary } from '../run-binary.ts'

const TICKING = join(import.meta.dirname, 'scenarios/ticking.ts')

afterAll(removeFolders)

async function untilThere(file: string, pattern: RegExp): Promise<void> {
  await expect
    .poll(
      () => {
        try {
          return pattern.test(readFileSync(file, 'utf8'))
        } catch {
          return false
        }
      },
      { timeout: 20_000 },
    )
    .toBe(true)
}

it('Ctrl-C ends many seeds in order, with what was really played, and --resume goes on from there', async () => {
  const folder = makeFolder()
  const words = ['simulate', TICKING, '--seeds', '1..5', '--threads', '1', '--resume', 'r.jsonl', '--json']
  const options = (at: number): readonly string[] => ['--set', 'wrong=hang', '--set', `at=[${at}]`]
  const running = startBinary([...words, ...options(4)], { folder })
  // Three are finished, the fourth hangs.
  await untilThere(join(folder, 'r.jsonl'), /"seed":3.*\n$/)
  running.child.kill('SIGINT')
  const { code, output } = await running.ended
  expect(code).toBe(130)
  expect(JSON.parse(output)).toMatchObject({ from: 1, to: 5, runs: 3, events: 180, violations: [], interrupted: true })
  // What is there does not hang: it was finished before.
  const rest = await runBinary([...words.with(3, '1..3'), ...options(4)], { folder })
  expect(rest.code).toBe(0)
  expect(JSON.parse(rest.output)).toMatchObject({ runs: 3, events: 180 })
}, 60_000)

it('Ctrl-C ends one seed, whose trace is whole as far as it goes', async () => {
  const folder = makeFolder()
  const words = ['simulate', TICKING, '--steps', '1000000', '--agents', '1000', '--trace', 't.jsonl', '--json']
  const running = startBinary(words, { folder })
  await untilThere(join(folder, 't.jsonl'), /\n/)
  running.child.kill('SIGINT')
  const { code, output } = await running.ended
  expect(code).toBe(130)
  const stopped = JSON.parse(output) as { readonly events: number }
  expect(stopped).toMatchObject({ scenario: TICKING, seed: 1, interrupted: true })
  const lines = readFileSync(join(folder, 't.jsonl'), 'utf8').trimEnd().split('\n')
  expect(lines.length).toBeGreaterThanOrEqual(stopped.events)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ index: lines.length - 1 })
}, 60_000)

it('what a scenario prints goes to the errors: the output is one document', async () => {
  const printing = ['--set', 'wrong=print', '--set', 'at=[1]', '--json']
  for (const words of [
    ['--seed', '1'],
    ['--seeds', '1..1', '--threads', '1'],
  ]) {
    const { output, errors } = await runBinary(['simulate', TICKING, ...words, ...printing])
    expect(JSON.parse(output)).toMatchObject({ scenario: 'ticking' })
    expect(errors).toContain('said by the scenario')
  }
}, 60_000)
