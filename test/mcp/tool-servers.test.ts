import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import { createToolServers } from '../../src/mcp/create-tool-servers.ts'
import type { ConnectionComponents } from '../../src/mcp/server-connection.ts'
import { TOOL_SERVER_LIMITS, type ToolServerInit } from '../../src/mcp/tool-server-init.ts'
import type { ToolServers } from '../../src/ports/tool-servers.ts'
import { NO_WAY_OUT } from '../fixtures/no-way-out.ts'
import { createScriptedNode, keyOf, startGateway } from '../gateway/scripted-node.ts'

const FIXTURE = fileURLToPath(new URL('fixture-server.ts', import.meta.url))

const ALL = [
  'echo',
  'fails',
  'environment',
  'pid',
  'dies',
  'large',
  'huge',
  'never',
  'picture',
  'asks',
  'promises',
  'endless',
  'gone',
]

function serverOf(init: Partial<ToolServerInit> & { readonly conduct?: string } = {}): ToolServerInit {
  const { conduct = 'well', ...rest } = init
  return {
    name: 'fixture',
    place: { kind: 'process', command: process.execPath, args: [FIXTURE, conduct], environment: ['GREETING'] },
    tools: ALL,
    agents: {},
    limits: { ...TOOL_SERVER_LIMITS, timeoutMs: 20_000 },
    ...rest,
  }
}

type Opened = ToolServers & AsyncDisposable

function open(servers: readonly ToolServerInit[], components: Partial<ConnectionComponents> = {}): Opened {
  const environment = { PATH: process.env['PATH'], GREETING: 'hello', SECRET: 'mine' }
  const opened = createToolServers({ outbound: NO_WAY_OUT, environment, version: '1', ...components }, servers)
  return Object.assign(opened, { [Symbol.asyncDispose]: async () => await opened.close() })
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'none',
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

describe('the tools of a program', () => {
  it('are called, with arguments as a document or as the one text that they take', async () => {
    await using servers = open([serverOf()])
    const task = servers.openTask()
    expect(await task.call({ server: 'fixture', tool: 'echo' }, { text: 'one' })).toEqual({
      text: 'one',
      isError: false,
    })
    expect(await task.call({ server: 'fixture', tool: 'echo' }, '{"text":"two"}')).toMatchObject({ text: 'two' })
    expect(await task.call({ server: 'fixture', tool: 'echo' }, 'three')).toMatchObject({ text: 'three' })
    expect(await task.call({ server: 'fixture', tool: 'fails' }, {})).toEqual({ text: 'no such page', isError: true })
    expect(await task.call({ server: 'fixture', tool: 'picture' }, {})).toMatchObject({
      text: '[image image/png, 4 letters of base64]',
    })
    expect(await codeOf(task.call({ server: 'fixture', tool: 'echo' }, { text: 1 }))).toBe('REQUEST_INVALID')
    expect(await codeOf(task.call({ server: 'fixture', tool: 'echo' }, { text: 'x', more: 1 }))).toBe('REQUEST_INVALID')
    expect(await codeOf(task.call({ server: 'fixture', tool: 'pid' }, 'what is it?'))).toBe('REQUEST_INVALID')
  })

  it('see of the environment what is named, and nothing else', async () => {
    await using servers = open([serverOf()])
    const { text } = await servers.openTask().call({ server: 'fixture', tool: 'environment' }, {})
    const usual = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']
    expect(text.split(' ').filter((name) => !usual.includes(name))).toEqual(['GREETING'])
  })

  it('are those that the operator has named, for all and for each agent', async () => {
    await using servers = open([serverOf({ tools: ['echo', 'pid', 'gone'], agents: { reader: ['echo', 'hidden'] } })])
    expect((await servers.openTask().list()).map(({ tool }) => tool)).toEqual(['echo', 'pid'])
    expect((await servers.openTask({ agent: 'reader' }).list()).map(({ tool }) => tool)).toEqual(['echo'])
    const calls = [
      await codeOf(servers.openTask().call({ server: 'fixture', tool: 'hidden' }, {})),
      await codeOf(servers.openTask({ agent: 'reader' }).call({ server: 'fixture', tool: 'hidden' }, {})),
      await codeOf(servers.openTask({ agent: 'reader' }).call({ server: 'fixture', tool: 'pid' }, {})),
      await codeOf(servers.openTask({ agent: 'other' }).call({ server: 'fixture', tool: 'pid' }, {})),
      await codeOf(servers.openTask().call({ server: 'elsewhere', tool: 'pid' }, {})),
      await codeOf(servers.openTask().call({ server: 'fixture', tool: 'gone' }, {})),
    ]
    expect(calls).toEqual([
      'MCP_TOOL_REFUSED',
      'MCP_TOOL_REFUSED',
      'MCP_TOOL_REFUSED',
      'none',
      'MCP_SERVER_UNKNOWN',
      'MCP_TOOL_UNKNOWN',
    ])
  })

  it('are called by one task as often as it may', async () => {
    await using servers = open([serverOf({ limits: { ...TOOL_SERVER_LIMITS, callsPerTask: 2 } })])
    const task = servers.openTask()
    const call = async (): Promise<string> => await codeOf(task.call({ server: 'fixture', tool: 'pid' }, {}))
    expect([await call(), await call(), await call()]).toEqual(['none', 'none', 'MCP_CALLS_SPENT'])
    expect(await codeOf(servers.openTask().call({ server: 'fixture', tool: 'pid' }, {}))).toBe('none')
  })

  it('may ask nothing of the node', async () => {
    await using servers = open([serverOf()])
    const { text } = await servers.openTask().call({ server: 'fixture', tool: 'asks' }, {})
    expect(text).toMatch(/^sampling: .*(does not support|Method not found)/i)
  })

  it('that die take nothing with them, and are begun again', async () => {
    await using servers = open([serverOf()])
    const task = servers.openTask()
    const { text: before } = await task.call({ server: 'fixture', tool: 'pid' }, {})
    expect(await codeOf(task.call({ server: 'fixture', tool: 'dies' }, {}))).toBe('MCP_SERVER_UNAVAILABLE')
    const { text: after } = await task.call({ server: 'fixture', tool: 'pid' }, {})
    expect(after).not.toBe(before)
  })

  it('that bring too much, or bring it too late, fail', async () => {
    await using servers = open([
      serverOf({ limits: { ...TOOL_SERVER_LIMITS, resultBytesMax: 4_000, timeoutMs: 20_000 } }),
    ])
    const task = servers.openTask()
    expect(await codeOf(task.call({ server: 'fixture', tool: 'large' }, {}))).toBe('MCP_RESULT_TOO_LARGE')
    // More than any message may have: the connection is given up.
    expect(await codeOf(task.call({ server: 'fixture', tool: 'huge' }, {}))).toBe('MCP_SERVER_UNAVAILABLE')
    expect(await codeOf(task.call({ server: 'fixture', tool: 'pid' }, {}))).toBe('none')
    await using hasty = open([serverOf({ limits: { ...TOOL_SERVER_LIMITS, timeoutMs: 1_500 } })])
    await hasty.openTask().list()
    expect(await codeOf(hasty.openTask().call({ server: 'fixture', tool: 'never' }, {}))).toBe('MCP_SERVER_TIMEOUT')
  })

  it('are left when their caller leaves', async () => {
    await using servers = open([serverOf()])
    await servers.openTask().list()
    const leaving = new AbortController()
    const call = servers.openTask().call({ server: 'fixture', tool: 'never' }, {}, { signal: leaving.signal })
    leaving.abort(new CodedError('REQUEST_ABORTED', { message: 'gone' }))
    expect(await codeOf(call)).toBe('REQUEST_ABORTED')
    expect(await codeOf(servers.openTask().call({ server: 'fixture', tool: 'pid' }, {}))).toBe('none')
  })

  it('that lie about their results fail, and take no time with a schema of theirs', async () => {
    await using servers = open([serverOf({ conduct: 'lies' })])
    const task = servers.openTask()
    expect(await codeOf(task.call({ server: 'fixture', tool: 'promises' }, {}))).toBe('MCP_SERVER_MISBEHAVED')
    // The pattern of its schema would take longer than anybody waits.
    expect(await codeOf(task.call({ server: 'fixture', tool: 'endless' }, {}))).toBe('none')
  })

  it.each([
    ['garbage', 'MCP_SERVER_TIMEOUT'],
    ['silent', 'MCP_SERVER_TIMEOUT'],
    ['leaves', 'MCP_SERVER_UNAVAILABLE'],
  ])('of a program that speaks %s: %s', async (conduct, code) => {
    await using servers = open([
      serverOf({ conduct, limits: { ...TOOL_SERVER_LIMITS, timeoutMs: conduct === 'leaves' ? 20_000 : 800 } }),
    ])
    expect(await codeOf(servers.openTask().call({ server: 'fixture', tool: 'pid' }, {}))).toBe(code)
    expect(await servers.openTask().list()).toEqual([])
    expect(await servers.inspect()).toMatchObject([{ failure: { code }, tools: expect.any(Array) as unknown }])
  })

  it('of a program that is not there', async () => {
    const place = { kind: 'process', command: '/nowhere/at-all', args: [], environment: [] } as const
    await using servers = open([serverOf({ place })])
    expect(await codeOf(servers.openTask().call({ server: 'fixture', tool: 'pid' }, {}))).toBe('MCP_SERVER_UNAVAILABLE')
  })

  it('end with the node', async () => {
    const servers = open([serverOf()])
    const { text: pid } = await servers.openTask().call({ server: 'fixture', tool: 'pid' }, {})
    await servers.close()
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
    expect(await codeOf(servers.openTask().call({ server: 'fixture', tool: 'pid' }, {}))).toBe('MCP_SERVER_UNAVAILABLE')
    await servers.close()
  })

  it('are reported with what may be called and what may not', async () => {
    await using servers = open([serverOf({ tools: ['echo', 'gone'] })])
    expect(await servers.inspect()).toEqual([
      {
        server: 'fixture',
        place: process.execPath,
        says: 'fixture 1.2.3',
        tools: [
          { name: 'echo', isOffered: true },
          { name: 'gone', isOffered: false },
        ],
        others: expect.arrayContaining(['hidden', 'pid']) as unknown,
      },
    ])
  })
})

describe('the tools at an address', () => {
  const at = (url: string, more: Partial<ToolServerInit> = {}): ToolServerInit =>
    serverOf({
      name: 'there',
      place: { kind: 'address', url: `${url}/mcp`, apiKeyEnv: 'THEIR_KEY' },
      tools: ['route'],
      ...more,
    })

  it('are called through the guard, with a key of the environment', async () => {
    const node = createScriptedNode({ keys: [keyOf('sk-theirs')] })
    await using running = await startGateway(node)
    await using outbound = createOutboundFetch({ allowedOrigins: [running.url] })
    await using servers = open([at(running.url)], { outbound, environment: { THEIR_KEY: 'sk-theirs' } })
    const result = await servers.openTask().call({ server: 'there', tool: 'route' }, { prompt: 'Hello' })
    expect(result).toEqual({ text: 'Hello there', isError: false })
    expect(node.requests).toMatchObject([{ caller: { keyId: 'k1' } }])
  })

  it.each([
    ['no key', { environment: {} }, 'MCP_SERVER_UNAVAILABLE'],
    ['a wrong key', { environment: { THEIR_KEY: 'other' } }, 'MCP_SERVER_UNAVAILABLE'],
    ['no way there', { outbound: NO_WAY_OUT, environment: { THEIR_KEY: 'sk-theirs' } }, 'MCP_SERVER_UNAVAILABLE'],
  ])('are not, with %s', async (_what, components, code) => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk-theirs')] }))
    await using outbound = createOutboundFetch({ allowedOrigins: [running.url] })
    await using servers = open([at(running.url)], { outbound, ...components })
    expect(await codeOf(servers.openTask().call({ server: 'there', tool: 'route' }, { prompt: 'Hello' }))).toBe(code)
  })
})
