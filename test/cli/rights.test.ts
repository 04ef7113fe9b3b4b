import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { createNode } from '../../src/node/create-node.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-cli-'))
  folders.push(folder)
  writeFileSync(join(folder, 'kernell.json'), '{"discover": false, "providers": {}}', { mode: 0o600 })
  return folder
}

/** Runs a command line in this process on a node of its own. */
async function run(folder: string, ...words: string[]): Promise<{ exitCode: number; json: unknown; text: string }> {
  let output = ''
  let errors = ''
  const environment = {
    KERNELL_DATA_DIR: join(folder, 'data'),
    KERNELL_CONFIG: join(folder, 'kernell.json'),
    AWAY_KEY: `sk-${'aB3dE5'.repeat(6)}`,
  }
  const exitCode = await runCommandLine(words, {
    terminal: createTerminal({
      output: { write: (text) => (output += text) },
      errors: { write: (text) => (errors += text) },
      environment,
    }),
    environment,
    workingDir: folder,
    signal: new AbortController().signal,
    version: '0.0.0',
    createNode: async (config) => await createNode({ config, environment }),
    readStandardInput: async () => await Promise.resolve(new Uint8Array()),
  })
  return { exitCode, json: output.startsWith('{') ? JSON.parse(output) : undefined, text: output + errors }
}

describe('a failure', () => {
  it('is told without the secrets of the configuration and the environment', async () => {
    const folder = makeFolder()
    const baseUrl = 'http://jane:s3cretWord@127.0.0.1:1/v1'
    const providers = { away: { kind: 'openai', baseUrl, apiKeyEnv: 'AWAY_KEY', models: ['m-1'] } }
    const models = { 'away/m-1': { tier: 'cheap_api' } }
    writeFileSync(join(folder, 'kernell.json'), JSON.stringify({ discover: false, providers, models }))
    for (const words of [
      ['route', 'Write a line about password=hunter2horse', '--allow', 'away'],
      ['route', 'Write a line about password=hunter2horse', '--model', 'away/m-1', '--json'],
      ['models', 'list', '--json'],
      ['route', '--password=hunter2horse'],
    ]) {
      const { text } = await run(folder, ...words)
      expect(text).not.toMatch(/s3cretWord|hunter2horse|sk-aB3dE5/)
    }
  })
})

describe('stop-all', () => {
  it('lasts over restarts until it is released, and is in the audit journal', async () => {
    const folder = makeFolder()
    expect((await run(folder, 'stop-all', '--show')).text).toContain('Work goes on')
    expect(await run(folder, 'stop-all', '--reason', 'runaway agent', '--json')).toMatchObject({
      exitCode: 0,
      json: { effect: 'stopped', reason: 'runaway agent' },
    })
    const refused = await run(folder, 'route', 'What is 2 + 2?')
    expect([refused.exitCode, refused.text]).toEqual([3, expect.stringContaining('Everything is stopped')])
    expect((await run(folder, 'stop-all', '--show')).text).toContain('runaway agent')
    expect(await run(folder, 'stop-all', '--release', '--json')).toMatchObject({ json: { effect: 'released' } })
    expect((await run(folder, 'route', 'What is 2 + 2?')).exitCode).toBe(0)
    expect(await run(folder, 'audit', 'list', '--json')).toMatchObject({
      json: { entries: [{ event: { type: 'stopped' } }, { event: { type: 'released' } }], dropped: 0 },
    })
    const verified = await run(folder, 'audit', 'verify', '--json')
    expect(verified).toMatchObject({ exitCode: 0, json: { ok: true, entries: 2 } })
    const { head } = verified.json as { head: { index: number; hash: string } }
    expect((await run(folder, 'audit', 'verify', '--head', `${head.index}:${head.hash}`)).exitCode).toBe(0)
    expect((await run(folder, 'audit', 'verify', '--head', `0:${head.hash}`)).exitCode).toBe(1)
    expect((await run(folder, 'audit', 'verify', '--head', 'nonsense')).exitCode).toBe(2)
    expect((await run(folder, 'audit', 'list')).text).toContain('runaway agent')
  })

  it('counts where the file lies there, whatever it holds', async () => {
    const folder = makeFolder()
    expect((await run(folder, 'stop-all', '--show')).exitCode).toBe(0)
    writeFileSync(join(folder, 'data', 'stopped.json'), 'nonsense', { mode: 0o600 })
    expect((await run(folder, 'route', 'What is 2 + 2?')).exitCode).toBe(3)
    expect((await run(folder, 'stop-all', '--release')).exitCode).toBe(0)
    expect(existsSync(join(folder, 'data', 'stopped.json'))).toBe(false)
  })
})
