/** The agents that are more than one request: streams of items, accounts, watches. */
import { echo, type Heard } from '../echo/agent.ts'
import { monitor, type MonitorInput, type MonitorStatus } from '../monitor/agent.ts'
import { healthProbes } from '../monitor/probes.ts'
import {
  pipeline,
  type PipelineDrained,
  type PipelineInput,
  type PipelineReply,
  type PipelineResult,
} from '../pipeline/agent.ts'
import { promptStage } from '../pipeline/prompt-stage.ts'
import { readList, readText, readWhole, type UnreadFields } from '../read-fields.ts'
import { invalid } from '../request-desk/protocol.ts'
import { treasurer, type AccountInit, type TreasurerEvent, type TreasurerReply } from '../treasurer/agent.ts'
import { formatAmount, type Amount } from 'kernell-os/core'
import type { AgentField, AgentResult, AgentRunInit, PackagedAgent } from './packaged-agent.ts'
import { amountOf, readInput, ROUTING_FIELDS, targetsOf } from './read-input.ts'
import { askAgent, resultOf, runRequest, withAgent } from './run-agent.ts'

const ECHO_FIELDS: readonly AgentField[] = [{ name: 'payload', kind: 'json', describe: 'what is to come back' }]

export const ECHO: PackagedAgent = {
  name: 'echo',
  summary: 'says what it hears: does a message get to an actor and back',
  fields: ECHO_FIELDS,
  definition: echo,
  async run(init) {
    const fields = readInput(init.input, ECHO_FIELDS)
    return await runRequest<Heard>(init, {
      definition: echo,
      input: undefined,
      event: { type: 'say', ...fields },
      textOf: ({ payload }) => JSON.stringify(payload ?? null),
    })
  },
}

const PIPELINE_FIELDS: readonly AgentField[] = [
  { name: 'items', kind: 'texts', isRequired: true, describe: 'texts that go through the stages' },
  {
    name: 'stages',
    kind: 'json',
    isRequired: true,
    describe: 'what is asked about each: a list of {"prompt", "name"?, "workers"?}; {item} in it stands for the text',
  },
  ...ROUTING_FIELDS.filter(({ name }) => name === 'model'),
  { name: 'maxCostUsd', kind: 'usd', describe: 'most that one call may cost' },
]

export const PIPELINE: PackagedAgent = {
  name: 'pipeline',
  summary: 'takes many items through stages, with bounded workers and queues',
  fields: PIPELINE_FIELDS,
  definition: pipeline,
  run: runPipeline,
}

async function runPipeline(init: AgentRunInit): Promise<AgentResult> {
  const fields = readInput(init.input, PIPELINE_FIELDS)
  const { signal } = init
  const results: PipelineResult[] = []
  const input: PipelineInput = {
    stages: stagesOf(init, fields),
    sink: { send: (result) => void results.push(result) },
  }
  const drained = await withAgent(init, { definition: pipeline, input }, async (ref) => {
    // Each push waits for room, so an endless list of items would not pile up either.
    for (const item of readList(fields, 'items', { countMax: 100_000, readItem: (text) => text }))
      await askAgent<PipelineReply>(ref, { type: 'push', item }, signal)
    return await askAgent<PipelineDrained>(ref, { type: 'close' }, signal)
  })
  const inOrder = results.toSorted((left, right) => Number(left.id) - Number(right.id))
  const lines = inOrder.map((result) =>
    result.type === 'item-done' ? String(result.value) : `[${result.id} failed: ${result.error.code}]`,
  )
  const document = { ...drained, results: inOrder }
  return resultOf(document, { text: lines.join('\n'), hasFailures: drained.failed > 0 })
}

function stagesOf({ router, caller }: AgentRunInit, fields: UnreadFields): PipelineInput['stages'] {
  const [target] = targetsOf(fields).targets ?? []
  // Read as an amount already.
  const maxCostNanos = fields['maxCostUsd'] as Amount | undefined
  const stages = readList(fields, 'stages', { countMax: 20, readItem: readObject })
  if (stages.length === 0) throw invalid('stages must not be empty')
  return stages.map((stage, index) =>
    promptStage({
      router,
      caller,
      name: stage['name'] === undefined ? `stage-${index + 1}` : readText(stage, 'name', 100),
      prompt: readPrompt(stage, `stages[${index}].prompt`),
      workers: readWhole(stage, 'workers', { min: 1, max: 64, absent: 4 }),
      ...(target !== undefined && { target }),
      ...(maxCostNanos !== undefined && { controls: { maxCostNanos } }),
    }),
  )
}

function readPrompt(stage: UnreadFields, where: string): string {
  const prompt = readText(stage, 'prompt', 40_000)
  if (prompt.includes('{item}')) return prompt
  throw invalid(`${where} must have {item} where the item is to stand, for example "Translate: {item}"`)
}

const MONITOR_FIELDS: readonly AgentField[] = [
  { name: 'rounds', kind: 'whole', describe: 'how often it looks, 1 or more (default 1)' },
  { name: 'everyMs', kind: 'whole', describe: 'from one look to the next, milliseconds (default 30,000)' },
  { name: 'failuresToAlarm', kind: 'whole', describe: 'failures in a row that raise an alarm (default 1)' },
]

export const MONITOR: PackagedAgent = {
  name: 'monitor',
  summary: 'looks at the health of the node again and again, and raises alarms',
  fields: MONITOR_FIELDS,
  definition: monitor,
  run: runMonitor,
}

async function runMonitor(init: AgentRunInit): Promise<AgentResult> {
  const fields = readInput(init.input, MONITOR_FIELDS)
  const rounds = readWhole(fields, 'rounds', { min: 1, max: 1_000_000_000, absent: 1 })
  const everyMs = readWhole(fields, 'everyMs', { min: 1, max: 86_400_000, absent: 30_000 })
  const failuresToAlarm = readWhole(fields, 'failuresToAlarm', { min: 1, max: 1_000, absent: 1 })
  const input: MonitorInput = { probes: healthProbes(init.node), everyMs, failuresToAlarm, roundsMax: rounds }
  const status = await withAgent(init, { definition: monitor, input }, async (ref) => {
    return await new Promise<Omit<MonitorStatus, 'type'>>((resolve, reject) => {
      const stop = (): void => reject(init.signal.reason as Error)
      init.signal.addEventListener('abort', stop, { once: true })
      ref.watch(({ reason, output, error }) => {
        init.signal.removeEventListener('abort', stop)
        // The output of `monitor` has its type.
        if (reason === 'done') resolve(output as Omit<MonitorStatus, 'type'>)
        else reject(error instanceof Error ? error : new Error(`The monitor ended: ${reason}`))
      })
      if (init.signal.aborted) stop()
    })
  })
  const lines = status.probes.map(({ name, state, detail }) => `${name}: ${state}, ${detail}`)
  const document = { type: 'status', ...status }
  return resultOf(document, { text: lines.join('\n'), hasFailures: status.alarms.length > 0 })
}

const TREASURER_FIELDS: readonly AgentField[] = [
  {
    name: 'accounts',
    kind: 'json',
    isRequired: true,
    describe: 'a list of {"name", "limitUsd", "parent"?, "windowMs"?}, those above others first',
  },
  {
    name: 'operations',
    kind: 'json',
    describe: 'a list of {"reserve": ID, "account", "usd"}, {"settle": ID, "usd"} and {"release": ID}, in order',
  },
]

export const TREASURER: PackagedAgent = {
  name: 'treasurer',
  summary: 'keeps budgets: what is set aside, spent and left, account below account',
  fields: TREASURER_FIELDS,
  definition: treasurer,
  run: runTreasurer,
}

async function runTreasurer(init: AgentRunInit): Promise<AgentResult> {
  const fields = readInput(init.input, TREASURER_FIELDS)
  const accounts = readList(fields, 'accounts', { countMax: 1_000, readItem: readAccount })
  const operations =
    fields['operations'] === undefined
      ? []
      : readList(fields, 'operations', { countMax: 100_000, readItem: readOperation })
  const { clock } = init.actors.environment
  return await withAgent(init, { definition: treasurer, input: { clock } }, async (ref) => {
    for (const account of accounts) await askAgent<TreasurerReply>(ref, { type: 'open', ...account }, init.signal)
    const replies: TreasurerReply[] = []
    // A refusal is a result here: the operations show what a budget lets through.
    for (const operation of operations)
      replies.push(await ref.ask<TreasurerReply>(operation, { signal: init.signal, timeoutMs: 60_000 }))
    const report = await askAgent<Extract<TreasurerReply, { type: 'accounts' }>>(ref, { type: 'report' }, init.signal)
    const lines = report.accounts.map(
      ({ name, spentNanos, heldNanos, remainingNanos }) =>
        `${name}: spent ${formatAmount(spentNanos)}, held ${formatAmount(heldNanos)}, left ${formatAmount(remainingNanos)}`,
    )
    const document = { accounts: report.accounts, operations: replies }
    return resultOf(document, { text: lines.join('\n'), hasFailures: replies.some(({ type }) => type === 'failed') })
  })
}

function readAccount(item: unknown, where: string): AccountInit {
  const fields = readObject(item, where)
  const parent = fields['parent'] === undefined ? undefined : readText(fields, 'parent', 256)
  const windowMs =
    fields['windowMs'] === undefined
      ? undefined
      : readWhole(fields, 'windowMs', { min: 1, max: Number.MAX_SAFE_INTEGER, absent: 1 })
  return {
    name: readText(fields, 'name', 256),
    limitNanos: readUsd(fields['limitUsd'], `${where}.limitUsd`),
    ...(parent !== undefined && { parent }),
    ...(windowMs !== undefined && { windowMs }),
  }
}

function readOperation(item: unknown, where: string): TreasurerEvent {
  const fields = readObject(item, where)
  if (fields['reserve'] !== undefined) {
    const id = readText(fields, 'reserve', 256)
    const account = readText(fields, 'account', 256)
    return { type: 'reserve', id, account, amountNanos: readUsd(fields['usd'], `${where}.usd`) }
  }
  if (fields['settle'] !== undefined) {
    return { type: 'settle', id: readText(fields, 'settle', 256), spentNanos: readUsd(fields['usd'], `${where}.usd`) }
  }
  return { type: 'release', id: readText(fields, 'release', 256) }
}

function readUsd(value: unknown, where: string): Amount {
  const amount = amountOf(value)
  if (amount === undefined) throw invalid(`${where} must be an amount of dollars of 0 or more`)
  return amount
}

function readObject(item: unknown, where: string): UnreadFields {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw invalid(`${where} must be an object`)
  return item as UnreadFields
}
