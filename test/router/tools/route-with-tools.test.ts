import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { DEFAULT_TENANT } from '../../../src/base/identifiers.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { type FirewallPolicy, withDefaults } from '../../../src/core/firewall/firewall-policy.ts'
import { firewallOf } from '../../../src/node/firewall/open-firewall.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { ToolCall } from '../../../src/ports/language-model.ts'
import type { RouteRequest } from '../../../src/ports/router.ts'
import type { OfferedTool, TaskTools, ToolArguments } from '../../../src/ports/tool-servers.ts'
import { routeWithTools, type ToolTaskComponents } from '../../../src/router/tools/route-with-tools.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { ANSWER, resultOf, taskIdOf } from '../../gateway/scripted-node.ts'

const offer = (server: string, tool: string): OfferedTool => ({
  server,
  tool,
  description: `Does ${tool}`,
  inputSchema: { type: 'object' },
})

const POLICY: FirewallPolicy = {
  sources: [
    { kind: 'tool', prefix: 'mcp/pages/', confidentiality: 'internal', integrity: 'untrusted' },
    { kind: 'tool', prefix: 'mcp/vault/', confidentiality: 'private', integrity: 'untrusted' },
  ],
  sinks: ['pages', 'vault'].map((name) => ({
    kind: 'tool',
    prefix: `mcp/${name}/`,
    isExternal: true,
    clearance: 'internal',
  })),
}

type Played = ToolTaskComponents & { readonly requests: RouteRequest[]; readonly called: string[] }

/** A router whose models answer with these calls, one list after the other, and then with a text; tools that say what they were given. */
async function play(rounds: readonly (readonly string[])[], calls: Partial<TaskTools> = {}): Promise<Played> {
  const requests: RouteRequest[] = []
  const called: string[] = []
  const open = firewallOf({
    store: createMemoryKeyValueStore(),
    clock: createSystemClock(),
    random: createSystemRandom(),
    secret: new Uint8Array(32),
    policy: withDefaults(POLICY),
  })
  return {
    requests,
    called,
    router: {
      route: async (request) => {
        const names = rounds[requests.length] ?? []
        requests.push(request)
        const toolCalls = names.map((name, index): ToolCall => ({ id: `c${index}`, name, arguments: '{"q":1}' }))
        const answer = { ...ANSWER, text: names.length === 0 ? 'Done' : '', toolCalls }
        return await Promise.resolve(resultOf(taskIdOf(request), { answer, costNanos: amountFromNanos(100n) }))
      },
    },
    tools: {
      list: async () => await Promise.resolve([offer('pages', 'search'), offer('vault', 'read')]),
      call: async ({ server, tool }, args: ToolArguments) => {
        called.push(`${server}/${tool}`)
        return await Promise.resolve({ text: `${tool} of ${JSON.stringify(args)}`, isError: tool === 'fails' })
      },
      ...calls,
    },
    firewall: await open(),
  }
}

const REQUEST: RouteRequest = {
  caller: { tenant: DEFAULT_TENANT },
  target: { kind: 'auto' },
  request: { messages: [{ role: 'user', content: 'What is new?' }] },
  controls: { maxCostNanos: amountFromNanos(250n) },
}

const toolTexts = ({ requests }: Played): readonly string[] =>
  (requests.at(-1)?.request.messages ?? []).flatMap((message) => (message.role === 'tool' ? [message.content] : []))

describe('a task whose models may call tools', () => {
  it('is answered by what they say, within one cap', async () => {
    const played = await play([['pages__search'], ['pages__search']])
    const { result, costNanos, calls } = await routeWithTools(played, REQUEST)
    expect([result.answer.text, costNanos, calls.map(({ outcome }) => outcome)]).toEqual([
      'Done',
      300n,
      ['answered', 'answered'],
    ])
    expect(played.requests.map(({ controls }) => controls.maxCostNanos)).toEqual([250n, 150n, 50n])
    expect(played.requests[0]?.request.tools?.map(({ name }) => name)).toEqual(['pages__search', 'vault__read'])
    expect(toolTexts(played)).toEqual(['search of "{\\"q\\":1}"', 'search of "{\\"q\\":1}"'])
  })

  it('carries nothing private to the next tool on the word of the last', async () => {
    const played = await play([['vault__read'], ['pages__search']])
    const { calls } = await routeWithTools(played, REQUEST)
    expect(calls.map(({ outcome }) => outcome)).toEqual(['answered', 'FIREWALL_EXFILTRATION'])
    expect(played.called).toEqual(['vault/read'])
    expect(toolTexts(played).at(-1)).toBe('[not called: FIREWALL_EXFILTRATION]')
  })

  it('is told what is in the way, and goes on', async () => {
    const refusing = async (): Promise<never> =>
      await Promise.reject(new CodedError('MCP_SERVER_TIMEOUT', { message: 'pages did not answer in time' }))
    const played = await play([['pages__search', 'pages__other']], { call: refusing })
    const { result, calls } = await routeWithTools(played, REQUEST)
    expect([result.answer.text, calls.map(({ outcome }) => outcome)]).toEqual(['Done', ['MCP_SERVER_TIMEOUT']])
    expect(toolTexts(played)).toEqual(['[not called: MCP_SERVER_TIMEOUT]', '[not called: there is no such tool]'])
  })

  it('has an end: the last answer has no tools, and one answer calls no more than eight', async () => {
    const again = Array.from({ length: 10 }, () => 'pages__search')
    const played = await play([again, again, again])
    const { calls } = await routeWithTools(played, REQUEST, { roundsMax: 2 })
    expect([played.requests.length, calls.length, played.requests.at(-1)?.request.tools]).toEqual([3, 16, undefined])
  })

  it('knows tools apart whose names are one where they are cut or have other characters', async () => {
    const long = 'x'.repeat(80)
    const tools = [offer('pages', `${long}1`), offer('pages', `${long}2`), offer('pages', 'a b'), offer('pages', 'a.b')]
    const second = `pages__${'x'.repeat(55)}_2`
    const played = await play([[second, 'pages__a_b_2']], { list: async () => await Promise.resolve(tools) })
    await routeWithTools(played, REQUEST)
    const names = (played.requests[0]?.request.tools ?? []).map(({ name }) => name)
    expect(names).toEqual([`pages__${'x'.repeat(57)}`, second, 'pages__a_b', 'pages__a_b_2'])
    expect(played.called).toEqual([`pages/${long}2`, 'pages/a.b'])
  })

  it('ends when its caller leaves, and is refused with tools of its own', async () => {
    const leaving = new AbortController()
    const hanging = async (): Promise<never> => {
      leaving.abort(new CodedError('REQUEST_ABORTED', { message: 'gone' }))
      return await Promise.reject(new CodedError('MCP_SERVER_UNAVAILABLE', { message: 'broken off' }))
    }
    const played = await play([['pages__search']], { call: hanging })
    await expect(routeWithTools(played, REQUEST, { signal: leaving.signal })).rejects.toMatchObject({
      code: 'REQUEST_ABORTED',
    })
    const own = { ...REQUEST, request: { ...REQUEST.request, tools: [{ name: 'mine' }] } }
    await expect(routeWithTools(played, own)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })
})
