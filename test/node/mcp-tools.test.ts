import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { IntentPlan } from '../../src/core/firewall/intent-plan.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { makeFolder, removeFolders, startNode } from './start-node.ts'

afterEach(removeFolders)

const FIXTURE = fileURLToPath(new URL('../mcp/fixture-server.ts', import.meta.url))
const NOTES = { command: process.execPath, args: [FIXTURE], tools: ['echo', 'pid', 'fails'] }

const ASK = { id: 'ask', kind: 'user', locator: 'request', confidentiality: 'internal', integrity: 'trusted' } as const

function planOf(tool: string, sink: IntentPlan['sinks'][number]): IntentPlan {
  return {
    proposedBy: 'agent',
    writtenAfter: [],
    sources: [ASK],
    sinks: [{ id: 'tool', kind: 'tool', locator: tool }, sink],
    steps: [
      { id: 'call', action: 'Look it up.', uses: ['ask'], sink: 'tool' },
      { id: 'answer', action: 'Say it.', uses: ['call'], sink: sink.id },
    ],
  }
}

const REPLY = { id: 'out', kind: 'reply', locator: 'chat' } as const
const SCRIPT = { id: 'script', kind: 'execute', locator: 'sandbox/script' } as const

async function outcomeOf(node: KernellNode, plan: IntentPlan): Promise<string> {
  return await node.carryOutPlan({ plan, texts: { request: 'print(6 * 7)' } }).then(
    ({ output }) => output,
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

describe('the tools of other programs in plans', { timeout: 60_000 }, () => {
  it('are called as far as the operator allows, and what they say gives no orders', async () => {
    await using node = await startNode(makeFolder(), { mcp: { servers: { notes: NOTES } } })
    expect(await outcomeOf(node, planOf('mcp/notes/echo', REPLY))).toBe('print(6 * 7)')
    expect(await outcomeOf(node, planOf('mcp/notes/echo', SCRIPT))).toBe('FIREWALL_UNTRUSTED_EXECUTION')
    expect(await outcomeOf(node, planOf('mcp/notes/hidden', REPLY))).toBe('MCP_TOOL_REFUSED')
    expect(await outcomeOf(node, planOf('mcp/notes/fails', REPLY))).toBe('REQUEST_INVALID')
    expect(await outcomeOf(node, planOf('mcp/other/echo', REPLY))).toBe('FIREWALL_SINK_UNDECLARED')
  })

  it('end with the node', async () => {
    const node = await startNode(makeFolder(), { mcp: { servers: { notes: NOTES } } })
    const { text: pid } = await node.toolServers.openTask().call({ server: 'notes', tool: 'pid' }, {})
    await node.close()
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  it.each<[string, NonNullable<NonNullable<ConfigDocument['mcp']>['servers']>[string]]>([
    ['neither a program nor an address', { tools: [] }],
    ['both', { command: 'a', url: 'https://a.example', tools: [] }],
    ['an address with a password', { url: 'https://me:secret@a.example/mcp', tools: [] }],
    ['an address without encryption beyond this machine', { url: 'http://a.example/mcp', tools: [] }],
    ['a key for a program', { command: 'a', apiKeyEnv: 'KEY', tools: [] }],
  ])('are refused in a configuration with %s', async (_what, server) => {
    await expect(startNode(makeFolder(), { mcp: { servers: { notes: server } } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.not.stringContaining('secret') as string,
    })
  })
})
