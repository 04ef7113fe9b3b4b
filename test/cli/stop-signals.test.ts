import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { isLeftOut } from '../sandbox/runtimes-here.ts'
import { makeFolder, removeFolders, startBinary } from './run-binary.ts'

afterAll(removeFolders)

type Record = { readonly controlGroups: readonly string[] }

/** What is written down of runs below a folder for temporary files. */
function recordsIn(folder: string): readonly Record[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('record.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record)
}

it.skipIf(isLeftOut('subprocess')).each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s puts away what a program in a sandbox had, and ends the command with %i', async (signal, code) => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'policy.json'), JSON.stringify({ isolation: 't3', limits: { wallMs: 60_000 } }))
  const words = ['sandbox', 'run', '--policy', 'policy.json', '--runtime', 'subprocess', '--', '/bin/sleep', '1000']
  const running = startBinary(words, { folder, environment: { TMPDIR: folder } })
  // The first record names no groups when it is the probe's: that one is over before the program's.
  await expect
    .poll(() => readdirSync(folder, { recursive: true }).map(String), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/run-2\/record\.json$/))
  const groups = recordsIn(folder).flatMap(({ controlGroups }) => controlGroups)
  running.child.kill(signal)
  expect((await running.ended).code).toBe(code)
  expect(recordsIn(folder)).toEqual([])
  for (const group of groups) expect(() => readdirSync(group)).toThrow()
})
