import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { parseSubTasks, SUB_TASKS_MAX_DEFAULT, type Amount, type PlanFault } from 'kernell-os/core'
import { assign, enqueueActions, setup } from 'xstate'
import type { AgentMemory } from '../memory-use.ts'
import { requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput } from '../model-calls/call-group.ts'
import { modelCall, type ModelCallOutcome, type Routing } from '../model-calls/model-call.ts'
import { openPurse, type Purse } from '../model-calls/purse.ts'
import { readAmount, readText, readWhole } from '../read-fields.ts'
import { createRememberingJob, type InformedInput, type InformedOutput } from '../remembering-job.ts'
import { checkWhole, invalid } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import { lessonOf, planningPrompt } from './planning.ts'
import {
  beginSteps,
  endStep,
  isDone,
  planSteps,
  resultOf,
  stepReports,
  type Execution,
  type StepReport,
} from './steps.ts'

export type { StepReport } from './steps.ts'

export type PlannerInput = Routing &
  DeskLimits & {
    /** What earlier plans led to is recalled from here, and what this one leads to is kept. Absent: neither. */
    readonly memory?: AgentMemory
    /** Steps of one plan that run at once, 1 or more. Default 4; under a cap they run one by one. */
    readonly parallelMax?: number
  }

export type PlannerEvent =
  | {
      readonly type: 'execute'
      readonly id?: string
      /** At most 40,000 characters. */
      readonly task: string
      /** Steps that it may be split into, 1 to 32. Default 12. */
      readonly stepsMax?: number
      /** True: the plan is made and answered, and nothing of it is done. Default false. */
      readonly isPlanOnly?: boolean
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

export type Executed = {
  readonly type: 'executed'
  readonly id: string
  /** Outputs of the steps that no other step has used; empty where only a plan was asked for. */
  readonly output: string
  /** False when a step is missing in the output; `steps` says which and why. */
  readonly isComplete: boolean
  readonly steps: readonly StepReport[]
  /** Why the plan of the model could not be used, so that the task is one step. */
  readonly planFault?: PlanFault
  /** Earlier outcomes that the plan was made with. */
  readonly recalled: number
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

/** Steps of progress: `recalled` (with `memories`, how many), `planned`, `step-started`, `step-done` (with `output`), `step-failed`, `step-stopped`. */
export type PlannerEmitted = DeskEmitted

type ExecuteRequest = {
  readonly task: string
  readonly stepsMax: number
  readonly isPlanOnly: boolean
  readonly maxCostNanos: Amount | undefined
}

type Context = InformedInput<PlannerInput, ExecuteRequest> & {
  readonly planFault: PlanFault | undefined
  /** Set when the plan is there. */
  readonly execution: Execution | undefined
  readonly purse: Purse
}

const work = setup({
  types: {
    context: {} as Context,
    input: {} as InformedInput<PlannerInput, ExecuteRequest>,
    output: {} as InformedOutput<Omit<Executed, 'id'>>,
    events: {} as {
      readonly type: string
      readonly actorId?: string
      readonly output?: unknown
      readonly error?: unknown
    },
  },
  actors: { callGroup, modelCall },
  actions: {
    takePlan: assign(({ context }, { outcomes, purse }: CallGroupOutput) => {
      const { task, stepsMax } = context.request
      const reply = textOf(outcomes[0]) ?? ''
      const { subTasks, fault } = parseSubTasks(reply, { task, hasLargeLocal: false, subTasksMax: stepsMax })
      context.report('planned', {
        steps: subTasks.map(({ id, description, depends_on }) => ({ id, description, dependsOn: depends_on })),
      })
      const planned = planSteps(subTasks, { parallelMax: context.resources.parallelMax, purse })
      return { planFault: fault, purse, execution: planned }
    }),
    begin: assign(({ context: { execution } }) => ({ execution: execution && beginSteps(execution) })),
    startSteps: enqueueActions(({ context, enqueue }) => {
      const { execution, resources, report } = context
      if (execution === undefined) return
      for (const { id, prompt, ...caps } of execution.starts) {
        report('step-started', { stepId: id })
        const input = { ...resources, request: requestOfPrompt(prompt), ...caps }
        enqueue.spawnChild('modelCall', { id: `step:${id}`, input })
      }
      for (const { id, failedDependency } of execution.stopped) report('step-stopped', { stepId: id, failedDependency })
      enqueue.assign({ execution: { ...execution, starts: [], stopped: [] } })
    }),
    endStep: enqueueActions(({ context, event, enqueue }) => {
      const { execution, report } = context
      const { actorId = '' } = event
      enqueue.stopChild(actorId)
      if (execution === undefined) return
      const id = actorId.slice('step:'.length)
      const outcome = outcomeOf(event)
      const output = textOf(outcome)
      if (output === undefined) report('step-failed', { stepId: id })
      else report('step-done', { stepId: id, output })
      const next = endStep(execution, id, outcome)
      enqueue.assign({ execution: next, purse: next.purse })
    }),
  },
  guards: {
    isPlanOnly: ({ context }) => context.request.isPlanOnly,
    isDone: ({ context }) => context.execution !== undefined && isDone(context.execution),
  },
}).createMachine({
  id: 'execute',
  context: ({ input }) => ({
    ...input,
    planFault: undefined,
    execution: undefined,
    purse: openPurse(input.request.maxCostNanos),
  }),
  initial: 'planning',
  states: {
    planning: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => planningCall(context),
        // Whatever the model said, there is a plan: at worst the task as one step, which then says why no model answers.
        onDone: { target: 'planned', actions: { type: 'takePlan', params: ({ event }) => event.output } },
      },
    },
    planned: {
      always: [
        { guard: 'isPlanOnly', target: 'ended' },
        { target: 'executing', actions: 'begin' },
      ],
    },
    executing: {
      entry: 'startSteps',
      always: { guard: 'isDone', target: 'ended' },
      on: {
        'xstate.done.actor.*': { target: 'executing', reenter: true, actions: 'endStep' },
        'xstate.error.actor.*': { target: 'executing', reenter: true, actions: 'endStep' },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context),
})

/** Splits a task into a graph of steps, does those that are ready side by side, and puts the outputs together. */
export const planner: AgentDefinition = defineAgent({
  name: 'planner',
  logic: createRequestDesk({
    name: 'planner',
    verb: 'execute',
    read: readRequest,
    checkInput,
    job: createRememberingJob<ExecuteRequest>({ taskOf: ({ task }) => task, work }),
  }),
})

function checkInput({ parallelMax }: PlannerInput): void {
  checkWhole('parallelMax', parallelMax, { min: 1 })
}

function readRequest(event: DeskEvent): ExecuteRequest {
  const { isPlanOnly = false } = event
  if (typeof isPlanOnly !== 'boolean') throw invalid('isPlanOnly must be true or false')
  return {
    task: readText(event, 'task', 40_000),
    stepsMax: readWhole(event, 'stepsMax', { min: 1, max: 32, absent: SUB_TASKS_MAX_DEFAULT }),
    isPlanOnly,
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function planningCall({ resources, request, recalled, purse }: Context): CallGroupInput {
  const prompt = planningPrompt(request.task, { stepsMax: request.stepsMax, lessons: recalled?.texts ?? [] })
  return {
    routing: resources,
    requests: [requestOfPrompt(prompt, { maxOutputTokens: 2_048 })],
    purse,
    // How many steps there will be is not known yet; a plan is worth about one of them.
    callsAfter: Math.min(request.stepsMax, 4),
  }
}

function outcomeOf({
  type,
  output,
  error,
}: {
  readonly type: string
  readonly output?: unknown
  readonly error?: unknown
}): ModelCallOutcome {
  // The output of `modelCall` has its type; an error is a fault of its own.
  return type.startsWith('xstate.done')
    ? (output as ModelCallOutcome)
    : { kind: 'failed', error, purse: openPurse(undefined) }
}

function outputOf({ request, execution, planFault, recalled, purse }: Context): InformedOutput<Omit<Executed, 'id'>> {
  if (execution === undefined) return { kind: 'failed', error: new Error('The plan was not made') }
  const steps = stepReports(execution)
  const shared = {
    type: 'executed',
    steps,
    ...(planFault !== undefined && { planFault }),
    recalled: recalled?.texts.length ?? 0,
    spentNanos: purse.spentNanos,
    hasUnknownCost: purse.hasUnknownCost,
  } as const
  if (request.isPlanOnly) return { kind: 'done', reply: { ...shared, output: '', isComplete: false } }
  const { output, isComplete } = resultOf(execution)
  const lesson = { outcome: lessonOf(request.task, steps), isSuccess: isComplete }
  if (output === '') return { kind: 'failed', error: execution.firstError, lesson }
  return { kind: 'done', reply: { ...shared, output, isComplete }, lesson }
}
