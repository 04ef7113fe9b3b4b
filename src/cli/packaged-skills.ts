import type { AgentField, PackagedAgent } from 'kernell-os/agents'
import { CodedError } from '../base/errors.ts'
import type { AgentSkill, SkillWork } from '../node/a2a/agent-skill.ts'
import type { KernellNode } from '../node/kernell-node.ts'

/** Agents that do something for strangers; the others look after a node, or do work of its owner. */
const OFFERED = ['planner', 'researcher', 'summarizer', 'verifier']

/** The packaged agents as skills for other agents: each works for the tenant of the key, at its cost, and remembers nothing. */
export async function packagedSkills(node: KernellNode): Promise<readonly AgentSkill[]> {
  const { PACKAGED_AGENTS } = await import('kernell-os/agents')
  return PACKAGED_AGENTS.filter(({ name }) => OFFERED.includes(name)).map((agent) => skillOf(agent, node))
}

function skillOf(agent: PackagedAgent, node: KernellNode): AgentSkill {
  const fields = agent.fields.map(({ name, kind, isRequired, describe }) => {
    const need = isRequired === true ? ', required' : ''
    return `${name} (${kind}${need}): ${describe}`
  })
  return {
    id: agent.name,
    name: agent.name,
    description: `It ${agent.summary}. Takes text, or data with these members: ${fields.join('; ')}.`,
    tags: ['agent', agent.name],
    inputModes: ['text/plain', 'application/json'],
    outputModes: ['text/plain', 'application/json'],
    run: async (work) => await runAgent(agent, node, work),
  }
}

async function runAgent(agent: PackagedAgent, node: KernellNode, work: SkillWork): ReturnType<AgentSkill['run']> {
  const result = await agent.run({
    actors: node.actors,
    router: limitedRouter(node.router, work),
    caller: { ...work.caller, agent: agent.name },
    node,
    input: inputOf(work, agent),
    signal: work.signal,
    onProgress: ({ type, step }) => {
      if (type === 'progress' && typeof step === 'string') work.emit({ type: 'progress', text: step.slice(0, 200) })
    },
  })
  const parts = [partOf({ $case: 'text', value: result.text }, 'text/plain')]
  parts.push(partOf({ $case: 'data', value: result.document }, 'application/json'))
  work.emit({ type: 'artifact', artifactId: 'answer', name: 'Answer', parts, isLast: true })
  return { state: result.hasFailures ? 'failed' : 'completed' }
}

/** What the key and the request limit, limits the calls of the agent as well; and the texts are those of a stranger. */
function limitedRouter(router: KernellNode['router'], { controls }: SkillWork): KernellNode['router'] {
  return {
    route: async (request, options) => await router.route(limited(request), options),
    routeStream: async (request, options) => await router.routeStream(limited(request), options),
    estimate: async (request, options) => await router.estimate(limited(request), options),
  }
  function limited(request: Parameters<KernellNode['router']['route']>[0]): typeof request {
    return { ...request, controls: { ...request.controls, ...controls }, sender: 'peer' }
  }
}

type Content = NonNullable<SkillWork['message']['parts'][number]['content']>

function partOf(content: Content, mediaType: string): SkillWork['message']['parts'][number] {
  return { content, metadata: undefined, filename: '', mediaType }
}

/** The data of the message, or its text as the field that an agent cannot do without. Throws `REQUEST_INVALID`. */
function inputOf({ message }: SkillWork, agent: PackagedAgent): unknown {
  const data = message.parts.find(({ content }) => content?.$case === 'data')?.content
  if (data !== undefined) return data.value
  const field = textField(agent.fields)
  if (field === undefined)
    throw new CodedError('REQUEST_INVALID', {
      message: `${agent.name} takes data, not text; its members are on the card`,
    })
  const text = message.parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('\n')
  return { [field.name]: field.kind === 'texts' ? [text] : text }
}

function textField(fields: readonly AgentField[]): AgentField | undefined {
  const required = fields.filter(({ isRequired }) => isRequired === true)
  const [only] = required
  return required.length === 1 && (only?.kind === 'text' || only?.kind === 'texts') ? only : undefined
}
