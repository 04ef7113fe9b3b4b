import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { toPlainError, type Amount } from 'kernell-os/core'
import { assign, fromPromise, setup } from 'xstate'
import type { Lesson } from '../memory-use.ts'
import { areAccepted, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupOutput } from '../model-calls/call-group.ts'
import { openPurse } from '../model-calls/purse.ts'
import { checkTools, openToolUse } from '../model-calls/tool-use.ts'
import { noteDown, openNotes } from '../notes.ts'
import { createRememberingJob, type InformedInput, type InformedOutput } from '../remembering-job.ts'
import { checkWhole, type CancelRequest, type DeskEmitted } from '../request-desk/protocol.ts'
import { createRequestDesk } from '../request-desk/request-desk.ts'
import { enterResearch, gatheringCalls, nextQuestions, splittingCall, writingCall } from './calls.ts'
import { addAnswer, soFar } from './conversation.ts'
import { addFound, NOTHING_FOUND, type Gap } from './findings.ts'
import { findingsAsAnswer, parseQuestions, textOfFinding, type Finding, type Source } from './prompts.ts'
import { readRequest } from './read-request.ts'
import type { Research, ResearcherInput, ResearchRequest } from './research.ts'

export type { Gap } from './findings.ts'
export type { ResearcherInput } from './research.ts'

/**
 * One question, answered with `Researched`, or with `RequestFailed` where no part of it was answered. `cancel` aborts
 * the calls that are under way.
 */
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
      /**
       * The conversation that the question belongs to, 1 to 96 characters of `A-Z a-z 0-9 . _ : -`: what was asked and
       * answered in it before is shown with the question, as a rolling summary, and the answer is added. Needs a memory.
       */
      readonly thread?: string
      /** True: the conversation ends with this question, and is folded into one memory. Default false. */
      readonly isLast?: boolean
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/**
 * Answer to `research`. Where `answer` was put together of several, `[1]` and `[2]` in it are `findings` in their order;
 * `gaps` are the parts that stayed without an answer.
 */
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

/**
 * Steps of progress: `recalled` (with `memories`, how many), `gathering` (with `questions`), `question-answered`,
 * `tool-called`, `writing` (with `findings` and `gaps`, how many), `memory-failed`.
 */
export type ResearcherEmitted = DeskEmitted

/** Tokens of what was found so far that a question is shown, as they are estimated. */
const NOTED_TOKENS_MAX = 2_000

const work = setup({
  types: {
    context: {} as Research,
    input: {} as InformedInput<ResearcherInput, ResearchRequest>,
    output: {} as InformedOutput<Omit<Researched, 'id'>>,
  },
  actors: {
    callGroup,
    enterResearch: fromPromise<void, Research>(async ({ input }) => await enterResearch(input)),
    addAnswer: fromPromise<void, Research>(async ({ input: { resources, request, answer }, signal }) => {
      const { conversation, question } = request
      if (conversation === undefined || answer === undefined) return
      await addAnswer(resources.memory, conversation, { question, answer, signal })
    }),
  },
  actions: {
    takeQuestions: assign(({ context: { request } }, { outcomes, purse }: CallGroupOutput) => ({
      purse,
      questions: parseQuestions(textOf(outcomes[0]), request.question, request.questionsMax),
    })),
    takeFindings: assign(({ context }, { outcomes, purse }: CallGroupOutput) => {
      const asked = nextQuestions(context)
      const found = addFound(context.found, asked, outcomes)
      const fresh = found.findings.slice(context.found.findings.length)
      const noted = fresh.map((finding) => ({ kind: 'finding', id: finding.question, text: textOfFinding(finding) }))
      return {
        purse,
        found,
        notes: noteDown(context.notes, noted),
        askedCount: context.askedCount + asked.length,
        isAccepted: context.isAccepted && areAccepted(outcomes),
      }
    }),
    takeAnswer: assign(({ context }, { outcomes, purse }: CallGroupOutput) => ({
      purse,
      answer: textOf(outcomes[0]),
      isAccepted: context.isAccepted && areAccepted(outcomes),
    })),
    reportMemory: ({ context }, { error }: { readonly error: unknown }) =>
      context.report('memory-failed', { error: toPlainError(error) }),
  },
  guards: {
    hasTools: ({ context }) => context.use !== undefined,
    hasQuestions: ({ context }) => context.askedCount < context.questions.length,
    hasFailed: ({ context }) => errorOf(context) !== undefined,
    /** One question with one answer: there is nothing to put together. */
    isAnswered: ({ context }) => context.questions.length === 1 && context.found.findings.length === 1,
    isOneQuestion: ({ context }) => context.request.questionsMax === 1,
    isConversation: ({ context }) => context.request.conversation !== undefined && context.answer !== undefined,
  },
}).createMachine({
  id: 'research',
  context: ({ input }) => ({
    ...input,
    questions: [input.request.question],
    askedCount: 0,
    found: NOTHING_FOUND,
    notes: openNotes(NOTED_TOKENS_MAX),
    conversation:
      input.request.conversation === undefined ? '' : soFar(input.resources.memory, input.request.conversation),
    answer: undefined,
    refusal: undefined,
    isAccepted: true,
    use: openToolUse(input.resources, input.report),
    purse: openPurse(input.request.maxCostNanos),
  }),
  initial: 'opening',
  states: {
    opening: { always: [{ guard: 'hasTools', target: 'entering' }, { target: 'planning' }] },
    entering: {
      invoke: {
        src: 'enterResearch',
        input: ({ context }) => context,
        onDone: 'planning',
        onError: { target: 'ended', actions: assign({ refusal: ({ event }) => event.error }) },
      },
    },
    planning: { always: [{ guard: 'isOneQuestion', target: 'beginning' }, { target: 'splitting' }] },
    splitting: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => splittingCall(context),
        // Without a usable reply the question stays one; if no model can be asked at all, gathering says so.
        onDone: { target: 'beginning', actions: { type: 'takeQuestions', params: ({ event }) => event.output } },
      },
    },
    beginning: {
      entry: ({ context }) => context.report('gathering', { questions: context.questions }),
      always: 'gathering',
    },
    // As many at once as allowed; those after them are shown what these found.
    gathering: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => gatheringCalls(context),
        onDone: { target: 'weighing', actions: { type: 'takeFindings', params: ({ event }) => event.output } },
      },
    },
    weighing: {
      always: [
        { guard: 'hasQuestions', target: 'gathering' },
        { guard: 'hasFailed', target: 'ended' },
        {
          guard: 'isAnswered',
          target: 'answered',
          actions: assign({ answer: ({ context }) => context.found.findings[0]?.answer }),
        },
        { target: 'writing' },
      ],
    },
    writing: {
      entry: ({ context: { found, report } }) =>
        report('writing', { findings: found.findings.length, gaps: found.gaps.length }),
      invoke: {
        src: 'callGroup',
        input: ({ context }) => writingCall(context),
        onDone: { target: 'answered', actions: { type: 'takeAnswer', params: ({ event }) => event.output } },
      },
    },
    answered: { always: [{ guard: 'isConversation', target: 'adding' }, { target: 'ended' }] },
    adding: {
      invoke: {
        src: 'addAnswer',
        input: ({ context }) => context,
        onDone: 'ended',
        onError: {
          target: 'ended',
          actions: { type: 'reportMemory', params: ({ event }) => ({ error: event.error }) },
        },
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

function checkInput(input: ResearcherInput): void {
  checkWhole('parallelMax', input.parallelMax, { min: 1 })
  checkTools(input)
}

/** Where nothing was found at all, the first failure is the error of the whole. */
function errorOf({ found: { findings, firstError }, refusal }: Pick<Research, 'found' | 'refusal'>): unknown {
  return findings.length === 0 ? (refusal ?? firstError) : undefined
}

function outputOf(context: Research): InformedOutput<Omit<Researched, 'id'>> {
  const { answer, found, isAccepted, recalled, purse } = context
  const { findings, gaps } = found
  const lesson = lessonOf(context)
  const error = errorOf(context)
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
function lessonOf({ answer, isAccepted, found }: Research): Lesson | undefined {
  if (answer === undefined) return undefined
  if (!isAccepted) return { outcome: answer, isSuccess: false }
  return found.isCutShort ? { outcome: answer } : { outcome: answer, isSuccess: true }
}
