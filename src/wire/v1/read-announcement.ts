/**
 * A call for proposals as it comes by gossip, judged as whoever passed it on could have judged it. Cheap questions come first: `decodeAnnouncement` asks for no key,
 * `verifyAnnouncement` looks at both signatures, which are of one key.
 *
 * @see protocol/spec/gossip.md#calls
 */
import { type AuctionCall, auctionIdOf, commitDeadline, findCallFault } from '../../core/auction/auction-call.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { CallReadRefusal } from '../../core/market/call-codes.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { callOfBody } from './auction-messages.ts'
import { type AuthenticateInit, signatureRefusalOf, timeRefusalOf } from './authenticate.ts'
import { decodeEnvelope, type EnvelopeOf } from './envelope.ts'

export type AnnouncementInit = Pick<AuthenticateInit, 'verify' | 'now' | 'clockSkewMs' | 'network'>

/** A call to everybody. */
export type HeardCall = {
  readonly auction: Hash
  readonly call: AuctionCall
  /** The `auction-call` as it was signed. */
  readonly text: string
  /** The node that takes bids, and where it is reached. */
  readonly node: Did
  readonly addresses: readonly string[]
}

export type AnnouncementRefused = {
  readonly kind: 'refused'
  readonly verdict: 'ignore' | 'reject'
  readonly code: EnvelopeRefusal | CallReadRefusal
}

export type DecodedAnnouncement = {
  readonly kind: 'decoded'
  readonly heard: HeardCall
  readonly envelopes: readonly [EnvelopeOf<'auction-announcement'>, EnvelopeOf<'auction-call'>]
}

/** What only clocks and networks make wrong. */
const IGNORED: ReadonlySet<string> = new Set<EnvelopeRefusal | CallReadRefusal>([
  'ENVELOPE_NETWORK_WRONG',
  'ENVELOPE_NOT_YET_VALID',
  'ENVELOPE_EXPIRED',
  'CALL_OVER',
])

/** The call of bytes, its signatures not looked at. Never throws. */
export function decodeAnnouncement(
  bytes: Uint8Array,
  init: AnnouncementInit,
): DecodedAnnouncement | AnnouncementRefused {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') return refused(decoded.code)
  const { envelope } = decoded
  if (envelope.type !== 'auction-announcement') return refused('CALL_TYPE_WRONG')
  const { head, body } = envelope
  if (head.net !== init.network) return refused('ENVELOPE_NETWORK_WRONG')
  if (head.aud !== '*') return refused('ENVELOPE_AUDIENCE_WRONG')
  if (head.contract !== undefined) return refused('CALL_TYPE_WRONG')
  const inner = decodeEnvelope(utf8Bytes(body.call))
  if (inner.kind === 'refused' || inner.envelope.type !== 'auction-call') return refused('CALL_WRONG')
  const call = callOfBody(inner.envelope.body)
  const auction = auctionIdOf(call)
  const { iss, net, aud, contract } = inner.envelope.head
  const isWhole = net === init.network && aud === '*' && contract?.valueOf() === auction
  if (!isWhole || findCallFault(call) !== undefined) return refused('CALL_WRONG')
  if (iss !== head.iss || call.auctioneer !== iss) return refused('CALL_STRANGER')
  const late = timeRefusalOf(head, init)
  if (late !== undefined) return refused(late)
  if (init.now >= commitDeadline(call) + init.clockSkewMs) return refused('CALL_OVER')
  const { node, addresses } = body
  const heard = { auction, call, text: body.call, node, addresses }
  return { kind: 'decoded', heard, envelopes: [envelope, inner.envelope] }
}

/** Why the auctioneer has not said it; `undefined` when it has. Never throws. */
export function verifyAnnouncement(
  { envelopes }: Pick<DecodedAnnouncement, 'envelopes'>,
  { verify }: Pick<AnnouncementInit, 'verify'>,
): AnnouncementRefused | undefined {
  for (const envelope of envelopes) {
    const wrong = signatureRefusalOf(envelope, verify)
    if (wrong !== undefined) return refused(wrong)
  }
  return undefined
}

function refused(code: AnnouncementRefused['code']): AnnouncementRefused {
  return { kind: 'refused', verdict: IGNORED.has(code) ? 'ignore' : 'reject', code }
}
