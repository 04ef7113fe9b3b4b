import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import type { Amount } from 'kernell-os/core'
import type { ModelRequest } from 'kernell-os/ports'
import { assign, setup } from 'xstate'
import { checkRouting } from '../agent-input.ts'
import { fenceTexts } from '../fence-texts.ts'
import { areAccepted, failureOf, requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import { callGroup, type CallGroupInput, type CallGroupOutput } from '../model-calls/call-group.ts'
import type { Routing } from '../model-calls/model-call.ts'
import { openPurse, type Purse } from '../model-calls/purse.ts'
import { readAmount, readOptionalText, readText, readWhole } from '../read-fields.ts'
import { checkWhole } from '../request-desk/protocol.ts'
import type { CancelRequest, DeskEmitted, DeskLimits, JobInput, JobOutput } from '../request-desk/protocol.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import { joinShortParts, splitText } from './split-text.ts'

/**
 * What a summarizer is spawned with; the bounds are those of each text. A bound out of its range makes `spawn` throw
 * `ACTOR_START_FAILED`.
 */
export type SummarizerInput = Routing &
  DeskLimits & {
    /** Characters that one call reads, 200 or more. Default 12,000, about 3,000 tokens. */
    readonly partChars?: number
    /** Longest text. Default 1,000,000 characters. */
    readonly textCharsMax?: number
    /** Parts of one text that are condensed at once. Default 4. */
    readonly parallelMax?: number
  }

/**
 * One text, of at most `textCharsMax` characters, answered with `Summarized`, or with `RequestFailed` where a call
 * for one of its parts, or for the whole, failed. `cancel` aborts the calls that are under way.
 */
export type SummarizerEvent =
  | {
      readonly type: 'summarize'
      readonly id?: string
      readonly text: string
      /** About how many words the summary has, 10 to 5,000. Default 150. */
      readonly words?: number
      /** What the reader wants to know; at most 500 characters. Default: the main points. */
      readonly focus?: string
      /** Most that this request may cost. */
      readonly maxCostNanos?: Amount
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `summarize`: it always covers the whole text. */
export type Summarized = {
  readonly type: 'summarized'
  readonly id: string
  readonly summary: string
  /** Pieces that the text was cut into. */
  readonly parts: number
  /** Model calls that gave an answer. */
  readonly calls: number
  /** False when an answer on the way did not pass the router's checks. */
  readonly isAccepted: boolean
  readonly spentNanos: Amount
  readonly hasUnknownCost: boolean
}

/**
 * Steps of progress: `part-condensed` (with `part`, from 1, `of` and `outcome`), of texts that do not fit one call,
 * and `writing`.
 */
export type SummarizerEmitted = DeskEmitted

type SummarizeRequest = {
  readonly text: string
  readonly words: number
  readonly focus: string | undefined
  readonly maxCostNanos: Amount | undefined
}

type Context = JobInput<SummarizerInput, SummarizeRequest> & {
  /** What is left of the text: first its parts, then what they were condensed to. */
  readonly parts: readonly string[]
  readonly partCount: number
  readonly calls: number
  readonly isAccepted: boolean
  readonly purse: Purse
  readonly summary: string
  readonly error: unknown
}

const PART_CHARS_DEFAULT = 12_000
const TEXT_CHARS_MAX_DEFAULT = 1_000_000
/** Each condensing makes a part at least so many times shorter, so the rounds end. */
const SHRINKING = 3
const CHARS_PER_TOKEN = 4

const job = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput<SummarizerInput, SummarizeRequest>,
    output: {} as JobOutput<Omit<Summarized, 'id'>>,
  },
  actors: { callGroup },
  guards: {
    fitsOneCall: ({ context }) => context.parts.length <= 1,
    hasFailed: ({ context }) => context.error !== undefined,
  },
  actions: {
    takeCondensed: assign(({ context }, { outcomes, purse }: CallGroupOutput) => {
      const partChars = partCharsOf(context)
      const condensed = outcomes.map((outcome) => textOf(outcome)?.slice(0, Math.floor(partChars / SHRINKING)))
      const textless = outcomes.find((outcome) => outcome !== undefined && textOf(outcome) === undefined)
      return {
        purse,
        calls: context.calls + condensed.filter((text) => text !== undefined).length,
        isAccepted: context.isAccepted && areAccepted(outcomes),
        parts: joinShortParts(
          condensed.filter((text) => text !== undefined),
          partChars,
        ),
        error: textless === undefined ? undefined : failureOf(textless),
      }
    }),
    takeSummary: assign(({ context }, { outcomes, purse }: CallGroupOutput) => {
      const summary = textOf(outcomes[0])
      return {
        purse,
        summary: summary ?? '',
        calls: context.calls + (summary === undefined ? 0 : 1),
        isAccepted: context.isAccepted && areAccepted(outcomes),
        error: summary === undefined ? failureOf(outcomes[0]) : undefined,
      }
    }),
  },
}).createMachine({
  id: 'summarize',
  context: ({ input }) => {
    const parts = splitText(input.request.text, input.resources.partChars ?? PART_CHARS_DEFAULT)
    return {
      ...input,
      parts,
      partCount: parts.length,
      calls: 0,
      isAccepted: true,
      purse: openPurse(input.request.maxCostNanos),
      summary: '',
      error: undefined,
    }
  },
  initial: 'deciding',
  states: {
    deciding: {
      always: [
        { guard: 'hasFailed', target: 'ended' },
        { guard: 'fitsOneCall', target: 'writing' },
        { target: 'condensing' },
      ],
    },
    condensing: {
      invoke: {
        src: 'callGroup',
        input: ({ context }) => condensingCalls(context),
        onDone: { target: 'deciding', actions: { type: 'takeCondensed', params: ({ event }) => event.output } },
      },
    },
    writing: {
      entry: ({ context }) => context.report('writing'),
      invoke: {
        src: 'callGroup',
        input: ({ context }) => writingCall(context),
        onDone: { target: 'ended', actions: { type: 'takeSummary', params: ({ event }) => event.output } },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context),
})

/** Summarises texts of any length: what does not fit one call is condensed part by part, until it does. */
export const summarizer: AgentDefinition = defineAgent({
  name: 'summarizer',
  logic: createRequestDesk({ name: 'summarizer', verb: 'summarize', read: readRequest, checkInput, job }),
})

function checkInput(input: SummarizerInput): void {
  checkRouting(input)
  const { partChars, textCharsMax, parallelMax } = input
  checkWhole('partChars', partChars, { min: 200 })
  checkWhole('textCharsMax', textCharsMax, { min: 1, max: 100_000_000 })
  checkWhole('parallelMax', parallelMax, { min: 1 })
}

function readRequest(event: DeskEvent, { textCharsMax = TEXT_CHARS_MAX_DEFAULT }: SummarizerInput): SummarizeRequest {
  return {
    text: readText(event, 'text', textCharsMax),
    words: readWhole(event, 'words', { min: 10, max: 5_000, absent: 150 }),
    focus: readOptionalText(event, 'focus', 500),
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function partCharsOf({ resources }: Context): number {
  return resources.partChars ?? PART_CHARS_DEFAULT
}

function condensingCalls(context: Context): CallGroupInput {
  const { resources, request, parts, purse, report } = context
  const partChars = partCharsOf(context)
  const maxOutputTokens = Math.max(32, Math.floor(partChars / SHRINKING / CHARS_PER_TOKEN))
  return {
    routing: resources,
    requests: parts.map((part) => condensingRequest(part, request.focus, maxOutputTokens)),
    purse,
    callsAfter: Math.ceil(parts.length / SHRINKING),
    // A summary without one of the parts would be of another text.
    isEnough: (outcomes) => outcomes.some((outcome) => outcome?.kind === 'failed'),
    onOutcome: (index, { kind }) => report('part-condensed', { part: index + 1, of: parts.length, outcome: kind }),
    ...(resources.parallelMax !== undefined && { parallelMax: resources.parallelMax }),
  }
}

function condensingRequest(part: string, focus: string | undefined, maxOutputTokens: number): ModelRequest {
  const fenced = fenceTexts([{ name: 'part', content: part }])
  const system = [
    'You condense one part of a longer text, so that the whole can be summarised from the condensed parts.',
    'Keep facts, numbers, names, decisions and open questions exactly; drop wording, repetition and examples.',
    ...focusLines(focus),
    `At most ${maxOutputTokens} tokens. Answer with the condensed part only.`,
    fenced.notice,
  ].join('\n')
  return requestOfPrompt({ system, user: `${fenced.text}\n\nCondense this part.` }, { maxOutputTokens })
}

function writingCall({ resources, request, parts, purse }: Context): CallGroupInput {
  const fenced = fenceTexts([{ name: 'text', content: parts.join('\n\n') }])
  const system = [
    `You summarise a text in about ${request.words} words. Say only what the text says.`,
    ...focusLines(request.focus),
    'Answer with the summary only.',
    fenced.notice,
  ].join('\n')
  return {
    routing: resources,
    requests: [requestOfPrompt({ system, user: `${fenced.text}\n\nWrite the summary.` })],
    purse,
  }
}

function focusLines(focus: string | undefined): readonly string[] {
  return focus === undefined ? [] : [`The reader wants to know: ${focus}`]
}

function outputOf(context: Context): JobOutput<Omit<Summarized, 'id'>> {
  const { error, summary, partCount, calls, isAccepted, purse } = context
  if (error !== undefined) return { kind: 'failed', error }
  const { spentNanos, hasUnknownCost } = purse
  const reply = {
    type: 'summarized',
    summary,
    parts: partCount,
    calls,
    isAccepted,
    spentNanos,
    hasUnknownCost,
  } as const
  return { kind: 'done', reply }
}
