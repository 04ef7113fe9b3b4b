import { defineAgent, type ActorSystem, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import {
  CodedError,
  composePlanOutput,
  parseSubTasks,
  planMachine,
  SUB_TASKS_MAX_DEFAULT,
  toPlainError,
  type Amount,
  type PlanFault,
  type PlanState,
} from 'kernell-os/core'
import { assign, fromPromise, setup } from 'xstate'
import { checkMethods } from '../agent-input.ts'
import type { AgentMemory } from '../memory-use.ts'
import { requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput } from '../model-calls/call-group.ts'
import type { Routing } from '../model-calls/model-call.ts'
import { enterPlanning, placesOf, type PlanPlaces } from '../model-calls/plan-gate.ts'
import { openPurse, type Purse } from '../model-calls/purse.ts'
import { checkTools, openToolUse, type ToolRights, type ToolUse } from '../model-calls/tool-use.ts'
import { readAmount, readText, readWhole } from '../read-fields.ts'
import { createRememberingJob, type InformedInput, type InformedOutput } from '../remembering-job.ts'
import { checkWhole, invalid } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import { executePlan, type PlanEnd, type StepLimits } from './execute-plan.ts'
import { lessonOf, planningPrompt } from './planning.ts'
import { doneCount, stepReports, type StepReport } from './steps.ts'
import { lookForPlan, type FoundPlan, type PlanGraphs } from './unfinished-plans.ts'

export type { StepReport } from './steps.ts'
export type { PlanGraphs } from './unfinished-plans.ts'

/**
 * What a planner is spawned with; the bounds are those of each plan. A bound out of its range makes `spawn` throw
 * `ACTOR_START_FAILED`.
 */
export type PlannerInput = Routing &
  ToolRights &
  DeskLimits &
  StepLimits & {
    /** What earlier plans led to is recalled from here, and what this one leads to is kept. Absent: neither. */
    readonly memory?: AgentMemory
    /**
     * Where a plan is kept until it has ended, `taskGraphsOf(await node.openPlans(), tenant)`: the next request of the same
     * task, in this process or another, goes on with one that has not. Absent: nowhere.
     */
    readonly graphs?: PlanGraphs
  }

/**
 * One task, answered with `Executed`, or with `RequestFailed` where it came to no output. `cancel` aborts the calls
 * that are under way.
 */
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
      /** False: an unfinished plan for the same task is given up, and a new one made. Default true: it is gone on with. */
      readonly isResuming?: boolean
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `execute`: the plan with what became of each step, also where some of them failed. */
export type Executed = {
  readonly type: 'executed'
  readonly id: string
  /** Outputs of the steps that no other step has used; empty where only a plan was asked for. */
  readonly output: string
  /** False when a step is missing in the output; `steps` says which and why. */
  readonly isComplete: boolean
  /** False when the answer to a step did not pass the router's checks. */
  readonly isAccepted: boolean
  readonly steps: readonly StepReport[]
  /** Why the plan of the model could not be used, so that the task is one step. */
  readonly planFault?: PlanFault
  /** Earlier outcomes that the plan was made with. */
  readonly recalled: number
  /** Steps that an earlier run had done already; what they cost then is not in `spentNanos`. */
  readonly resumed: number
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

/**
 * Steps of progress: `recalled` (with `memories`, how many), `planned` or `resumed` (with `done`, how many are), `step-started`,
 * `step-done` (with `output`), `step-retried`, `step-failed`, `step-stopped`, `journal-failed`.
 */
export type PlannerEmitted = DeskEmitted

type ExecuteRequest = {
  readonly task: string
  readonly stepsMax: number
  readonly isPlanOnly: boolean
  readonly isResuming: boolean
  readonly maxCostNanos: Amount | undefined
}

type Context = InformedInput<PlannerInput, ExecuteRequest> & {
  readonly planFault: PlanFault | undefined
  /** Where it was looked for an unfinished plan. */
  readonly found: FoundPlan | undefined
  /** Set when the plan is there; its end when it has ended. */
  readonly plan: PlanState | undefined
  readonly end: PlanEnd | undefined
  /** Tools that its steps may call. */
  readonly use: ToolUse | undefined
  readonly purse: Purse
  readonly error: unknown
}

const work = setup({
  types: {
    context: {} as Context,
    input: {} as InformedInput<PlannerInput, ExecuteRequest>,
    output: {} as InformedOutput<Omit<Executed, 'id'>>,
  },
  actors: {
    callGroup,
    lookForPlan: fromPromise<FoundPlan | undefined, Context>(async ({ input: { request, resources }, system }) => {
      const nowMs = systemOf(system).environment.clock.now()
      return resources.graphs && (await lookForPlan(resources.graphs, request, nowMs))
    }),
    enterPlanning: fromPromise<void, Context>(async ({ input }) => {
      const { firewall } = input.resources
      // Nobody has called a tool by then.
      if (firewall !== undefined) await enterPlanning(firewall, placesOfContext(input, {}))
    }),
    executePlan: fromPromise<PlanEnd, Context>(async ({ input, system, signal }) => {
      const { resources, plan, found, purse, report, use } = input
      if (plan === undefined) throw new Error('The plan was not made')
      const { graphs } = resources
      const kept = graphs === undefined || found === undefined ? undefined : { graphs, key: found.key }
      const begun = found?.unfinished === undefined ? { subTasks: plan.graph.subTasks } : { unfinished: plan }
      const { firewall } = resources
      const guarded = firewall && { firewall, places: placesOfContext(input) }
      return await executePlan(
        { actors: systemOf(system), resources, plan: begun, kept, guarded, use, purse, report },
        signal,
      )
    }),
  },
  actions: {
    takeFound: assign(({ context }, found: FoundPlan | undefined) => {
      const { unfinished } = found ?? {}
      if (unfinished !== undefined)
        context.report('resumed', { steps: stepsOf(unfinished), done: doneCount(unfinished) })
      return { found, plan: unfinished }
    }),
    reportJournal: ({ context }, { error }: { readonly error: unknown }) =>
      context.report('journal-failed', { error: toPlainError(error) }),
    takePlan: assign(({ context }, { outcomes, purse }: CallGroupOutput) => {
      const { task, stepsMax } = context.request
      const reply = textOf(outcomes[0]) ?? ''
      const { subTasks, fault } = parseSubTasks(reply, { task, hasLargeLocal: false, subTasksMax: stepsMax })
      const plan = planMachine.initial({ subTasks })
      context.report('planned', { steps: stepsOf(plan) })
      return { planFault: fault, purse, plan }
    }),
  },
  guards: {
    isPlanOnly: ({ context }) => context.request.isPlanOnly,
    isKept: ({ context }) => context.resources.graphs !== undefined && !context.request.isPlanOnly,
    isUnguarded: ({ context }) => context.resources.firewall === undefined,
    hasPlan: ({ context }) => context.plan !== undefined,
  },
}).createMachine({
  id: 'execute',
  context: ({ input }) => ({
    ...input,
    planFault: undefined,
    found: undefined,
    plan: undefined,
    end: undefined,
    use: openToolUse(input.resources, input.report),
    purse: openPurse(input.request.maxCostNanos),
    error: undefined,
  }),
  initial: 'beginning',
  states: {
    beginning: { always: [{ guard: 'isKept', target: 'looking' }, { target: 'entering' }] },
    looking: {
      invoke: {
        src: 'lookForPlan',
        input: ({ context }) => context,
        onDone: { target: 'looked', actions: { type: 'takeFound', params: ({ event }) => event.output } },
        // A plan that cannot be kept is carried out all the same.
        onError: {
          target: 'entering',
          actions: { type: 'reportJournal', params: ({ event }) => ({ error: event.error }) },
        },
      },
    },
    looked: { always: [{ guard: 'hasPlan', target: 'executing' }, { target: 'entering' }] },
    entering: {
      always: { guard: 'isUnguarded', target: 'planning' },
      invoke: {
        src: 'enterPlanning',
        input: ({ context }) => context,
        onDone: 'planning',
        onError: { target: 'ended', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    planning: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => planningCall(context),
        // Whatever the model said, there is a plan: at worst the task as one step, which then says why no model answers.
        onDone: { target: 'planned', actions: { type: 'takePlan', params: ({ event }) => event.output } },
      },
    },
    planned: { always: [{ guard: 'isPlanOnly', target: 'ended' }, { target: 'executing' }] },
    executing: {
      invoke: {
        src: 'executePlan',
        input: ({ context }) => context,
        onDone: {
          target: 'ended',
          actions: assign(({ event: { output } }) => ({ end: output, plan: output.state, purse: output.purse })),
        },
        onError: { target: 'ended', actions: assign({ error: ({ event }) => event.error }) },
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

function checkInput(input: PlannerInput): void {
  const { parallelMax, stepAttemptsMax, stepTimeoutMs, stepContextTokensMax, graphs, firewall } = input
  checkTools(input)
  checkWhole('parallelMax', parallelMax, { min: 1 })
  checkWhole('stepAttemptsMax', stepAttemptsMax, { min: 1, max: 1_000 })
  checkWhole('stepTimeoutMs', stepTimeoutMs, { min: 1, max: 24 * 3_600_000 })
  checkWhole('stepContextTokensMax', stepContextTokensMax, { min: 64 })
  if (firewall !== undefined)
    checkMethods(firewall, 'firewall', {
      names: ['begin', 'known'],
      hint: 'give the agent `await node.openFirewall()`, or leave it out',
    })
  if (graphs === undefined) return
  checkMethods(graphs, 'graphs', {
    names: ['run', 'unfinished', 'resume', 'forget'],
    hint: 'give the agent `taskGraphsOf(await node.openPlans(), tenant)`, or leave it out',
  })
}

function readRequest(event: DeskEvent): ExecuteRequest {
  return {
    task: readText(event, 'task', 40_000),
    stepsMax: readWhole(event, 'stepsMax', { min: 1, max: 32, absent: SUB_TASKS_MAX_DEFAULT }),
    isPlanOnly: readFlag(event, 'isPlanOnly', false),
    isResuming: readFlag(event, 'isResuming', true),
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function readFlag(event: DeskEvent, name: string, absent: boolean): boolean {
  const value = event[name] ?? absent
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`)
  return value
}

/** Agents of this package are hosted by the systems of `kernell-os/actors`, which XState's types do not know. */
function systemOf(system: object): ActorSystem {
  return system as ActorSystem
}

function stepsOf(plan: PlanState): readonly object[] {
  return plan.graph.subTasks.map(({ id, description, depends_on }) => ({ id, description, dependsOn: depends_on }))
}

function placesOfContext({ resources, recalled }: Context, { tools }: ToolRights = resources): PlanPlaces {
  const { targets, controls, caller } = resources
  const asking = {
    caller,
    ...(targets !== undefined && { targets }),
    ...(controls !== undefined && { controls }),
    ...(tools !== undefined && { tools }),
  }
  return placesOf(asking, { recalledIds: recalled?.ids ?? [], isKept: resources.memory !== undefined })
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

function outputOf(context: Context): InformedOutput<Omit<Executed, 'id'>> {
  const { request, plan, end, planFault, recalled, purse } = context
  if (plan === undefined || (end === undefined && !request.isPlanOnly))
    return { kind: 'failed', error: context.error ?? new Error('The plan was not made') }
  const steps = stepReports(plan)
  const isAccepted = end === undefined || end.doubtful.length === 0
  const shared = {
    type: 'executed',
    isAccepted,
    steps,
    ...(planFault !== undefined && { planFault }),
    recalled: recalled?.texts.length ?? 0,
    resumed: end?.resumed ?? 0,
    spentNanos: purse.spentNanos,
    hasUnknownCost: purse.hasUnknownCost,
  } as const
  if (end === undefined) return { kind: 'done', reply: { ...shared, output: '', isComplete: false } }
  const { output, isComplete } = composePlanOutput(plan)
  const lesson = lessonOf(request.task, steps, end)
  const learned = lesson === undefined ? {} : { lesson }
  if (output === '') return { kind: 'failed', error: firstErrorOf(end), ...learned }
  return { kind: 'done', reply: { ...shared, output, isComplete }, ...learned }
}

function firstErrorOf({ errors }: PlanEnd): unknown {
  const [first] = errors.values()
  return first ?? new CodedError('ROUTER_ALL_FAILED', { message: 'No step of the plan gave an output' })
}
