/** The agents that answer one request with the help of models. */
import { taskGraphsOf } from 'kernell-os/router'
import { cacheWarmer, type Warmed } from '../cache-warmer/agent.ts'
import type { AgentMemory } from '../memory-use.ts'
import { planner, type Executed, type PlanGraphs } from '../planner/agent.ts'
import { researcher, type Researched } from '../researcher/agent.ts'
import { summarizer, type Summarized } from '../summarizer/agent.ts'
import { verifier, type Verified } from '../verifier/agent.ts'
import type { AgentField, AgentRunInit, PackagedAgent } from './packaged-agent.ts'
import type { ToolRights } from '../model-calls/tool-use.ts'
import type { UnreadFields } from '../read-fields.ts'
import { invalid } from '../request-desk/protocol.ts'
import { pick, readInput, ROUTING_FIELDS, targetsOf, TOOLS_FIELD } from './read-input.ts'
import { runRequest } from './run-agent.ts'

const PLANNER_FIELDS: readonly AgentField[] = [
  { name: 'task', kind: 'text', isRequired: true, describe: 'what is to be done' },
  { name: 'stepsMax', kind: 'whole', describe: 'steps that it may be split into, 1 to 32 (default 12)' },
  { name: 'isPlanOnly', kind: 'flag', describe: 'make the plan and do nothing of it' },
  {
    name: 'isResuming',
    kind: 'flag',
    describe: 'go on with an unfinished plan for the same task (default true); false gives it up and plans anew',
  },
  { name: 'parallelMax', kind: 'whole', describe: 'steps that run at once (default 4)' },
  TOOLS_FIELD,
  ...ROUTING_FIELDS,
]

export const PLANNER: PackagedAgent = {
  name: 'planner',
  summary: 'splits a task into a graph of steps and executes it',
  fields: PLANNER_FIELDS,
  definition: planner,
  usesMemory: true,
  keepsPlans: true,
  callsTools: true,
  async run(init) {
    const fields = readInput(init.input, PLANNER_FIELDS)
    const names = {
      task: 'task',
      stepsMax: 'stepsMax',
      isPlanOnly: 'isPlanOnly',
      isResuming: 'isResuming',
      maxCostUsd: 'maxCostNanos',
    }
    return await runRequest<Executed>(init, {
      definition: planner,
      input: {
        ...routingOf(init),
        ...memoryOf(init),
        ...plansOf(init),
        ...(init.firewall !== undefined && { firewall: init.firewall }),
        ...toolsOf(init, fields),
        ...targetsOf(fields),
        ...pick(fields, { parallelMax: 'parallelMax' }),
      },
      event: { type: 'execute', ...pick(fields, names) },
      textOf: ({ output, steps }) =>
        output === ''
          ? steps.map(({ id, dependsOn, description }) => `${id} <- [${dependsOn.join(' ')}] ${description}`).join('\n')
          : output,
      hasFailures: ({ isComplete }) => !isComplete && fields['isPlanOnly'] !== true,
    })
  },
}

const RESEARCHER_FIELDS: readonly AgentField[] = [
  { name: 'question', kind: 'text', isRequired: true, describe: 'what is to be found out' },
  { name: 'sources', kind: 'json', describe: 'texts to rest on: a list of {"title", "text"}' },
  { name: 'questionsMax', kind: 'whole', describe: 'questions that it may be split into, 1 to 12 (default 4)' },
  { name: 'thread', kind: 'text', describe: 'the conversation that it belongs to, by a name; needs the memory' },
  { name: 'isLast', kind: 'flag', describe: 'the conversation ends with this question, and becomes one memory' },
  TOOLS_FIELD,
  ...ROUTING_FIELDS,
]

export const RESEARCHER: PackagedAgent = {
  name: 'researcher',
  summary: 'splits a question, asks the parts side by side and writes the answer',
  fields: RESEARCHER_FIELDS,
  definition: researcher,
  usesMemory: true,
  callsTools: true,
  async run(init) {
    const fields = readInput(init.input, RESEARCHER_FIELDS)
    const names = {
      question: 'question',
      sources: 'sources',
      questionsMax: 'questionsMax',
      thread: 'thread',
      isLast: 'isLast',
      maxCostUsd: 'maxCostNanos',
    }
    return await runRequest<Researched>(init, {
      definition: researcher,
      input: { ...routingOf(init), ...memoryOf(init), ...toolsOf(init, fields), ...targetsOf(fields) },
      event: { type: 'research', ...pick(fields, names) },
      textOf: ({ answer }) => answer,
      hasFailures: ({ gaps, isWritten }) => gaps.length > 0 || !isWritten,
    })
  },
}

const SUMMARIZER_FIELDS: readonly AgentField[] = [
  { name: 'text', kind: 'text', isRequired: true, describe: 'what is to be summarised' },
  { name: 'words', kind: 'whole', describe: 'length of the summary, 10 to 5,000 (default 150)' },
  { name: 'focus', kind: 'text', describe: 'what the reader wants to know' },
  ...ROUTING_FIELDS,
]

export const SUMMARIZER: PackagedAgent = {
  name: 'summarizer',
  summary: 'summarises texts of any length',
  fields: SUMMARIZER_FIELDS,
  definition: summarizer,
  async run(init) {
    const fields = readInput(init.input, SUMMARIZER_FIELDS)
    const names = { text: 'text', words: 'words', focus: 'focus', maxCostUsd: 'maxCostNanos' }
    return await runRequest<Summarized>(init, {
      definition: summarizer,
      input: { ...routingOf(init), ...targetsOf(fields) },
      event: { type: 'summarize', ...pick(fields, names) },
      textOf: ({ summary }) => summary,
    })
  },
}

const VERIFIER_FIELDS: readonly AgentField[] = [
  { name: 'task', kind: 'text', isRequired: true, describe: 'what was asked' },
  { name: 'answer', kind: 'text', isRequired: true, describe: 'what was answered' },
  { name: 'judges', kind: 'whole', describe: 'judges that are asked, 1 to 15 (default 3)' },
  { name: 'quorum', kind: 'whole', describe: 'equal votes that decide (default more than half)' },
  { name: 'models', kind: 'texts', describe: 'models that the judges ask, in turn' },
  ...ROUTING_FIELDS.filter(({ name }) => name !== 'model'),
]

export const VERIFIER: PackagedAgent = {
  name: 'verifier',
  summary: 'judges an answer by certain checks and a quorum of models',
  fields: VERIFIER_FIELDS,
  definition: verifier,
  async run(init) {
    const fields = readInput(init.input, VERIFIER_FIELDS)
    const { models } = fields
    const judgeTargets = Array.isArray(models)
      ? models.map((modelId: unknown) => ({ kind: 'model', modelId }))
      : undefined
    return await runRequest<Verified>(init, {
      definition: verifier,
      input: { ...routingOf(init), judgeTargets, ...pick(fields, { judges: 'judges', quorum: 'quorum' }) },
      event: { type: 'verify', ...pick(fields, { task: 'task', answer: 'answer', maxCostUsd: 'maxCostNanos' }) },
      textOf: ({ verdict, confidence, votes }) =>
        [
          `${verdict} (confidence ${confidence.toFixed(2)})`,
          ...votes.map((vote) => `${vote.modelId}: ${vote.kind}, ${vote.reason}`),
        ].join('\n'),
      hasFailures: ({ absent }) => absent > 0,
    })
  },
}

const WARMER_FIELDS: readonly AgentField[] = [
  { name: 'prompts', kind: 'texts', isRequired: true, describe: 'the questions that are expected' },
  { name: 'system', kind: 'text', describe: 'the system prompt that callers will send' },
  { name: 'isRefresh', kind: 'flag', describe: 'ask again what is stored, and replace it' },
  { name: 'parallelMax', kind: 'whole', describe: 'prompts that are asked at once (default 2)' },
  { name: 'restMs', kind: 'whole', describe: 'rest between batches, milliseconds (default 200)' },
  ...ROUTING_FIELDS,
]

export const CACHE_WARMER: PackagedAgent = {
  name: 'cache-warmer',
  summary: 'asks expected questions before anybody waits for them',
  fields: WARMER_FIELDS,
  definition: cacheWarmer,
  async run(init) {
    const fields = readInput(init.input, WARMER_FIELDS)
    const names = { prompts: 'prompts', system: 'system', isRefresh: 'isRefresh', maxCostUsd: 'maxCostNanos' }
    const [target] = targetsOf(fields).targets ?? []
    return await runRequest<Warmed>(init, {
      definition: cacheWarmer,
      input: { ...routingOf(init), target, ...pick(fields, { parallelMax: 'parallelMax', restMs: 'restMs' }) },
      event: { type: 'warm', ...pick(fields, names) },
      textOf: ({ alreadyWarm, answered, notAccepted, withoutCache, failed, left, stoppedBecause }) =>
        [
          `${alreadyWarm} were in the cache, ${answered} were asked and accepted, ${notAccepted} were not accepted, ${withoutCache} need no cache, ${failed} failed.`,
          ...(stoppedBecause === undefined ? [] : [`Stopped because of ${stoppedBecause}; ${left} are left.`]),
        ].join('\n'),
      hasFailures: ({ failed, left }) => failed > 0 || left > 0,
    })
  },
}

function routingOf({ router, caller }: AgentRunInit): object {
  return { router, caller }
}

/** Throws `REQUEST_INVALID` where tools are asked for and there is no way to any, and as `AgentSurroundings.agentTools`. */
function toolsOf({ agentTools, firewall, caller }: AgentRunInit, { tools }: UnreadFields): ToolRights {
  if (tools === undefined) return {}
  if (agentTools === undefined || firewall === undefined)
    throw invalid('The field tools is not open to whoever asks here: an operator runs the agent with them')
  // Checked as a list of texts.
  return { tools: agentTools({ agent: caller.agent ?? 'agent', tools: tools as readonly string[] }), firewall }
}

function plansOf({ plans, caller }: AgentRunInit): { readonly graphs?: PlanGraphs } {
  return plans === undefined ? {} : { graphs: taskGraphsOf(plans, caller.tenant) }
}

function memoryOf({ memory }: AgentRunInit): { readonly memory?: AgentMemory } {
  return memory === undefined ? {} : { memory }
}
