import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { AgentSkill } from '../../src/node/a2a/agent-skill.ts'
import { CHATTY, ENDLESS, WAITING } from '../gateway/a2a/sample-skills.ts'
import { createScriptedNode, startGateway } from '../gateway/scripted-node.ts'
import { makeFolder, removeFolders, runBinary, startBinary, type StartedBinary } from './run-binary.ts'

afterEach(removeFolders)

/** A folder whose configuration names the agent at `url`. */
function folderFor(url: string): string {
  const folder = makeFolder()
  writeFileSync(
    join(folder, 'kernell.jsonc'),
    JSON.stringify({ server: { port: 0 }, a2a: { peers: { other: { card: url } } } }),
  )
  return folder
}

async function serveFrom(
  folder: string,
): Promise<AsyncDisposable & { readonly url: string; readonly serving: StartedBinary }> {
  const serving = startBinary(['serve', '--json', '--config', 'kernell.jsonc'], { folder })
  const ready = JSON.parse(await serving.untilOutput(/"ready"/)) as { url: string }
  return {
    url: ready.url,
    serving,
    async [Symbol.asyncDispose]() {
      serving.child.kill('SIGTERM')
      await serving.ended
    },
  }
}

const kernell = async (folder: string, ...words: string[]): ReturnType<typeof runBinary> =>
  await runBinary([...words, '--config', 'kernell.jsonc'], { folder })

describe('commands for agents, beside a node that serves from the data directory', { timeout: 120_000 }, () => {
  it('are answered by that node: its card with its address, its peers, their cards and answers', async () => {
    await using other = await startGateway(createScriptedNode(), { agentSkills: [CHATTY, WAITING] })
    const folder = folderFor(other.url)
    await using node = await serveFrom(folder)
    const own = await kernell(folder, 'a2a', 'card', '--json')
    expect([own.code, own.errors]).toEqual([0, ''])
    const { card, keys } = JSON.parse(own.output) as {
      card: { supportedInterfaces: { url: string }[] }
      keys: unknown[]
    }
    expect(card.supportedInterfaces.map(({ url }) => url)).toEqual([`${node.url}/a2a`, `${node.url}/a2a`])
    expect(keys).toEqual(((await (await fetch(`${node.url}/.well-known/jwks.json`)).json()) as { keys: unknown }).keys)
    const peers = await kernell(folder, 'a2a', 'peers', '--json')
    expect(JSON.parse(peers.output)).toMatchObject({ peers: [{ name: 'other', card: other.url, isPinned: false }] })
    const theirs = await kernell(folder, 'a2a', 'card', 'other', '--json')
    expect(JSON.parse(theirs.output)).toMatchObject({ peer: 'other', trust: 'unpinned' })
    const whole = await kernell(folder, 'a2a', 'call', 'other', 'Hi', '--skill', 'chatty')
    expect([whole.code, whole.output]).toEqual([0, 'one\ntwo\n'])
    const streamed = await kernell(folder, 'a2a', 'call', 'other', 'Hi', '--skill', 'chatty', '--stream', '--json')
    const lines = streamed.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toMatchObject([
      { event: 'text', text: 'one' },
      { event: 'text', text: 'two' },
      { state: 'completed' },
    ])
    const more = await kernell(folder, 'a2a', 'call', 'other', 'Hi', '--skill', 'waiting')
    expect([more.code, more.output.trim()]).toEqual([1, 'More?'])
  })

  it('reach an agent by its address, and fail with the code of what went wrong', async () => {
    await using other = await startGateway(createScriptedNode(), { agentSkills: [CHATTY] })
    const folder = folderFor('http://127.0.0.1:9')
    await using _node = await serveFrom(folder)
    const called = await kernell(folder, 'a2a', 'call', other.url, 'Hi', '--skill', 'chatty')
    expect([called.code, called.output]).toEqual([0, 'one\ntwo\n'])
    const codes = async (...words: string[]): Promise<string> =>
      /"code": *"([A-Z0-9_]+)"/.exec((await kernell(folder, ...words, '--json')).output)?.[1] ?? 'none'
    expect(await codes('a2a', 'call', 'nobody', 'Hi')).toBe('A2A_PEER_UNKNOWN')
    expect(await codes('a2a', 'call', other.url, 'Hi', '--skill', 'missing')).toBe('A2A_SKILL_REFUSED')
    expect(await codes('a2a', 'card', 'other')).toBe('OUTBOUND_UNREACHABLE')
    expect(await codes('a2a', 'card', 'http://agent.example')).toBe('CONFIG_INVALID')
  })

  it('cancel the task at the agent when they are stopped', async () => {
    const { skill, ended } = watchedEndless()
    await using other = await startGateway(createScriptedNode(), { agentSkills: [skill] })
    const folder = folderFor(other.url)
    await using _node = await serveFrom(folder)
    const calling = startBinary(
      ['a2a', 'call', 'other', 'Go', '--skill', 'endless', '--stream', '--json', '--config', 'kernell.jsonc'],
      { folder },
    )
    // Before that nobody knows which task it is.
    await calling.untilOutput(/begun/)
    calling.child.kill('SIGINT')
    await calling.ended
    expect(await ended).toBe('REQUEST_ABORTED')
  })

  it('work alone where no node serves', async () => {
    await using other = await startGateway(createScriptedNode(), { agentSkills: [CHATTY] })
    const folder = folderFor(other.url)
    const own = await kernell(folder, 'a2a', 'card', '--json')
    const { card } = JSON.parse(own.output) as { card: { skills: { id: string }[] } }
    expect(card.skills.map(({ id }) => id)).toContain('planner')
    expect((await kernell(folder, 'a2a', 'peers')).output).toContain(other.url)
    expect((await kernell(folder, 'a2a', 'call', 'other', 'Hi', '--skill', 'chatty')).output).toBe('one\ntwo\n')
    expect((await kernell(folder, 'a2a', 'call', other.url, 'Hi', '--skill', 'chatty')).output).toBe('one\ntwo\n')
  })
})

/** A task without end, whose end somebody waits for. */
function watchedEndless(): { skill: AgentSkill; ended: Promise<unknown> } {
  const ended = Promise.withResolvers<unknown>()
  const skill: AgentSkill = {
    ...ENDLESS,
    run: async (work) => {
      const outcome = ENDLESS.run(work)
      outcome.catch((error: unknown) => ended.resolve((error as { code?: unknown }).code))
      return await outcome
    },
  }
  return { skill, ended: ended.promise }
}
