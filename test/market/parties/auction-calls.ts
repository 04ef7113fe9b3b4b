import { sha256Hex } from '../../../src/base/sha256.ts'
import { type AuctionCall, auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import { parseSalt32, type Salt32 } from '../../../src/core/auction/delimited-hash.ts'
import { LOST_DEPOSITS } from '../../../src/core/auction/deposits.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../../src/core/evidence/names.ts'
import type { MessageBody } from '../../../src/wire/v1/message-types.ts'
import { type MarketWorld, nanos, SET, USD } from './market-world.ts'

export type CalledAuction = { readonly auctioneer: Did; readonly name: string; readonly changes?: Partial<AuctionCall> }

/** A sealed auction for a word count that begins now, as its call is signed; the name makes it another one. */
export function calledAuction(
  world: MarketWorld,
  { auctioneer, name, changes = {} }: CalledAuction,
): { readonly body: MessageBody<'auction-call'>; readonly subject: ContractId } {
  const span = (ms: number): AuctionCall['bidMs'] => ms as AuctionCall['bidMs']
  const called: AuctionCall = {
    auctioneer,
    buyer: auctioneer,
    skill: 'text.word-count',
    task: sha256Hex(name) as Hash,
    currency: USD,
    kind: 'first',
    reservePriceNanos: nanos(2_000),
    latencyMsMax: span(30_000),
    depositNanos: nanos(0),
    forfeitTo: LOST_DEPOSITS,
    opensAt: world.time.clock.now(),
    bidMs: span(1_000),
    revealMs: span(1_000),
    settleMs: span(1_000),
    bidsMax: 64,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: nanos(2_000) },
    weights: { price: 1, latency: 0, reputation: 0 },
    english: undefined,
    notarySet: SET.id,
    salt: saltOf(name),
    ...changes,
  }
  const subject = parseContractId(auctionIdOf(called))
  if (subject === undefined) throw new TypeError('unreachable')
  const { english, filter, ...call } = called
  if (english !== undefined) throw new TypeError('Sealed calls alone')
  return { body: { call: { ...call, filter: { ...filter, capabilities: [...filter.capabilities] } } }, subject }
}

function saltOf(text: string): Salt32 {
  const salt = parseSalt32(Buffer.from(sha256Hex(text), 'hex').toString('base64url'))
  if (salt === undefined) throw new TypeError('unreachable')
  return salt
}
