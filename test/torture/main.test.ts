import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MAIN = resolve(import.meta.dirname, 'main.ts')
const run = promisify(execFile)

test('every label of a report is apart from its value', { timeout: 120_000 }, async () => {
  const { stdout } = await run(process.execPath, [MAIN, 'signatures', '--runs', '1'])
  const lines = stdout.trimEnd().split('\n').slice(1)
  expect(lines.some((line) => line.includes('A and R with parts of small order'))).toBe(true)
  for (const line of lines) expect(line).toMatch(/^ {2}\S.*? {2,}\S+$/)
})

test('a torture that is long at one thing says that it is still at it', { timeout: 60_000 }, async () => {
  const heartbeat = resolve(import.meta.dirname, 'heartbeat.ts')
  const busy = `const { Heartbeat } = await import(${JSON.stringify(heartbeat)}); new Heartbeat('busy', 1000); for (;;);`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', busy])
  const [said] = (await once(child.stderr, 'data')) as [Buffer]
  child.kill('SIGKILL')
  expect(said.toString()).toMatch(/^busy: at work for \d+ s\n/)
})
