import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { buildJudgePrompt, parseJudgeVerdict, verifyAnswer, type Amount, type Verdict } from 'kernell-os/core'
import type { RouteTarget } from 'kernell-os/ports'
import { assign, setup } from 'xstate'
import { checkRouting, checkTargets } from '../agent-input.ts'
import { failureOf, requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput, type Outcomes } from '../model-calls/call-group.ts'
import type { ModelCallOutcome, Routing } from '../model-calls/model-call.ts'
import { openPurse, type Purse } from '../model-calls/purse.ts'
import { readAmount, readText } from '../read-fields.ts'
import { checkWhole } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits, JobInput, JobOutput } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import { confidenceOf, decide, quorumOf, type QuorumVerdict, type Vote } from './quorum.ts'

/**
 * What a verifier is spawned with; its judges never answer from the cache. A bound out of its range makes `spawn`
 * throw `ACTOR_START_FAILED`.
 */
export type VerifierInput = Routing &
  DeskLimits & {
    /** Judges that are asked, 1 to 15. Default 3. */
    readonly judges?: number
    /** Equal votes that decide, from 1 to `judges`. Default more than half. */
    readonly quorum?: number
    /** Whom the judges ask, in turn; several models are better than one model several times. Default: `targets`. */
    readonly judgeTargets?: readonly RouteTarget[]
  }

/**
 * One answer to judge, answered with `Verified`, or with `RequestFailed` where no judge could be asked. `cancel`
 * aborts the calls that are under way.
 */
export type VerifierEvent =
  | {
      readonly type: 'verify'
      readonly id?: string
      /** What was asked; at most 40,000 characters. */
      readonly task: string
      /** What was answered; at most 100,000 characters. */
      readonly answer: string
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/**
 * Answer to `verify`. `votes` has those that were cast before the verdict was certain, and is empty where the checks
 * alone rejected.
 */
export type Verified = {
  readonly type: 'verified'
  readonly id: string
  readonly verdict: QuorumVerdict
  /** Mean confidence of the judges on the winning side, 0 to 1; 1 where a check that needs no judge decided. */
  readonly confidence: number
  readonly votes: readonly Vote[]
  /** The checks that need no model, in their order. */
  readonly checks: Verdict['checks']
  /** Judges that could not be asked. */
  readonly absent: number
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

/**
 * Steps of progress: `checked` (with `isValid`), and `voted` for each judge (with `judge`, from 1, and `vote`, which
 * is `absent` for one that could not be asked).
 */
export type VerifierEmitted = DeskEmitted

type VerifyRequest = { readonly task: string; readonly answer: string; readonly maxCostNanos: Amount | undefined }

type Context = JobInput<VerifierInput, VerifyRequest> & {
  readonly checked: Verdict
  readonly outcomes: Outcomes
  readonly purse: Purse
}

const JUDGES_DEFAULT = 3
const JUDGES_MAX = 15
const JUDGE_TOKENS_MAX = 300

const job = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput<VerifierInput, VerifyRequest>,
    output: {} as JobOutput<Omit<Verified, 'id'>>,
  },
  actors: { callGroup },
  guards: { isCertainlyWrong: ({ context }) => !context.checked.valid },
  actions: {
    takeVotes: assign((_, { outcomes, purse }: CallGroupOutput) => ({ outcomes, purse })),
  },
}).createMachine({
  id: 'verify',
  context: ({ input }) => ({
    ...input,
    checked: verifyAnswer({ task: input.request.task, answer: input.request.answer }),
    outcomes: [],
    purse: openPurse(input.request.maxCostNanos),
  }),
  initial: 'checking',
  states: {
    checking: {
      entry: ({ context }) => context.report('checked', { isValid: context.checked.valid }),
      always: [{ guard: 'isCertainlyWrong', target: 'ended' }, { target: 'judging' }],
    },
    judging: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => judgeCalls(context),
        onDone: { target: 'ended', actions: { type: 'takeVotes', params: ({ event }) => event.output } },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context),
})

/** Judges answers: what can be checked for certain first, then a quorum of independent judges. */
export const verifier: AgentDefinition = defineAgent({
  name: 'verifier',
  logic: createRequestDesk({ name: 'verifier', verb: 'verify', read: readRequest, checkInput, job }),
})

function readRequest(event: DeskEvent): VerifyRequest {
  return {
    task: readText(event, 'task', 40_000),
    // An empty answer is an answer, and a wrong one.
    answer: event['answer'] === '' ? '' : readText(event, 'answer', 100_000),
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function checkInput(input: VerifierInput): void {
  checkRouting(input)
  const { judges = JUDGES_DEFAULT, quorum, judgeTargets } = input
  if (judgeTargets !== undefined) checkTargets(judgeTargets, 'judgeTargets')
  checkWhole('judges', judges, { min: 1, max: JUDGES_MAX })
  checkWhole('quorum', quorum, { min: 1, max: judges })
}

function judgeCalls({ resources, request, purse, report }: Context): CallGroupInput {
  const { judges = JUDGES_DEFAULT, judgeTargets, targets, controls } = resources
  const judge = requestOfPrompt(buildJudgePrompt(request), { maxOutputTokens: JUDGE_TOKENS_MAX })
  const quorum = quorumOf(judges, resources.quorum)
  return {
    // The same question several times: one judge's stored reply is not another's vote.
    routing: { ...resources, controls: { ...controls, cache: 'off' } },
    requests: Array.from({ length: judges }, () => judge),
    targetsOf: (index) => turnOf(judgeTargets, index) ?? targets,
    purse,
    parallelMax: judges,
    isEnough: (outcomes) => decide(tallyOf(outcomes, judges), quorum) !== undefined,
    onOutcome: (index, outcome) => report('voted', { judge: index + 1, vote: voteOf(outcome)?.kind ?? 'absent' }),
  }
}

/** The judge's own target first, then the others, in case it cannot be asked. */
function turnOf(targets: readonly RouteTarget[] | undefined, index: number): readonly RouteTarget[] | undefined {
  if (targets === undefined) return undefined
  const first = index % targets.length
  return [...targets.slice(first), ...targets.slice(0, first)]
}

function voteOf(outcome: ModelCallOutcome | undefined): Vote | undefined {
  if (outcome?.kind !== 'answered') return undefined
  return { ...parseJudgeVerdict(textOf(outcome) ?? ''), modelId: outcome.result.modelId }
}

function votesOf(outcomes: Outcomes): readonly Vote[] {
  return outcomes.map(voteOf).filter((vote) => vote !== undefined)
}

function tallyOf(outcomes: Outcomes, judges: number): { accepting: number; rejecting: number; open: number } {
  const votes = votesOf(outcomes)
  return {
    accepting: votes.filter(({ kind }) => kind === 'accept').length,
    rejecting: votes.filter(({ kind }) => kind === 'reject').length,
    open: judges - outcomes.filter((outcome) => outcome !== undefined).length,
  }
}

function outputOf({ resources, checked, outcomes, purse }: Context): JobOutput<Omit<Verified, 'id'>> {
  const { judges = JUDGES_DEFAULT } = resources
  const { spentNanos, hasUnknownCost } = purse
  const paid = { checks: checked.checks, spentNanos, hasUnknownCost }
  if (!checked.valid) {
    return {
      kind: 'done',
      reply: { type: 'verified', verdict: 'rejected', confidence: 1, votes: [], absent: 0, ...paid },
    }
  }
  const votes = votesOf(outcomes)
  const failures = outcomes.filter((outcome) => outcome?.kind === 'failed')
  if (votes.length === 0) return { kind: 'failed', error: failureOf(failures[0]) }
  // Votes that were not waited for could not have changed it.
  const verdict = decide({ ...tallyOf(outcomes, judges), open: 0 }, quorumOf(judges, resources.quorum)) ?? 'undecided'
  const confidence = confidenceOf(votes, verdict)
  return { kind: 'done', reply: { type: 'verified', verdict, confidence, votes, absent: failures.length, ...paid } }
}
