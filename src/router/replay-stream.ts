import type { ModelAnswer, ModelStreamPart } from '../ports/language-model.ts'

/** Longest piece of text in one part when a whole answer is sent as a stream. */
const PIECE_CHARACTERS = 256

/** A whole answer as a stream: from the cache, from an exact tool, or held back until it was accepted. */
export async function* replayAsStream(answer: ModelAnswer): AsyncGenerator<ModelStreamPart, void, undefined> {
  const { text, refusal, logprobs } = answer
  // Tokens do not end where pieces would.
  if (logprobs !== undefined && logprobs.text.length > 0) yield { type: 'text-delta', text, logprobs: logprobs.text }
  else yield* piecesOf(text)
  if (refusal !== undefined) {
    const hasLogprobs = logprobs !== undefined && logprobs.refusal.length > 0
    yield { type: 'refusal-delta', text: refusal, ...(hasLogprobs && { logprobs: logprobs.refusal }) }
  }
  for (const [index, call] of answer.toolCalls.entries()) {
    yield { type: 'tool-call-delta', index, id: call.id, name: call.name, argumentsText: call.arguments }
  }
  yield {
    type: 'finish',
    finishReason: answer.finishReason,
    usage: answer.usage,
    ...(answer.servedModel !== undefined && { servedModel: answer.servedModel }),
    ...(answer.stopSequence !== undefined && { stopSequence: answer.stopSequence }),
  }
}

function* piecesOf(text: string): Generator<ModelStreamPart, void, undefined> {
  for (let start = 0; start < text.length;) {
    const end = endOfPiece(text, start)
    yield { type: 'text-delta', text: text.slice(start, end) }
    start = end
  }
}

/** Never between the two halves of a surrogate pair: each piece is encoded on its own. */
function endOfPiece(text: string, start: number): number {
  const end = Math.min(start + PIECE_CHARACTERS, text.length)
  const last = text.charCodeAt(end - 1)
  return last >= 0xd800 && last <= 0xdbff && end < text.length ? end + 1 : end
}
