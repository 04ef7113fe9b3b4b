import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { CHATTY } from '../gateway/a2a/sample-skills.ts'
import { tiersAt } from '../gateway/real-node.ts'
import { createScriptedNode, startGateway } from '../gateway/scripted-node.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { makeFolder, removeFolders, runBinary, startBinary } from './run-binary.ts'

afterEach(removeFolders)

const FIXTURE = fileURLToPath(new URL('../mcp/fixture-server.ts', import.meta.url))

type Heard = { readonly role: string; readonly content: string }

/** A model that calls each of these once, and then says what it heard. */
async function startCalling(...names: readonly string[]): Promise<UpstreamServer> {
  return await startUpstreamServer({
    behaviour: ({ body }) => {
      const heard = ((body?.['messages'] ?? []) as readonly Heard[]).filter(({ role }) => role === 'tool')
      const name = names[heard.length]
      if (name === undefined) return { kind: 'answer', text: heard.map(({ content }) => content).join(' | ') || 'none' }
      return { kind: 'answer', toolCalls: [{ id: `c${heard.length}`, name, arguments: '{"text":"Hi there"}' }] }
    },
  })
}

function folderFor(model: UpstreamServer, agent: string): string {
  const folder = makeFolder()
  const document = {
    server: { port: 0 },
    ...tiersAt({ cheap: model.baseUrl }),
    models: { 'thrifty/thrifty-1': { tier: 'cheap_api', capabilities: { tools: true } } },
    mcp: { servers: { notes: { command: process.execPath, args: [FIXTURE], tools: ['echo', 'pid'] } } },
    a2a: { peers: { other: { card: agent, skills: ['chatty'] } } },
  }
  writeFileSync(join(folder, 'kernell.jsonc'), JSON.stringify(document))
  return folder
}

const route = async (folder: string, ...words: string[]): ReturnType<typeof runBinary> =>
  await runBinary(['route', 'Say it', ...words, '--config', 'kernell.jsonc'], {
    folder,
  })

describe('`kernell route --tools`', { timeout: 120_000 }, () => {
  it('has models call what it names, of servers and of agents, alone and on the node that serves', async () => {
    await using model = await startCalling('notes__echo', 'a2a_other__chatty')
    await using agent = await startGateway(createScriptedNode(), { agentSkills: [CHATTY] })
    const folder = folderFor(model, agent.url)
    const words = ['--tools', 'notes/echo', 'a2a:other', '--json']
    const alone = await route(folder, ...words)
    const expected = {
      output: 'Hi there | one\ntwo',
      tool_calls: [
        { server: 'notes', tool: 'echo', outcome: 'answered', characters: 8 },
        { server: 'a2a:other', tool: 'chatty', outcome: 'answered', characters: 7 },
      ],
    }
    expect([alone.errors.includes('notes/echo: answered'), JSON.parse(alone.output)]).toMatchObject([true, expected])
    const serving = startBinary(['serve', '--json', '--config', 'kernell.jsonc'], {
      folder,
    })
    try {
      const { url } = JSON.parse(await serving.untilOutput(/"ready"/)) as { url: string }
      const served = await route(folder, ...words)
      expect(JSON.parse(served.output)).toMatchObject({ ...expected, served_by: url })
      const refused = await route(folder, '--tools', 'notes/hidden', '--json')
      expect([refused.code, refused.output]).toEqual([expect.any(Number), expect.stringContaining('MCP_TOOL_REFUSED')])
      const policy = await route(folder, '--tools', 'notes', '--policy', 'p.json', '--json')
      expect(policy.output).toContain('STORE_LOCKED')
    } finally {
      serving.child.kill('SIGTERM')
      await serving.ended
    }
  })

  it('calls nothing else, whatever a model asks for', async () => {
    await using model = await startCalling('notes__pid', 'a2a_other__chatty', 'notes__hidden')
    await using agent = await startGateway(createScriptedNode(), { agentSkills: [CHATTY] })
    const folder = folderFor(model, agent.url)
    const run = await route(folder, '--tools', 'notes/echo', '--json')
    expect(JSON.parse(run.output)).toMatchObject({
      output: Array.from({ length: 3 }, () => '[not called: there is no such tool]').join(' | '),
      tool_calls: [],
    })
    const unnamed = await route(folder, '--tools', 'nothere', '--json')
    expect(unnamed.output).toContain('MCP_SERVER_UNKNOWN')
    const twice = await route(folder, '--tools', 'not a name', '--json')
    expect(twice.output).toContain('COMMAND_INVALID')
  })
})
