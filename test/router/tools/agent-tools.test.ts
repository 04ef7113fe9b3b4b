import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { unknownLabel } from '../../../src/core/firewall/taint-label.ts'
import type { AgentPeerAnswer, AgentPeers, AgentPeerTask } from '../../../src/ports/agent-peers.ts'
import { createAgentTools } from '../../../src/router/tools/agent-tools.ts'
import { createToolServers } from '../../../src/mcp/create-tool-servers.ts'
import { NO_WAY_OUT } from '../../fixtures/no-way-out.ts'
import { fileURLToPath } from 'node:url'
import { TOOL_SERVER_LIMITS } from '../../../src/mcp/tool-server-init.ts'

const FIXTURE = fileURLToPath(new URL('../../mcp/fixture-server.ts', import.meta.url))
const SERVERS = createToolServers({ outbound: NO_WAY_OUT, environment: {}, version: '0' }, [
  {
    name: 'notes',
    place: { kind: 'process', command: process.execPath, args: [FIXTURE], environment: [] },
    tools: ['echo', 'pid', 'fails'],
    agents: { narrow: ['echo'] },
    limits: TOOL_SERVER_LIMITS,
  },
])

type Asked = { readonly peer: string; readonly task: AgentPeerTask }

function playPeers(answer: Partial<AgentPeerAnswer> = {}): AgentPeers & { readonly asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    names: ['translator', 'silent'],
    async card(peer) {
      if (peer === 'silent') throw new CodedError('OUTBOUND_UNREACHABLE', { message: 'gone' })
      const skill = { name: 'A skill', description: 'Does it', tags: [] }
      return await Promise.resolve({
        peer,
        name: 'T',
        description: '',
        version: '1',
        bindings: [],
        isStreaming: false,
        trust: 'pinned' as const,
        skills: [
          { ...skill, id: 'translate', isAllowed: true },
          { ...skill, id: 'correct', isAllowed: true },
          { ...skill, id: 'delete', isAllowed: false },
        ],
      })
    },
    async call(peer, task) {
      asked.push({ peer, task })
      const label = unknownLabel('a2a:x')
      return await Promise.resolve({ peer, state: 'completed', text: 'Guten Tag', label, ...answer } as const)
    },
  }
}

const open = (tools: readonly string[], { agent, peers = playPeers() }: { agent?: string; peers?: AgentPeers } = {}) =>
  createAgentTools({ servers: SERVERS, peers }, { tools, ...(agent !== undefined && { agent }) })

const codeOf = async (work: () => unknown): Promise<unknown> =>
  await (async () => await work())().then(
    () => 'none',
    (error: unknown) => (CodedError.is(error) ? error.code : error),
  )
const namesOf = (offered: readonly { readonly server: string; readonly tool: string }[]): readonly string[] =>
  offered.map(({ server, tool }) => `${server}/${tool}`)

describe('the tools of an agent', { timeout: 60_000 }, () => {
  it('are those that it names and that are allowed, of servers and of agents', async () => {
    const task = open(['notes/echo', 'a2a:translator/translate', 'a2a:silent']).openTask()
    expect(namesOf(await task.list())).toEqual(['notes/echo', 'a2a:translator/translate'])
    expect(namesOf(await open(['notes']).openTask().list())).toEqual(['notes/echo', 'notes/pid', 'notes/fails'])
    expect(namesOf(await open(['notes'], { agent: 'narrow' }).openTask().list())).toEqual(['notes/echo'])
    expect(namesOf(await open(['a2a:translator']).openTask().list())).toEqual([
      'a2a:translator/translate',
      'a2a:translator/correct',
    ])
    expect(open(['notes', 'a2a:translator/translate']).places).toEqual([
      { kind: 'tool', locator: 'mcp/notes/' },
      { kind: 'tool', locator: 'a2a/translator/translate' },
    ])
  })

  it.each<[string, readonly string[], string, string?]>([
    ['a server that there is not', ['other/echo'], 'MCP_SERVER_UNKNOWN'],
    ['a tool that nobody may call', ['notes/hidden'], 'MCP_TOOL_REFUSED'],
    ['a tool that others may call', ['notes/pid'], 'MCP_TOOL_REFUSED', 'narrow'],
    ['an agent that there is not', ['a2a:nobody'], 'A2A_PEER_UNKNOWN'],
    ['nothing', [], 'REQUEST_INVALID'],
    ['what is no name', ['a b'], 'REQUEST_INVALID'],
    ['a name with a prefix that there is not', ['web:page'], 'REQUEST_INVALID'],
    ['too many', Array.from({ length: 65 }, () => 'notes'), 'REQUEST_INVALID'],
  ])('are refused at once for %s', async (_what, names, code, agent) => {
    expect(await codeOf(() => open(names, agent === undefined ? {} : { agent }))).toBe(code)
  })

  it('do not come with others, whoever asks for those', async () => {
    const peers = playPeers()
    const task = open(['notes/echo', 'a2a:translator/translate'], { peers }).openTask()
    expect((await task.call({ server: 'notes', tool: 'echo' }, { text: 'Hi' })).text).toBe('Hi')
    expect(await codeOf(() => task.call({ server: 'notes', tool: 'pid' }, {}))).toBe('MCP_TOOL_REFUSED')
    expect(await codeOf(() => task.call({ server: 'a2a:translator', tool: 'correct' }, 'x'))).toBe('A2A_SKILL_REFUSED')
    expect(await codeOf(() => task.call({ server: 'a2a:silent', tool: 'translate' }, 'x'))).toBe('A2A_SKILL_REFUSED')
    const none = open(['a2a:translator'], { peers }).openTask()
    expect(await codeOf(() => none.call({ server: 'notes', tool: 'echo' }, { text: 'Hi' }))).toBe('MCP_TOOL_REFUSED')
    expect(peers.asked).toEqual([])
  })

  it('hand a text to an agent, with the conversation, and nothing else', async () => {
    const peers = playPeers()
    const task = open(['a2a:translator'], { peers }).openTask()
    const tool = { server: 'a2a:translator', tool: 'translate' }
    expect(await task.call(tool, '{"text":"Good day","contextId":"c"}')).toEqual({ text: 'Guten Tag', isError: false })
    await task.call(tool, 'Good day')
    expect(peers.asked.map(({ task: asked }) => asked)).toEqual([
      { text: 'Good day', skill: 'translate', contextId: 'c' },
      { text: 'Good day', skill: 'translate' },
    ])
    for (const wrong of ['{"text":""}', '{}', '{"text":"a","skill":"delete"}', '{"text":1}'])
      expect(await codeOf(() => task.call(tool, wrong))).toBe('REQUEST_INVALID')
  })

  it('say how a task of an agent has ended that is not done', async () => {
    const asking = playPeers({ state: 'input-required', text: 'Which?', taskId: 't', contextId: 'c' })
    const tool = { server: 'a2a:translator', tool: 'translate' }
    expect(await open(['a2a:translator'], { peers: asking }).openTask().call(tool, 'x')).toEqual({
      text: '[input-required contextId=c taskId=t] Which?',
      isError: false,
    })
    const failing = playPeers({ state: 'failed', text: 'no', taskId: 't' })
    expect(await open(['a2a:translator'], { peers: failing }).openTask().call(tool, 'x')).toEqual({
      text: '[failed] no',
      isError: true,
    })
  })

  it('are called so often and no more, in each task for itself', async () => {
    const tools = open(['a2a:translator'])
    const task = tools.openTask()
    const tool = { server: 'a2a:translator', tool: 'translate' }
    for (let call = 0; call < 16; call += 1) await task.call(tool, 'x')
    expect(await codeOf(() => task.call(tool, 'x'))).toBe('MCP_CALLS_SPENT')
    expect(await codeOf(() => tools.openTask().call(tool, 'x'))).toBe('none')
  })
})
