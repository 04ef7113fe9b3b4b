import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Transport } from '../../ports/transport.ts'
import { KeptAnswers } from './kept-answers.ts'
import {
  answerText,
  decodeQuestion,
  encodeBytes,
  encodePart,
  encodeSubmitAnswer,
  isNotaryQuestion,
  NOTARY_PROTOCOL,
  type NotaryQuestion,
} from '../../wire/v1/notary-questions.ts'

/**
 * Opens a notary's door to others. Whoever may connect may about: an envelope is authenticated by its own signature, and views hold hashes, amounts and roles only.
 *
 * @returns Closes it.
 */
export function serveNotary(transport: Transport, notary: NotaryClient): () => void {
  const kept = new KeptAnswers()
  return transport.handle(NOTARY_PROTOCOL, async ({ from, body }, { signal }) => {
    if (!isNotaryQuestion(body)) return encodeSubmitAnswer(await notary.submit(body, { signal }))
    const question = decodeQuestion(body)
    if (question === undefined) throw new CodedError('NOTARY_QUESTION_UNKNOWN', { message: 'Not a question' })
    const { part, ...about } = question
    const key = `${from} ${canonicalJson(about)}`
    const before = part === 0 ? undefined : kept.find(key)
    const text = before ?? answerText(canonicalJson({ answer: await answer(notary, question, signal) }))
    if (part === text.parts - 1) kept.drop(key)
    else if (before === undefined) kept.keep(key, text)
    return encodePart(text, part)
  })
}

async function answer(notary: NotaryClient, question: NotaryQuestion, signal: AbortSignal): Promise<unknown> {
  switch (question.about) {
    case 'contract': {
      const { contract, afterSeq, waitMs } = question
      // The first transition is 0, and counts on the wire are never negative: absent means all.
      const follow = { ...(afterSeq !== undefined && { afterSeq }), ...(waitMs !== undefined && { waitMs }) }
      return (await notary.contract(contract, { ...follow, signal })) ?? null
    }
    case 'evidence': {
      const evidence = await notary.evidence(question.contract, { signal })
      return evidence.map(({ envelope, receipt }) => ({
        ...(envelope && { envelope: encodeBytes(envelope) }),
        receipt: encodeBytes(receipt),
      }))
    }
    case 'accounts': {
      const { owner, currency, after, limit } = question
      return await notary.accounts({ owner, currency, after, limit }, { signal })
    }
    case 'currencies': {
      const { code, currency, isListed, after, limit } = question
      return await notary.currencies({ code, currency, isListed, after, limit }, { signal })
    }
    case 'transfers': {
      const { contract, hold, owner, after, limit } = question
      return await notary.transfers({ contract, hold, owner, after, limit }, { signal })
    }
    case 'owner':
      return await notary.owner(question.owner, { signal })
    case 'governance':
      return (await notary.governance({ signal })) ?? null
    case 'prove':
      return await notary.prove(question.index, { signal })
    case 'growth': {
      const { from, to } = question
      return to === undefined
        ? await notary.proveGrowth(from, { signal })
        : await notary.proveBeginning({ from, to }, { signal })
    }
    case 'checkpoint':
      return await notary.checkpoint({ signal })
    case 'first-since':
      return (await notary.firstSince(question.at, { signal })) ?? null
  }
}
