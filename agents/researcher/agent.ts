import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { toPlainError, type Amount } from 'kernell-os/core'
import { assign, setup } from 'xstate'
import type { AgentMemory, Lesson } from '../memory-use.ts'
import { areAccepted, failureOf, requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput, type Outcomes } from '../model-calls/call-group.ts'
import type { Routing } from '../model-calls/model-call.ts'
import { openPurse, type Purse } from '../model-calls/purse.ts'
import { saysSomething } from '../model-outcomes.ts'
import { readAmount, readList, readText, readWhole, type UnreadFields } from '../read-fields.ts'
import { createRememberingJob, type InformedInput, type InformedOutput } from '../remembering-job.ts'
import { checkWhole, invalid } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import {
  findingsAsAnswer,
  gatheringPrompt,
  parseQuestions,
  splittingPrompt,
  writingPrompt,
  type Finding,
  type Source,
} from './prompts.ts'

export type ResearcherInput = Routing &
  DeskLimits & {
    /** What earlier requests found out is recalled from here, and what this one finds is kept. Absent: neither. */
    readonly memory?: AgentMemory
    /** Questions of one request that are asked at once. Default 4. */
    readonly parallelMax?: number
  }

export type ResearcherEvent =
  | {
      readonly type: 'research'
      readonly id?: string
      /** At most 8,000 characters. */
      readonly question: string
      /** Texts that the answer may rest on: 16 at most, each of at most 40,000 characters. */
      readonly sources?: readonly Source[]
      /** Questions that it may be split into, 1 to 12. Default 4. */
      readonly questionsMax?: number
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** A question that stayed without an answer, and why. */
export type Gap = { readonly question: string; readonly code: string; readonly message: string }

export type Researched = {
  readonly type: 'researched'
  readonly id: string
  readonly answer: string
  readonly findings: readonly Finding[]
  readonly gaps: readonly Gap[]
  /** False when nobody could write the answer: it then is the findings, one after another. */
  readonly isWritten: boolean
  /** False when an answer on the way did not pass the router's checks. */
  readonly isAccepted: boolean
  /** Memories that were used. */
  readonly recalled: number
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

export type ResearcherEmitted = DeskEmitted

type ResearchRequest = {
  readonly question: string
  readonly sources: readonly Source[]
  readonly questionsMax: number
  readonly maxCostNanos: Amount | undefined
}

type Context = InformedInput<ResearcherInput, ResearchRequest> & {
  readonly questions: readonly string[]
  readonly findings: readonly Finding[]
  readonly gaps: readonly Gap[]
  /** Whether a question stayed without an answer for a reason that has nothing to do with it. */
  readonly isCutShort: boolean
  readonly answer: string | undefined
  readonly isAccepted: boolean
  readonly purse: Purse
  readonly error: unknown
}

const work = setup({
  types: {
    context: {} as Context,
    input: {} as InformedInput<ResearcherInput, ResearchRequest>,
    output: {} as InformedOutput<Omit<Researched, 'id'>>,
  },
  actors: { callGroup },
  actions: {
    takeQuestions: assign(({ context: { request } }, { outcomes, purse }: CallGroupOutput) => ({
      purse,
      questions: parseQuestions(textOf(outcomes[0]), request.question, request.questionsMax),
    })),
    takeFindings: assign(({ context }, { outcomes, purse }: CallGroupOutput) => ({
      purse,
      isAccepted: areAccepted(outcomes),
      ...foundBy(context.questions, outcomes),
    })),
    takeAnswer: assign(({ context }, { outcomes, purse }: CallGroupOutput) => ({
      purse,
      answer: textOf(outcomes[0]),
      isAccepted: context.isAccepted && areAccepted(outcomes),
    })),
  },
  guards: {
    hasFailed: ({ context }) => context.error !== undefined,
    /** One question with one answer: there is nothing to put together. */
    isAnswered: ({ context }) => context.questions.length === 1 && context.findings.length === 1,
    isOneQuestion: ({ context }) => context.request.questionsMax === 1,
  },
}).createMachine({
  id: 'research',
  context: ({ input }) => ({
    ...input,
    questions: [input.request.question],
    findings: [],
    gaps: [],
    isCutShort: false,
    answer: undefined,
    isAccepted: true,
    purse: openPurse(input.request.maxCostNanos),
    error: undefined,
  }),
  initial: 'planning',
  states: {
    planning: { always: [{ guard: 'isOneQuestion', target: 'gathering' }, { target: 'splitting' }] },
    splitting: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => splittingCall(context),
        // Without a usable reply the question stays one; if no model can be asked at all, gathering says so.
        onDone: { target: 'gathering', actions: { type: 'takeQuestions', params: ({ event }) => event.output } },
      },
    },
    gathering: {
      entry: ({ context }) => context.report('gathering', { questions: context.questions }),
      invoke: {
        src: 'callGroup',
        input: ({ context }) => gatheringCalls(context),
        onDone: { target: 'weighing', actions: { type: 'takeFindings', params: ({ event }) => event.output } },
      },
    },
    weighing: {
      always: [
        { guard: 'hasFailed', target: 'ended' },
        {
          guard: 'isAnswered',
          target: 'ended',
          actions: assign({ answer: ({ context }) => context.findings[0]?.answer }),
        },
        { target: 'writing' },
      ],
    },
    writing: {
      entry: ({ context }) =>
        context.report('writing', { findings: context.findings.length, gaps: context.gaps.length }),
      invoke: {
        src: 'callGroup',
        input: ({ context }) => writingCall(context),
        onDone: { target: 'ended', actions: { type: 'takeAnswer', params: ({ event }) => event.output } },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context),
})

/** Answers questions that take several steps: recalls, splits, asks the parts side by side, and writes what follows. */
export const researcher: AgentDefinition = defineAgent({
  name: 'researcher',
  logic: createRequestDesk({
    name: 'researcher',
    verb: 'research',
    read: readRequest,
    checkInput,
    job: createRememberingJob<ResearchRequest>({ taskOf: ({ question }) => question, work }),
  }),
})

function checkInput({ parallelMax }: ResearcherInput): void {
  checkWhole('parallelMax', parallelMax, { min: 1 })
}

function readRequest(event: DeskEvent): ResearchRequest {
  return {
    question: readText(event, 'question', 8_000),
    sources: event['sources'] === undefined ? [] : readList(event, 'sources', { countMax: 16, readItem: readSource }),
    questionsMax: readWhole(event, 'questionsMax', { min: 1, max: 12, absent: 4 }),
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function readSource(item: unknown, where: string): Source {
  if (typeof item !== 'object' || item === null) throw invalid(`${where} must be an object with title and text`)
  const fields = item as UnreadFields
  return { title: readText(fields, 'title', 300), text: readText(fields, 'text', 40_000) }
}

function splittingCall({ resources, request, purse }: Context): CallGroupInput {
  return {
    routing: resources,
    requests: [requestOfPrompt(splittingPrompt(request.question, request.questionsMax), { maxOutputTokens: 600 })],
    purse,
    callsAfter: request.questionsMax + 1,
  }
}

function gatheringCalls({ resources, request, recalled, questions, purse, report }: Context): CallGroupInput {
  const known = { sources: request.sources, memories: recalled?.texts ?? [] }
  return {
    routing: resources,
    requests: questions.map((question) => requestOfPrompt(gatheringPrompt(question, known), { maxOutputTokens: 800 })),
    purse,
    callsAfter: 1,
    onOutcome: (index, { kind }) => report('question-answered', { question: questions[index], outcome: kind }),
    ...(resources.parallelMax !== undefined && { parallelMax: resources.parallelMax }),
  }
}

function writingCall({ resources, request, findings, gaps, purse }: Context): CallGroupInput {
  const missing = gaps.map(({ question }) => question)
  return {
    routing: resources,
    requests: [requestOfPrompt(writingPrompt(request.question, findings, missing))],
    purse,
  }
}

/** Findings and gaps; and, where nothing was found at all, the first failure as the error of the whole. */
function foundBy(
  questions: readonly string[],
  outcomes: Outcomes,
): Pick<Context, 'findings' | 'gaps' | 'isCutShort' | 'error'> {
  const findings: Finding[] = []
  const gaps: Gap[] = []
  let error: unknown
  let isCutShort = false
  for (const [index, question] of questions.entries()) {
    const answer = textOf(outcomes[index])
    if (answer !== undefined) {
      findings.push({ question, answer })
      continue
    }
    const failure = failureOf(outcomes[index])
    const { code, message } = toPlainError(failure)
    error ??= failure
    isCutShort ||= !saysSomething(failure)
    gaps.push({ question, code, message })
  }
  return { findings, gaps, isCutShort, error: findings.length === 0 ? error : undefined }
}

function outputOf(context: Context): InformedOutput<Omit<Researched, 'id'>> {
  const { error, answer, findings, gaps, isAccepted, recalled, purse } = context
  const lesson = lessonOf(context)
  if (error !== undefined) return { kind: 'failed', error }
  return {
    kind: 'done',
    ...(lesson !== undefined && { lesson }),
    reply: {
      type: 'researched',
      answer: answer ?? findingsAsAnswer(findings),
      findings,
      gaps,
      isWritten: answer !== undefined,
      isAccepted,
      recalled: recalled?.texts.length ?? 0,
      spentNanos: purse.spentNanos,
      hasUnknownCost: purse.hasUnknownCost,
    },
  }
}

/**
 * Without an answer nothing is known about the memories, and there is nothing to keep. An answer that was refused is a
 * failure; one that only lacks what no model could be asked is kept, and is neither.
 */
function lessonOf({ answer, isAccepted, isCutShort }: Context): Lesson | undefined {
  if (answer === undefined) return undefined
  if (!isAccepted) return { outcome: answer, isSuccess: false }
  return isCutShort ? { outcome: answer } : { outcome: answer, isSuccess: true }
}
