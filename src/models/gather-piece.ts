import type { ModelStreamPart, TokenLogprob } from '../ports/language-model.ts'

/**
 * Parts of which neighbouring texts are one. What arrived in one piece of the network cannot be told apart in time, so it need not be handed
 * on token by token: a model that answers in bursts, or a reader that was busy, costs one part a burst and not one a token.
 */
function mergeTextDeltas(parts: readonly ModelStreamPart[]): readonly ModelStreamPart[] {
  if (parts.length < 2) return parts
  const merged: ModelStreamPart[] = []
  let text = ''
  let logprobs: TokenLogprob[] | undefined
  const flush = (): void => {
    if (logprobs !== undefined) merged.push({ type: 'text-delta', text, logprobs })
    else if (text !== '') merged.push({ type: 'text-delta', text })
    text = ''
    logprobs = undefined
  }
  for (const part of parts) {
    if (part.type === 'text-delta') {
      text += part.text
      if (part.logprobs !== undefined) (logprobs ??= []).push(...part.logprobs)
      continue
    }
    flush()
    merged.push(part)
  }
  flush()
  return merged
}

/** What one piece of the network held: its parts, and the failure that ended it. What came before a failure came first. */
export type ArrivedPiece = { readonly parts: readonly ModelStreamPart[]; readonly failure: Error | undefined }

/** Reads the events of one piece. `readInto` adds their parts and throws where an event cannot be read. */
export function gatherPiece(readInto: (parts: ModelStreamPart[]) => void): ArrivedPiece {
  const parts: ModelStreamPart[] = []
  try {
    readInto(parts)
  } catch (failure) {
    return { parts: mergeTextDeltas(parts), failure: failure instanceof Error ? failure : new Error(String(failure)) }
  }
  return { parts: mergeTextDeltas(parts), failure: undefined }
}
