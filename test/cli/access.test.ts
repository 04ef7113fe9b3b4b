import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { createNode } from '../../src/node/create-node.ts'
import { announceRunningNode } from '../../src/node/running-node.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'

type Run = { readonly exitCode: number; readonly output: string; readonly errors: string }

let folder: string

/** A command with a real node, which is opened where none serves. */
async function run(dataDir: string, ...words: readonly string[]): Promise<Run> {
  let [output, errors] = ['', '']
  const environment = { KERNELL_DATA_DIR: dataDir, XDG_CONFIG_HOME: folder }
  const exitCode = await runCommandLine(words, {
    terminal: createTerminal({
      output: { write: (piece) => (output += String(piece)), columns: 200 },
      errors: { write: (piece) => (errors += String(piece)) },
      environment,
    }),
    environment,
    workingDir: folder,
    signal: new AbortController().signal,
    version: '0.0.0',
    createNode: async (config, signal) => await createNode({ config, environment, signal }),
    readStandardInput: async () => await Promise.resolve(new Uint8Array()),
  })
  return { exitCode, output, errors }
}

async function json(dataDir: string, ...words: readonly string[]): Promise<Record<string, unknown>> {
  const { output } = await run(dataDir, ...words, '--json')
  return JSON.parse(output) as Record<string, unknown>
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-access-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('kernell access', () => {
  it('manages a data directory from which no node serves, and what it made is there again', async () => {
    const dataDir = join(folder, 'data')
    expect(
      (await run(dataDir, 'access', 'tenant', 'create', 'acme', '--budget', 'day=5', 'total=50.25', '--label', 'Acme'))
        .exitCode,
    ).toBe(0)
    expect(
      (await run(dataDir, 'access', 'team', 'create', 'search', '--tenant', 'acme', '--tier', 'cheap_api', 'cache'))
        .exitCode,
    ).toBe(0)
    const made = await run(dataDir, 'access', 'key', 'create', '--team', 'acme/search', '--requests-per-minute', '60')
    expect(made.output.trim()).toMatch(/^kos_[A-Za-z0-9_-]{43}$/)
    expect(made.errors).toContain('shown this once')
    const listed = await run(dataDir, 'access', 'key', 'list')
    expect([listed.output.includes('acme/search'), listed.output.includes(made.output.trim())]).toEqual([true, false])
    const { data } = (await json(dataDir, 'access', 'key', 'list')) as { data: { id: string }[] }
    const id = data[0]?.id ?? ''
    expect(await json(dataDir, 'access', 'key', 'rotate', id, '--grace-hours', '0')).toMatchObject({
      id,
      secrets: [{ valid_until: null }],
    })
    expect(await json(dataDir, 'access', 'key', 'revoke', id)).toMatchObject({ state: 'revoked' })
    expect(
      await json(dataDir, 'access', 'tenant', 'update', 'acme', '--clear', 'label', 'day', '--disable'),
    ).toMatchObject({
      label: null,
      is_disabled: true,
      budgets: [{ window: 'total', limit_usd: '50.25' }],
    })
    expect((await run(dataDir, 'access', 'budget', 'list')).output).toContain('50.25')
    expect((await run(dataDir, 'access', 'tenant', 'show', 'acme')).output).toContain('0 of 50.25 USD (total)')
    expect((await json(dataDir, 'audit', 'list'))['entries']).toMatchObject([
      { event: { type: 'access-changed', by: expect.stringContaining('command line') } },
      {},
      {},
      {},
      {},
      {},
    ])
  })

  it('says what is wrong, and what to do', async () => {
    const dataDir = join(folder, 'data')
    const wrong: readonly (readonly [readonly string[], number, string])[] = [
      [['access', 'tenant', 'show', 'nowhere'], 1, 'kernell access key list'],
      [['access', 'tenant', 'create'], 2, 'Name the new tenant'],
      [['access', 'tenant', 'create', 'a b'], 2, 'A-Z a-z 0-9'],
      [['access', 'tenant', 'update', 'default', '--label', 'x'], 3, 'configuration'],
      [['access', 'key', 'create'], 2, 'tenant'],
      [['access', 'tenant', 'create', 'a', '--budget', 'week=5'], 2, 'WINDOW=USD'],
      [['access', 'tenant', 'create', 'a', '--tier', 'gold'], 2, 'tiers must be'],
      [['access', 'tenant', 'update', 'a', '--clear', 'all'], 2, '--clear takes'],
      [['access', 'budget', 'show', 'node'], 2, 'tenant:acme day'],
      [['access', 'budget', 'update', 'node', 'day', '--limit', '5'], 1, 'There is no'],
      [['usage'], 1, 'telemetry.consent'],
      [['usage', '--format', 'xml'], 2, 'table, csv, json'],
    ]
    for (const [words, exitCode, text] of wrong) {
      const { exitCode: code, errors } = await run(dataDir, ...words)
      expect([words.join(' '), code, errors.includes(text), errors]).toEqual([words.join(' '), exitCode, true, errors])
    }
  })

  it('asks the node that serves, and what it changes holds for its next request', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'Nothing.' } })
    await using gateway = await startRealGateway(
      { ...tiersAt({ cheap: upstream.baseUrl }), telemetry: { consent: true } },
      { controlToken: 'a control token' },
    )
    const { dataDir } = gateway.node.config
    announceRunningNode(dataDir, gateway.url, 'a control token')
    await run(dataDir, 'access', 'tenant', 'create', 'acme')
    const key = (await run(dataDir, 'access', 'key', 'create', '--tenant', 'acme')).output.trim()
    const ask = async (): Promise<number> => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content: 'What is new?' }] }),
      })
      await response.text()
      return response.status
    }
    expect(await ask()).toBe(200)
    const { data } = (await json(dataDir, 'access', 'key', 'list', '--tenant', 'acme')) as { data: { id: string }[] }
    const usage = await run(dataDir, 'usage', '--by', 'tenant,key')
    expect([usage.output.includes('acme'), usage.output.includes(data[0]?.id ?? '?')]).toEqual([true, true])
    expect(usage.output).toMatch(/^sums go back to (\d{4}-\d\d-\d\dT\S+)\nrecords go back to \1$/m)
    expect((await run(dataDir, 'usage', '--by', 'kind', '--kind', 'embedding')).output).toContain('nothing was used')
    expect((await run(dataDir, 'usage', '--by', 'tenant', '--format', 'csv')).output).toMatch(
      /^tenant,requests,.*\r?\nacme,1,/,
    )
    expect((await json(dataDir, 'usage'))['data']).toMatchObject([{ requests: 1 }])
    await run(dataDir, 'access', 'key', 'revoke', data[0]?.id ?? '')
    expect(await ask()).toBe(401)
  })
})
