import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { runAll } from './run-all.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

it('what was finished before is not played again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-study-'))
  folders.push(folder)
  const file = join(folder, 'runs.jsonl')
  const said: string[] = []
  const init = { threads: 2, file, log: (line: string): void => void said.push(line) }
  const options = { agents: 2, steps: 1, arbiters: 0, attackers: 0 }
  const jobs = [1, 2].map((seed) => ({ scenario: 'marketplace', seed, options }))
  const first = await runAll(jobs, init)
  expect(first.map(({ seed }) => seed)).toEqual([1, 2])
  const written = readFileSync(file, 'utf8')
  const again = await runAll(jobs, init)
  expect(again.map(({ hash }) => hash)).toEqual(first.map(({ hash }) => hash))
  expect(readFileSync(file, 'utf8')).toBe(written)
  expect(said.at(-1)).toBe('2 of 2 runs were finished before')
})

it('a run that cannot be played says which', async () => {
  const jobs = [{ scenario: 'marketplace', seed: 1, options: { agents: 1 } }]
  const playing = runAll(jobs, { threads: 1, file: undefined, log: () => undefined })
  await expect(playing).rejects.toThrow('marketplace, seed 1')
})
