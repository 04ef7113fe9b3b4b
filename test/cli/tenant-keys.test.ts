import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { createNode } from '../../src/node/create-node.ts'
import { announceRunningNode, withdrawRunningNode } from '../../src/node/running-node.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../gateway/real-node.ts'

const SECRET = 'The merger with Initech closes on Friday.'
const PROMPT = 'When does our merger close?'
const keys = ['acme', 'other'].map((tenant) => ({
  id: tenant,
  tenant,
  sha256: createHash('sha256').update(`sk-${tenant}`).digest('hex'),
}))

describe('whoever has a key of one tenant, and not the token of the node', () => {
  it('does with the command line what that key may do, and nothing of another tenant or of the operator', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: SECRET } })
    const tiers = tiersAt({ cheap: upstream.baseUrl })
    await using gateway = await startRealGateway({ ...tiers, keys, telemetry: { consent: true } })
    const { dataDir } = gateway.node.config
    announceRunningNode(dataDir, gateway.url)
    const run = async (tenant: string, ...words: readonly string[]): Promise<string> => {
      let told = ''
      const write = (text: string): void => void (told += text)
      const environment = { KERNELL_DATA_DIR: dataDir, KERNELL_API_KEY: `sk-${tenant}`, XDG_CONFIG_HOME: dataDir }
      const exitCode = await runCommandLine([...words, '--json'], {
        terminal: createTerminal({ output: { write }, errors: { write }, environment }),
        environment,
        workingDir: dataDir,
        signal: new AbortController().signal,
        version: '0.0.0',
        createNode: async (config) => await createNode({ config, environment }),
        readStandardInput: async () => await Promise.resolve(new Uint8Array()),
      })
      return `${exitCode} ${told}`
    }
    const route = ['route', PROMPT, '--route', 'cheap']
    try {
      expect(await run('acme', ...route)).toContain(SECRET)
      upstream.respondWith({ kind: 'answer', text: 'I know of no merger.' })
      expect(await run('acme', ...route)).toContain(SECRET)
      expect(await run('other', ...route)).toContain('I know of no merger.')
      for (const words of [
        [...route, '--tenant', 'acme'],
        ['agent', 'run', 'summarizer', '--tenant', 'acme', '--input', '{"text":"x"}'],
        ['data', 'export', '--tenant', 'acme', '--output', 'records.jsonl'],
        ['data', 'purge', '--tenant', 'acme', '--yes'],
        ['stop-all'],
        ['audit', 'list'],
        ['grant', 'list'],
      ]) {
        const told = await run('other', ...words)
        expect(told, words.join(' ')).toContain('STORE_LOCKED')
        expect(told).not.toContain('Initech')
      }
      expect(gateway.node.rights.stop.current).toBeUndefined()
      const kept: unknown[] = []
      for await (const record of gateway.node.records.list({ tenant: keys[0]?.tenant ?? '' })) kept.push(record)
      expect(kept).toHaveLength(2)
    } finally {
      withdrawRunningNode(dataDir)
    }
  })
})
