import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, describe, expect, it } from 'vitest'
import { COMMAND } from '../build/build-package.ts'
import { codeOf, ERAS, NEWEST_REVISION, type Era } from '../gateway/mcp/mcp-client.ts'
import { makeFolder, removeFolders, runBinary, startBinary } from './run-binary.ts'

afterEach(removeFolders)

const FIXTURE = fileURLToPath(new URL('../mcp/fixture-server.ts', import.meta.url))

type Desk = AsyncDisposable & { readonly client: Client; readonly transport: StdioClientTransport }

/** The official client, which starts the command as desktop programs do. */
async function startDesk(
  folder: string,
  {
    era,
    words = [],
    environment = {},
  }: { readonly era: Era; readonly words?: readonly string[]; readonly environment?: Readonly<Record<string, string>> },
): Promise<Desk> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [COMMAND, 'mcp', ...words],
    cwd: folder,
    env: {
      KERNELL_DISCOVER: 'false',
      KERNELL_DATA_DIR: join(folder, 'data'),
      XDG_CONFIG_HOME: folder,
      HOME: folder,
      ...environment,
    },
    stderr: 'ignore',
  })
  const client = new Client(
    { name: 'desk', version: '1' },
    era === 'modern' ? { versionNegotiation: { mode: { pin: NEWEST_REVISION } } } : {},
  )
  await client.connect(transport)
  return { client, transport, [Symbol.asyncDispose]: async () => await client.close() }
}

const EXACT = { name: 'route', arguments: { prompt: '17 * 23' } }

describe.each(ERAS)('`kernell mcp`, for a desktop client of the %s revision', { timeout: 60_000 }, (era) => {
  it('serves a member on a node of its own, and ends when the client leaves', async () => {
    const folder = makeFolder()
    {
      await using desk = await startDesk(folder, { era })
      const { tools } = await desk.client.listTools()
      const names = tools.map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining(['route', 'estimate', 'memory_recall', 'agent_planner']))
      expect(names).not.toContain('market_buy')
      const answer = await desk.client.callTool(EXACT)
      expect(answer.structuredContent).toMatchObject({ tier: 'deterministic', cost_usd: 0 })
      const failed = await desk.client.callTool({ name: 'route', arguments: { prompt: 'Write a poem.' } })
      expect(codeOf(failed)).toBe('ROUTER_NO_MODEL')
      const heard = await desk.client.callTool({ name: 'agent_echo', arguments: { payload: { any: 'thing' } } })
      expect(heard.structuredContent).toMatchObject({ payload: { any: 'thing' } })
    }
    // The directory is free again: the command has closed its node.
    await using again = await startDesk(folder, { era, words: ['--role', 'viewer'] })
    expect((await again.client.listTools()).tools).toEqual([])
  })

  it('goes on to the node that serves, with the key that it is given', async () => {
    const folder = makeFolder()
    writeFileSync(
      join(folder, 'kernell.jsonc'),
      JSON.stringify({ keys: [{ id: 'desk', keyEnv: 'DESK_KEY', role: 'operator' }], server: { port: 0 } }),
    )
    const environment = { DESK_KEY: 'sk-desk-0123456789abcdef' }
    const serving = startBinary(['serve', '--json', '--config', 'kernell.jsonc'], { folder, environment })
    try {
      await serving.untilOutput(/"ready"/)
      const words = ['--config', 'kernell.jsonc']
      await using desk = await startDesk(folder, {
        era,
        words,
        environment: { ...environment, KERNELL_API_KEY: environment.DESK_KEY },
      })
      const { tools } = await desk.client.listTools()
      expect(tools.map(({ name }) => name)).toContain('market_offers')
      expect(tools.map(({ name }) => name)).not.toContain('route')
      const refused = await desk.client.callTool({ name: 'market_offers', arguments: {} })
      expect(codeOf(refused)).toBe('MARKET_NOT_OPEN')
      await expect(startDesk(folder, { era, words, environment })).rejects.toThrow()
    } finally {
      serving.child.kill('SIGTERM')
      await serving.ended
    }
  })
})

describe('`kernell mcp servers`', { timeout: 60_000 }, () => {
  it('says who is there, what may be called, and what may not', async () => {
    const folder = makeFolder()
    const server = { command: process.execPath, args: [FIXTURE], tools: ['echo', 'pid'] }
    const missing = { command: '/nowhere/at-all', tools: ['any'] }
    const file = join(folder, 'kernell.jsonc')
    writeFileSync(file, JSON.stringify({ mcp: { servers: { notes: server } } }))
    const well = await runBinary(['mcp', 'servers', '--config', 'kernell.jsonc'], { folder })
    expect([well.code, well.output]).toEqual([0, expect.stringMatching(/notes .*fixture 1\.2\.3 .*echo, pid/)])
    writeFileSync(file, JSON.stringify({ mcp: { servers: { notes: server, missing } } }))
    const run = await runBinary(['mcp', 'servers', '--json', '--config', 'kernell.jsonc'], { folder })
    expect([run.code, JSON.parse(run.output)]).toMatchObject([
      1,
      {
        servers: [
          {
            server: 'notes',
            tools: [
              { name: 'echo', isOffered: true },
              { name: 'pid', isOffered: true },
            ],
          },
          { server: 'missing', failure: { code: 'MCP_SERVER_UNAVAILABLE' } },
        ],
      },
    ])
  })

  it('says that there are none', async () => {
    const { code, output } = await runBinary(['mcp', 'servers'])
    expect([code, output]).toEqual([0, expect.stringContaining('No servers are configured')])
  })
})
