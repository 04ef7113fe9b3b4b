import type { AnswerLogprobs, TokenLikelihood, TokenLogprob } from '../../ports/language-model.ts'
import { asArray, asRecord, asString, type JsonRecord } from '../json-access.ts'

/** More alternatives of one token than the interface gives. */
const TOP_MAX = 20

/** The likelihoods of a whole answer; `undefined` where it brings none. */
export function decodeAnswerLogprobs(value: unknown): AnswerLogprobs | undefined {
  const record = asRecord(value)
  if (record === undefined) return undefined
  const [text, refusal] = [decodeLogprobs(record['content']), decodeLogprobs(record['refusal'])]
  return text.length + refusal.length === 0 ? undefined : { text, refusal }
}

/** The likelihoods in a list; what is none is left out. */
export function decodeLogprobs(value: unknown): readonly TokenLogprob[] {
  const decoded: TokenLogprob[] = []
  for (const item of asArray(value)) {
    const record = asRecord(item)
    const likelihood = record && decodeLikelihood(record)
    if (record === undefined || likelihood === undefined) continue
    const top: TokenLikelihood[] = []
    for (const other of asArray(record['top_logprobs']).slice(0, TOP_MAX)) {
      const alternative = decodeLikelihood(asRecord(other) ?? {})
      if (alternative !== undefined) top.push(alternative)
    }
    decoded.push({ ...likelihood, top })
  }
  return decoded
}

function decodeLikelihood({ token, logprob, bytes }: JsonRecord): TokenLikelihood | undefined {
  const text = asString(token)
  if (text === undefined || typeof logprob !== 'number' || !Number.isFinite(logprob)) return undefined
  const isBytes = Array.isArray(bytes) && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
  return { token: text, logprob, bytes: isBytes ? (bytes as readonly number[]) : null }
}
