import { amountFromNanos } from '../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../src/base/time.ts'
import { auctionIdOf } from '../../src/core/auction/auction-call.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { callOfBody } from '../../src/wire/v1/auction-messages.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import type { MessageBody } from '../../src/wire/v1/message-types.ts'
import type { FixedKey } from './fixed-keys.ts'
import type { Vector } from './vector.ts'
import { accepted, hex, type RawEnvelope, rawEnvelope, VECTOR_HEAD, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const AT = timestampFromMs(VECTOR_HEAD.iat)
/** The node that takes bids for the payer. */
const NODE = arbiter

const CALL: MessageBody<'auction-call'>['call'] = {
  auctioneer: payer.did,
  buyer: payer.did,
  skill: 'text.word-count',
  task: '99'.repeat(32) as MessageBody<'auction-call'>['call']['task'],
  currency: `USD@${notary.did}` as MessageBody<'auction-call'>['call']['currency'],
  kind: 'first',
  reservePriceNanos: amountFromNanos(1_000_000_000n),
  latencyMsMax: durationFromMs(60_000),
  depositNanos: amountFromNanos(0n),
  forfeitTo: notary.did,
  opensAt: AT,
  bidMs: durationFromMs(60_000),
  revealMs: durationFromMs(5_000),
  settleMs: durationFromMs(5_000),
  bidsMax: 16,
  filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(1_000_000_000n) },
  weights: { price: 1, latency: 0, reputation: 0 },
  salt: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' as MessageBody<'auction-call'>['call']['salt'],
}

type Said = {
  readonly call?: Partial<typeof CALL>
  /** Of the message inside, and who signs it. */
  readonly inner?: Readonly<Record<string, unknown>>
  readonly innerKey?: FixedKey
  readonly head?: Readonly<Record<string, unknown>>
  readonly key?: FixedKey
}

function bodyOf({ call = {}, inner = {}, innerKey = payer }: Said): MessageBody<'auction-announcement'> {
  const body = { call: { ...CALL, ...call } }
  const contract = auctionIdOf(callOfBody(body))
  const text = canonicalText(
    rawEnvelope(toJson(body), { type: 'auction-call', aud: '*', contract, ...inner }, innerKey),
  )
  return { call: text, node: NODE.did, addresses: ['/ip4/203.0.113.7/tcp/4001'] }
}

function announcementOf(said: Said = {}): RawEnvelope {
  const { head = {}, key = payer } = said
  return rawEnvelope(bodyOf(said), { type: 'auction-announcement', aud: '*', ...head }, key)
}

/** Amounts as decimal text. */
function toJson(body: object): unknown {
  return JSON.parse(JSON.stringify(body, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
}

function heard(name: string, said: Said = {}): Vector {
  const auction = auctionIdOf(callOfBody({ call: { ...CALL, ...said.call } }))
  const bytes = utf8Bytes(canonicalText(announcementOf(said)))
  return { kind: 'announcement', name, bytes: hex(bytes), auction, auctioneer: payer.did, node: NODE.did }
}

const IGNORED: ReadonlySet<string> = new Set([
  'ENVELOPE_NETWORK_WRONG',
  'ENVELOPE_NOT_YET_VALID',
  'ENVELOPE_EXPIRED',
  'CALL_OVER',
])

function turnedAway(name: string, code: string, said: Said): Vector {
  const bytes = utf8Bytes(canonicalText(announcementOf(said)))
  const verdict = IGNORED.has(code) ? 'ignore' : 'reject'
  return { kind: 'announcement-refused', name, bytes: hex(bytes), verdict, code }
}

/** Calls for proposals to everybody. */
export function callVectors(): readonly Vector[] {
  return [
    accepted(
      'announcement of an auction',
      { type: 'auction-announcement', body: bodyOf({}), head: { aud: '*' } },
      payer,
    ),
    heard('call to everybody'),
    turnedAway('call announced by another key', 'ENVELOPE_SIGNATURE_WRONG', { head: { iss: payer.did }, key: worker }),
    turnedAway('call of somebody else', 'CALL_STRANGER', { key: worker, head: { iss: worker.did } }),
    turnedAway('call that its auctioneer has not signed', 'ENVELOPE_SIGNATURE_WRONG', {
      inner: { iss: payer.did },
      innerKey: worker,
    }),
    turnedAway('call under the name of another auction', 'CALL_WRONG', { inner: { contract: '77'.repeat(32) } }),
    turnedAway('call to one bidder', 'CALL_WRONG', { inner: { aud: worker.did } }),
    turnedAway('call that contradicts itself', 'CALL_WRONG', { call: { bidMs: durationFromMs(1) } }),
    turnedAway('announcement of a contract', 'CALL_TYPE_WRONG', { head: { contract: '77'.repeat(32) } }),
    turnedAway('announcement to one node', 'ENVELOPE_AUDIENCE_WRONG', { head: { aud: worker.did } }),
    turnedAway('announcement of another network', 'ENVELOPE_NETWORK_WRONG', { head: { net: 'other' } }),
    turnedAway('announcement that has expired', 'ENVELOPE_EXPIRED', { head: { iat: AT - 60_000, exp: AT - 1 } }),
    turnedAway('call that is over', 'CALL_OVER', { call: { opensAt: timestampFromMs(AT - 120_000) } }),
  ]
}
