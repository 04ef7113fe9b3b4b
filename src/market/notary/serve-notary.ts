import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Transport } from '../../ports/transport.ts'
import {
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
  return transport.handle(NOTARY_PROTOCOL, async ({ body }, { signal }) => {
    if (!isNotaryQuestion(body)) return encodeSubmitAnswer(await notary.submit(body, { signal }))
    const question = decodeQuestion(body)
    if (question === undefined) throw new CodedError('NOTARY_QUESTION_UNKNOWN', { message: 'Not a question' })
    return encodePart(canonicalJson({ answer: await answer(notary, question, signal) }), question.part)
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
    case 'accounts':
      return await notary.accounts(question.owner, { signal })
    case 'owner':
      return await notary.owner(question.owner, { signal })
    case 'transfers':
      return await notary.transfers(question.contract, { signal })
    case 'prove':
      return await notary.prove(question.index, { signal })
    case 'growth':
      return await notary.proveGrowth(question.from, { signal })
    case 'checkpoint':
      return await notary.checkpoint({ signal })
    case 'first-since':
      return (await notary.firstSince(question.at, { signal })) ?? null
  }
}
