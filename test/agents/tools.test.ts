import { amountFromNanos, CodedError } from 'kernell-os/core'
import type { AgentTools, OfferedTool, ToolCall } from 'kernell-os/ports'
import type { PlanGate } from 'kernell-os/router'
import { describe, expect, it } from 'vitest'
import { PLANNER, RESEARCHER, SUMMARIZER } from '../../agents/packaged/model-agents.ts'
import { planner, type Executed } from '../../agents/planner/agent.ts'
import { researcher, type Researched } from '../../agents/researcher/agent.ts'
import { withDefaults } from '../../src/core/firewall/firewall-policy.ts'
import { firewallOf } from '../../src/node/firewall/open-firewall.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import {
  answer,
  ask,
  CALLER,
  createScriptedRouter,
  createWorld,
  failure,
  type Failed,
  refusalOf,
  type RouterScript,
} from './agent-fixture.ts'

const SEARCH: OfferedTool = { server: 'notes', tool: 'search', description: 'Looks', inputSchema: { type: 'object' } }

type Played = AgentTools & { readonly called: string[] }

function playTools(say: (args: unknown) => string = () => 'It was 1850.'): Played {
  const called: string[] = []
  return {
    called,
    places: [{ kind: 'tool', locator: 'mcp/notes/search' }],
    openTask: () => ({
      list: async () => await Promise.resolve([SEARCH]),
      call: async ({ tool }, args) => {
        called.push(tool)
        return await Promise.resolve({ text: say(args), isError: false })
      },
    }),
  }
}

async function openGate({ isClosed = false } = {}): Promise<PlanGate> {
  const store = createMemoryKeyValueStore()
  const parts = { store, clock: createSystemClock(), random: createSystemRandom(), secret: new Uint8Array(32) }
  const rule = { kind: 'tool', prefix: 'mcp/notes/' } as const
  const policy = withDefaults({
    sources: [{ ...rule, confidentiality: 'internal', integrity: 'untrusted' }],
    sinks: isClosed ? [] : [{ ...rule, isExternal: true, clearance: 'internal' }],
  })
  return await firewallOf({ ...parts, policy })()
}

const CALL: ToolCall = { id: 'c', name: 'notes__search', arguments: '{"q":1}' }
const calling = (text = '') =>
  ({ answer: { ...answer(text).answer, text, toolCalls: [CALL] } }) as ReturnType<typeof answer>

/** Calls the tool where there is one and nothing came of it yet, and says then what it said. */
const LOOKS_UP: RouterScript = (_prompt, { request }) => {
  const heard = request.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []))
  if (request.tools === undefined && heard.length === 0) return 'no tools'
  return heard.length === 0 ? calling() : `heard: ${heard.join()}`
}

describe('an agent with tools', () => {
  it('finds out with them: the researcher’s parts call, its writing does not', async () => {
    const world = createWorld()
    const tools = playTools()
    const router = createScriptedRouter(LOOKS_UP)
    const input = { router, caller: CALLER, targets: [{ kind: 'auto' }], tools, firewall: await openGate() }
    const ref = world.spawn(researcher, input)
    const reply = await ask<Researched>(world, ref, { type: 'research', question: 'When?', questionsMax: 1 })
    expect(reply).toMatchObject({ answer: 'heard: It was 1850.', gaps: [], spentNanos: 2_000n })
    expect(tools.called).toEqual(['search'])
    expect(ref.emitted).toContainEqual(
      expect.objectContaining({ type: 'progress', step: 'tool-called', server: 'notes', outcome: 'answered' }),
    )
  })

  it('does the steps of a plan with them', async () => {
    const world = createWorld()
    const tools = playTools()
    const plan = '[{"id":"a","description":"Look","depends_on":[]},{"id":"b","description":"Say","depends_on":["a"]}]'
    const router = createScriptedRouter((prompt, request, index) =>
      index === 0 ? plan : LOOKS_UP(prompt, request, index),
    )
    const input = { router, caller: CALLER, targets: [{ kind: 'auto' }], tools, firewall: await openGate() }
    const ref = world.spawn(planner, input)
    const reply = await ask<Executed>(world, ref, { type: 'execute', task: 'Look and say' })
    expect(reply).toMatchObject({ isComplete: true, output: 'heard: It was 1850.' })
    expect([tools.called, router.requests[0]?.request.tools]).toEqual([['search', 'search'], undefined])
  })

  it('does not call them twice for one question: what fails behind a call is not asked again, and all of it is paid', async () => {
    const world = createWorld()
    const tools = playTools()
    const router = createScriptedRouter((_prompt, _request, index) =>
      index === 0 ? calling() : failure('MODEL_RATE_LIMITED', { retryAfterMs: 1 }),
    )
    const targets = [{ kind: 'auto' }, { kind: 'route', route: 'cheap' }]
    const ref = world.spawn(researcher, { router, caller: CALLER, targets, tools, firewall: await openGate() })
    const asking = { type: 'research', question: 'When?', questionsMax: 1, maxCostNanos: amountFromNanos(10_000n) }
    const reply = await ask<Failed>(world, ref, asking)
    expect(reply).toMatchObject({ type: 'failed', error: { code: 'MODEL_RATE_LIMITED' } })
    expect([router.requests.length, tools.called]).toEqual([2, ['search']])
  })

  it('keeps in mind that strangers had a say: the memory it writes to is not trusted any more', async () => {
    const world = createWorld()
    const firewall = await openGate()
    const place = { kind: 'memory', locator: `memory/${CALLER.tenant}` } as const
    expect(firewall.known(place).integrity).toBe('trusted')
    const memory = {
      recall: async () => await Promise.resolve({ recallId: 'r', items: [], isSimilarityUsed: false }),
      remember: async () => await Promise.resolve({ id: 'm', isNew: true }),
      link: async () => await Promise.resolve(),
      feedback: async () => await Promise.resolve(),
    }
    const router = createScriptedRouter(LOOKS_UP)
    const input = { router, caller: CALLER, targets: [{ kind: 'auto' }], tools: playTools(), firewall, memory }
    const ref = world.spawn(researcher, input)
    await ask(world, ref, { type: 'research', question: 'When?', questionsMax: 1 })
    expect(firewall.known(place).integrity).toBe('untrusted')
  })

  it('is told what is in the way of a call, and the firewall is', async () => {
    const world = createWorld()
    const tools = playTools()
    // No tool is declared as a place to send something to.
    const firewall = await openGate({ isClosed: true })
    const router = createScriptedRouter(LOOKS_UP)
    const ref = world.spawn(researcher, { router, caller: CALLER, targets: [{ kind: 'auto' }], tools, firewall })
    const reply = await ask<Researched>(world, ref, { type: 'research', question: 'When?', questionsMax: 1 })
    expect([tools.called, reply.answer]).toEqual([[], 'heard: [not called: FIREWALL_SINK_UNDECLARED]'])
  })

  it('is not started with tools and nothing that judges their calls, nor with what are none', async () => {
    const router = createScriptedRouter(LOOKS_UP)
    const start = (more: object) => ({ ref: createWorld().spawn(researcher, { router, caller: CALLER, ...more }) })
    expect(refusalOf(() => start({ tools: playTools() }))).toMatchObject({
      message: expect.stringContaining('firewall') as string,
    })
    const firewall = await openGate()
    expect(refusalOf(() => start({ tools: ['notes'], firewall }))).toMatchObject({
      message: expect.stringContaining('openTask') as string,
    })
  })
})

describe('a packaged agent', () => {
  const surroundings = async (more: object) => ({
    actors: createWorld().system,
    router: createScriptedRouter(LOOKS_UP),
    caller: CALLER,
    node: { health: () => ({ isReady: true, version: '0', uptimeS: 0, checks: [] }) },
    signal: new AbortController().signal,
    firewall: await openGate(),
    ...more,
  })

  it.each([
    [RESEARCHER, { question: 'When?' }],
    [PLANNER, { task: 'Look' }],
  ] as const)('is refused tools where whoever runs it opens none', async (agent, input) => {
    const init = await surroundings({ input: { ...input, tools: ['notes'] } })
    await expect(agent.run(init as never)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('is refused by the code of what it names, before it begins', async () => {
    const refuse = (): never => {
      throw new CodedError('MCP_TOOL_REFUSED', { message: 'not allowed' })
    }
    const init = await surroundings({ input: { question: 'When?', tools: ['notes/x'] }, agentTools: refuse })
    await expect(RESEARCHER.run(init as never)).rejects.toMatchObject({ code: 'MCP_TOOL_REFUSED' })
    expect(init.router.requests).toEqual([])
  })

  it('says of itself whether it calls tools', () => {
    expect([RESEARCHER, PLANNER, SUMMARIZER].map(({ callsTools }) => callsTools)).toEqual([true, true, undefined])
  })
})
