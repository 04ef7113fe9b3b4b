import { CodedError } from '../../base/errors.ts'
import type { LanguageModel, ModelRequest, ModelStreamPart, ModelUsage } from '../../ports/language-model.ts'
import { expectRejection, expectSame, type ConformanceCase } from './conformance-case.ts'

/** What the suite runs against. */
export type LanguageModelSubject = {
  /** Answers `request` the same way every time, with text of two stream parts or more. */
  readonly model: LanguageModel
  readonly request: ModelRequest
  /** The same kind of model in a state in which every call fails: a server that is down, a file that is damaged. */
  readonly failing: LanguageModel
}

const FINISH_REASONS = ['stop', 'length', 'tool-calls', 'content-filter', 'unknown']

async function collect(stream: AsyncIterable<ModelStreamPart>): Promise<readonly ModelStreamPart[]> {
  const parts: ModelStreamPart[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

function textOf(parts: readonly ModelStreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
}

function expectTrue(isTrue: boolean, what: string): void {
  expectSame(isTrue, true, what)
}

function expectSoundUsage(usage: ModelUsage): void {
  for (const count of [usage.tokensIn, usage.tokensOut, usage.cachedTokensIn]) {
    expectTrue(Number.isSafeInteger(count) && count >= 0, `${count} is a whole number of 0 or more`)
  }
  expectTrue(usage.tokensIn > 0, 'a prompt has tokens')
  expectTrue(usage.cachedTokensIn <= usage.tokensIn, 'cached tokens are part of the input')
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const member of Object.values(value)) deepFreeze(member)
}

/** The platform's controller; the port names the signal only. */
function aborted(reason: unknown): AbortSignal {
  return AbortSignal.abort(reason)
}

const WHOLE_ANSWER_CASES: readonly ConformanceCase<LanguageModelSubject>[] = [
  {
    name: 'it names itself and its provider',
    run: async ({ model }) => {
      expectTrue(model.modelId !== '' && model.provider !== '', 'both names are there')
    },
  },
  {
    name: 'a whole answer has text, a known finish reason and sound usage',
    run: async ({ model, request }) => {
      const answer = await model.doGenerate(request)
      expectTrue(answer.text !== '', 'the text is there')
      expectSame(answer.toolCalls, [], 'tool calls')
      expectTrue(FINISH_REASONS.includes(answer.finishReason), `${answer.finishReason} is a finish reason`)
      expectSoundUsage(answer.usage)
      expectTrue(answer.usage.tokensOut > 0, 'an answer has tokens')
    },
  },
  {
    name: 'the request is read and never changed',
    run: async ({ model, request }) => {
      const frozen = structuredClone(request)
      deepFreeze(frozen)
      await model.doGenerate(frozen)
      await collect(model.doStream(frozen))
      expectSame(frozen, request, 'the request')
    },
  },
  {
    name: 'two calls at once do not mix',
    run: async ({ model, request }) => {
      const [left, right, parts] = await Promise.all([
        model.doGenerate(request),
        model.doGenerate(request),
        collect(model.doStream(request)),
      ])
      expectSame([right.text, textOf(parts)], [left.text, left.text], 'the texts')
    },
  },
  {
    name: 'a signal that was aborted before the call rejects with its reason',
    run: async ({ model, request }) => {
      const reason = new Error('gone')
      const options = { signal: aborted(reason) }
      await expectRejection(
        () => model.doGenerate(request, options),
        (error) => error === reason,
        'the call',
      )
      await expectRejection(
        () => collect(model.doStream(request, options)),
        (error) => error === reason,
        'the stream',
      )
    },
  },
  {
    name: 'a signal that is aborted after the answer changes nothing',
    run: async ({ model, request }) => {
      const controller = new AbortController()
      const before = await model.doGenerate(request, { signal: controller.signal })
      controller.abort(new Error('too late'))
      const after = await model.doGenerate(request)
      expectSame(after.text, before.text, 'the text')
    },
  },
  {
    name: 'a failure carries a code, whole and streamed',
    run: async ({ failing, request }) => {
      await expectRejection(
        () => failing.doGenerate(request),
        (error) => CodedError.is(error),
        'the call',
      )
      await expectRejection(
        () => collect(failing.doStream(request)),
        (error) => CodedError.is(error),
        'the stream',
      )
    },
  },
]

const STREAM_CASES: readonly ConformanceCase<LanguageModelSubject>[] = [
  {
    name: 'a stream has text parts and exactly one finish, which is last',
    run: async ({ model, request }) => {
      const parts = await collect(model.doStream(request))
      const finishes = parts.filter((part) => part.type === 'finish')
      expectSame([finishes.length, parts.at(-1)?.type], [1, 'finish'], 'the finish')
      const texts = parts.filter((part) => part.type === 'text-delta')
      expectTrue(texts.length >= 1, 'there is text')
      expectTrue(
        texts.every((part) => part.text !== ''),
        'no text part is empty',
      )
    },
  },
  {
    name: 'the parts of a stream add up to the whole answer',
    run: async ({ model, request }) => {
      const answer = await model.doGenerate(request)
      const parts = await collect(model.doStream(request))
      expectSame(textOf(parts), answer.text, 'the text')
      const finish = parts.at(-1)
      if (finish?.type !== 'finish') throw new Error('the stream has no finish')
      expectSame(finish.finishReason, answer.finishReason, 'the finish reason')
      expectSame(finish.usage, answer.usage, 'the usage')
    },
  },
  {
    name: 'a stream that nobody reads starts nothing',
    run: async ({ failing, model, request }) => {
      failing.doStream(request)
      const answer = await model.doGenerate(request)
      expectTrue(answer.text !== '', 'the model still answers')
    },
  },
  {
    name: 'aborting in the middle of a stream rejects with the reason and yields nothing more',
    run: async ({ model, request }) => {
      const controller = new AbortController()
      const reason = new Error('enough')
      let count = 0
      const read = async (): Promise<void> => {
        for await (const _part of model.doStream(request, { signal: controller.signal })) {
          count++
          controller.abort(reason)
        }
      }
      await expectRejection(read, (error) => error === reason, 'the stream')
      expectSame(count, 1, 'parts read')
    },
  },
  {
    name: 'leaving a stream early leaves the model able to answer',
    run: async ({ model, request }) => {
      const answer = await model.doGenerate(request)
      for await (const _part of model.doStream(request)) break
      const again = await model.doGenerate(request)
      expectSame(again.text, answer.text, 'the text')
    },
  },
]

/** Promises of the LanguageModel port that hold whatever the model says. */
export const LANGUAGE_MODEL_CASES: readonly ConformanceCase<LanguageModelSubject>[] = [
  ...WHOLE_ANSWER_CASES,
  ...STREAM_CASES,
]
