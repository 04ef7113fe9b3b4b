import { canonicalJson } from '../base/canonical-json.ts'
import { CodedError, fromPlainError, toPlainError, type PlainError } from '../base/errors.ts'
import { sha256Hex } from '../base/sha256.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../ports/language-model.ts'
import { answerOfParts, partsOfAnswer } from './answer-parts.ts'

/** One recorded call: a line of a JSONL file. Exactly one of `answer` and `error` is present. */
export type Recording = {
  /** SHA-256 of the canonical JSON of model and request. */
  readonly request_hash: string
  readonly model: string
  readonly provider: string
  readonly answer?: ModelAnswer
  readonly error?: PlainError
}

/** Hash under which a request to a model is recorded. Two requests that differ only in the order of members are the same. */
export function hashModelRequest(modelId: string, request: ModelRequest): string {
  return sha256Hex(canonicalJson({ model: modelId, request }))
}

/** The model that is called, and where its answers go. A call waits for `append`, and fails where that rejects. */
export type RecordingModelInit = {
  readonly model: LanguageModel
  /** Takes one JSON line, without its line end, for each completed call. */
  readonly append: (line: string) => void | Promise<void>
}

/**
 * A model that passes calls on and writes down what came back, failures with a code included. Aborted and abandoned calls are not
 * recorded: they say nothing about the provider.
 */
export function createRecordingModel({ model, append }: RecordingModelInit): LanguageModel {
  const write = (
    request: ModelRequest,
    outcome: Pick<Recording, 'answer'> | Pick<Recording, 'error'>,
  ): void | Promise<void> =>
    append(
      JSON.stringify({
        request_hash: hashModelRequest(model.modelId, request),
        model: model.modelId,
        provider: model.provider,
        ...outcome,
      } satisfies Recording),
    )
  const writeFailure = async (request: ModelRequest, error: unknown): Promise<void> => {
    if (CodedError.is(error)) await write(request, { error: toPlainError(error) })
  }
  return {
    modelId: model.modelId,
    provider: model.provider,
    async doGenerate(request, options) {
      try {
        const answer = await model.doGenerate(request, options)
        await write(request, { answer })
        return answer
      } catch (error) {
        await writeFailure(request, error)
        throw error
      }
    },
    async *doStream(request, options) {
      const parts: ModelStreamPart[] = []
      try {
        for await (const part of model.doStream(request, options)) {
          parts.push(part)
          if (part.type === 'finish') await write(request, { answer: answerOfParts(parts) })
          yield part
        }
      } catch (error) {
        await writeFailure(request, error)
        throw error
      }
    },
  }
}

/** Which model a recording stands in for. `modelId` is part of the hash by which requests are found again; `provider` is only what the model says of itself. */
export type RecordedModelInit = {
  readonly modelId: string
  readonly provider: string
  /** Lines of a recording, in the order in which they were written; blank ones are skipped. Lines of other models are ignored. */
  readonly lines: Iterable<string>
}

/**
 * A model that answers from a recording. Equal requests get their recorded outcomes in order, and the last one again after that.
 * Throws `MODEL_RECORDING_MISSING` for a request that was never recorded; the constructor throws `SyntaxError` for a line that is not JSON.
 */
export function createRecordedModel({ modelId, provider, lines }: RecordedModelInit): LanguageModel {
  const outcomes = new Map<string, Recording[]>()
  for (const line of lines) {
    if (line.trim() === '') continue
    const recording = JSON.parse(line) as Recording
    if (recording.model !== modelId) continue
    const list = outcomes.get(recording.request_hash) ?? []
    list.push(recording)
    outcomes.set(recording.request_hash, list)
  }
  const replay = (request: ModelRequest, options: AbortOptions | undefined): ModelAnswer => {
    options?.signal?.throwIfAborted()
    const hash = hashModelRequest(modelId, request)
    const list = outcomes.get(hash)
    const recording = list !== undefined && list.length > 1 ? list.shift() : list?.[0]
    if (recording?.error !== undefined) throw fromPlainError(recording.error)
    if (recording?.answer !== undefined) return recording.answer
    throw new CodedError('MODEL_RECORDING_MISSING', {
      message: `The recording of ${modelId} has no such request`,
      details: { model: modelId, requestHash: hash },
    })
  }
  return {
    modelId,
    provider,
    async doGenerate(request, options) {
      return replay(request, options)
    },
    async *doStream(request, options) {
      for (const part of partsOfAnswer(replay(request, options), 3)) {
        options?.signal?.throwIfAborted()
        yield part
      }
      options?.signal?.throwIfAborted()
    },
  }
}
