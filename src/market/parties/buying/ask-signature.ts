import { CodedError } from '../../../base/errors.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { bodyOfTerms, ESCROW_TERMS } from '../../../wire/v1/escrow-terms.ts'
import type { MarketPost } from '../../../wire/v1/market-frames.ts'
import { signSpanOf } from './buy-order.ts'
import { refuseOrder } from './buyer-authority.ts'
import type { BuyerSide } from './buyer-side.ts'
import { pause } from '../contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { hasSignedContract } from '../contracts/joint-signatures.ts'
import type { MarketAnswer } from '../market-door.ts'
import type { Party } from '../party.ts'
import { isInputFirst } from '../selling/take-input.ts'

/** Times that a seller which does not answer is asked for its signature, and the pause between them. */
const ASKS_MAX = 4
const ASK_AGAIN_MS = 500
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/**
 * Asks the seller of a purchase to sign its contract, and gives it the input. Of the payer the seller has offer and award alone: without a signature of the payer on the
 * contract nothing can be held, so that whoever declines, or does not answer, is done with. @returns Why the seller does not work; `undefined` when it has signed.
 */
export async function askSignature(
  side: BuyerSide,
  key: string,
  signal: AbortSignal = side.party.signal,
): Promise<string | undefined> {
  const { party, orders } = side
  const { cosignature, transcript, task, input: inputHash } = orders.get(key)
  if (cosignature !== undefined) return undefined
  const { contract, terms, peer } = orders.contractOf(key)
  const { predicate = '', capability } = party.noteOf<ContractNote>(CONTRACTS, contract) ?? {}
  const uncovered = capability && refuseOrder(side, capability)
  if (uncovered !== undefined) return uncovered
  const aud = party.components.notary.set.id
  const about = { aud, subject: contract }
  const body = { terms: ESCROW_TERMS.parse(bodyOfTerms(terms)) }
  const validMs = signSpanOf(terms.timers)
  const offer = await party.wallet.say({ act: `${contract}/offer`, type: 'escrow-offer', body, validMs, ...about })
  const awardBody = transcript === undefined ? {} : { auction: transcript }
  const award = await party.wallet.say({ act: `${contract}/award`, type: 'escrow-award', body: awardBody, ...about })
  const input = (await party.journal.file(inputHash)) ?? new Uint8Array()
  const frame = {
    type: 'contract',
    offer: DECODER.decode(offer.bytes),
    award: DECODER.decode(award.bytes),
    task,
    predicate,
    ...(capability !== undefined && { capability: { ...capability, chain: [...capability.chain] } }),
  } as const
  const isFirst = isInputFirst(terms)
  const asker = { components: party.components, signal }
  const question = { frame, ...(isFirst && { bytes: input }) }
  const isOver = (): boolean =>
    !isFirst || orders.get(key).isGivenUp === true || party.components.clock.now() >= terms.signBy
  const answer = await askUntilFetched(asker, { peer, question, isOver })
  if (answer.type === 'declined') return answer.code
  const { verify } = party.components
  const isRight =
    answer.type === 'cosigned' && hasSignedContract(terms.worker, { contract, signature: answer.signature }, verify)
  if (!isRight) return 'MARKET_ENVELOPE_REFUSED'
  // Nobody reads an input of which nobody wants to know the result.
  if (orders.get(key).isGivenUp === true) return 'BUY_GIVEN_UP'
  if (!isFirst) {
    const given = await askPatiently(asker, peer, { frame: { type: 'input', contract }, bytes: input })
    if (given.type !== 'taken') return given.type === 'declined' ? given.code : 'MARKET_ENVELOPE_REFUSED'
  }
  await orders.change(key, { cosignature: answer.signature })
  return undefined
}

type FetchingAsked = { readonly peer: Did; readonly question: MarketAnswer; readonly isOver: () => boolean }

/** A seller that would lose a penalty fetches the pieces of the input from here before it signs, and may come back to it after a restart. */
async function askUntilFetched(
  asker: Pick<Party, 'components' | 'signal'>,
  { peer, question, isOver }: FetchingAsked,
): Promise<MarketPost['frame']> {
  for (let isFetching = false; ;) {
    const answer = await askPatiently(asker, peer, question)
    isFetching ||= answer.type === 'declined' && answer.code === 'MARKET_INPUT_MISSING'
    if (!isFetching || answer.type !== 'declined' || !isUnderWay(answer.code) || isOver()) return answer
    await pause(asker.components.timers, ASK_AGAIN_MS, asker.signal)
    asker.signal.throwIfAborted()
  }
}

/** Whether a seller that fetches the input may still be at it: it says so, or cannot be reached. */
function isUnderWay(code: string): boolean {
  return code === 'MARKET_INPUT_MISSING' || code === 'NETWORK_UNREACHABLE' || code === 'NETWORK_TIMEOUT'
}

/** A seller that cannot be reached, or fails, may be back in a moment; asking twice is safe. */
async function askPatiently(
  { components, signal }: Pick<Party, 'components' | 'signal'>,
  peer: Did,
  question: MarketAnswer,
): Promise<MarketPost['frame']> {
  for (let asks = 1; ; asks += 1) {
    try {
      return (await components.door.ask(peer, question, { signal })).frame
    } catch (error: unknown) {
      if (!CodedError.is(error) || signal.aborted) throw error
      if (asks >= ASKS_MAX) return { type: 'declined', code: error.code }
    }
    await pause(components.timers, ASK_AGAIN_MS, signal)
  }
}
