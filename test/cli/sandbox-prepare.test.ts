import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLeftOutFor, whyNoGuest } from '../sandbox/guest/guest-image.ts'
import { type InProcessRun, runInProcess } from './run-in-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-cli-'))
  const sandbox = { directory: './sandbox', containerSocket: './none.sock' }
  await writeFile(join(folder, 'config.json'), JSON.stringify({ sandbox }))
})

afterEach(async () => await rm(folder, { recursive: true, force: true }))

async function run(...words: readonly string[]): Promise<InProcessRun> {
  return await runInProcess(['sandbox', 'prepare', '--config', 'config.json', ...words], { workingDir: folder })
}

describe('kernell sandbox prepare', () => {
  it.each([
    [['--kernel', 'a', '--package', 'b'], 'not both'],
    [['--only', 'everything'], '--only must be one of'],
  ])('refuses %j and says what is wrong', async (words, message) => {
    const { exitCode, errors } = await run(...words)
    expect(exitCode).toBe(2)
    expect(errors).toContain(message)
  })
})

describe.skipIf(isLeftOutFor('docker', whyNoGuest()))('kernell sandbox prepare', { timeout: 30_000 }, () => {
  it('fails with the part that is missing and how it is had, and keeps what it made', async () => {
    const { exitCode, json } = await run('--json', '--only', 'container')
    expect(exitCode).toBe(1)
    expect(json()).toMatchObject({
      error: {
        code: 'SANDBOX_PART_MISSING',
        message: `container: no engine of containers answers on ${join(folder, 'none.sock')}`,
        details: {
          remedy: expect.stringContaining('Start Docker'),
          parts: [
            { part: 'supervisor', made: true, detail: join(folder, 'sandbox', 'supervisor') },
            { part: 'container', made: false },
          ],
        },
      },
    })
  })
})
