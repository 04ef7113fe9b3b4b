/**
 * Questions and answers of `/kernell/market/1.0.0`, between buyers, sellers and arbiters. A frame is a header and bytes behind it: the input of a task, a result, a
 * file. What can be evidence later travels inside as signed envelopes and joint signatures; the frame itself proves nothing.
 *
 * ```text
 * length of the header (u32, big-endian) | header (canonical JSON) | bytes
 * ```
 *
 * ```ts
 * const question = { type: 'offers-wanted', skill: 'text.word-count' }
 * console.log(JSON.stringify(question))
 * ```
 *
 * @see protocol/spec/market.md
 */
import { z } from 'zod'
import { canonicalJson, isCanonicalJson } from '../../base/canonical-json.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { CONTRACT_CAPABILITY } from './capability-messages.ts'
import { CANCEL_STATEMENT, RULING_STATEMENT, VOUCHER_STATEMENT } from './escrow-messages.ts'
import { CONTRACT_ID, COUNT, HASH, MARKET_TASK, SIGNATURE, WORD } from './fields.ts'

/** What the transport calls it. */
export const MARKET_PROTOCOL = '/kernell/market/1.0.0'

/** Bytes behind a header at most; with the header they fit one body of the transport. */
export const MARKET_BYTES_MAX = 983_040
const HEADER_BYTES_MAX = 65_000
/** Bytes of a result that one word of progress carries at most, and characters of its text. */
export const PROGRESS_BYTES_MAX = 65_536
export const PROGRESS_TEXT_MAX = 200
/** Standing offers in one answer at most. */
export const OFFERS_OF_ANSWER_MAX = 32

/** The canonical text of an envelope. */
const ENVELOPE_TEXT = z.string().max(32_768)
const CODE = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)

/** A task as a contract names it by its hash. */
export type MarketTask = z.output<typeof MARKET_TASK>

const FRAME = z.discriminatedUnion('type', [
  /** Which standing offers for a skill are there? Answered with `offers`. */
  z.strictObject({ type: z.literal('offers-wanted'), skill: WORD }),
  z.strictObject({ type: z.literal('offers'), envelopes: z.array(ENVELOPE_TEXT).max(OFFERS_OF_ANSWER_MAX) }),
  /** A call for proposals. Answered with `said`, a commitment, or `declined`. */
  z.strictObject({ type: z.literal('call'), envelope: ENVELOPE_TEXT }),
  /** Who has heard of an auction by an announcement asks to be called, with an offer that names its node. Answered with `taken`, and with the call as a question, or `declined`. */
  z.strictObject({ type: z.literal('call-joined'), auction: HASH, offer: ENVELOPE_TEXT }),
  /** Something signed that the other should have: a receipt, the list of commitments, the outcome. Answered with `said` where an answer is due, else `taken`. */
  z.strictObject({
    type: z.literal('told'),
    envelope: ENVELOPE_TEXT,
    /** With the receipt of an open bid: the bid. */
    about: ENVELOPE_TEXT.optional(),
  }),
  z.strictObject({
    type: z.literal('said'),
    envelope: ENVELOPE_TEXT,
    /** With a commitment: the bidder's order to hold its deposit, for the ledger. */
    deposit: ENVELOPE_TEXT.optional(),
  }),
  /**
   * A contract, with the payer's offer and award; its own signature comes after the worker's, to the notary set alone. The input is behind it where the worker would
   * lose a penalty. Answered with `cosigned` or `declined`.
   */
  z.strictObject({
    type: z.literal('contract'),
    offer: ENVELOPE_TEXT,
    award: ENVELOPE_TEXT,
    task: MARKET_TASK,
    /** Canonical text of the acceptance predicate. */
    predicate: z.string().max(32_768),
    /** By whose authority the payer acts, where the terms name a chain. */
    capability: CONTRACT_CAPABILITY.optional(),
  }),
  /** The input of a contract that the worker has signed, behind it, or the list of its pieces. Answered with `taken` or `declined`. */
  z.strictObject({ type: z.literal('input'), contract: CONTRACT_ID }),
  /** A `capability-revoke`, so that nothing more is signed by the chain. Answered with `taken` or `declined`. */
  z.strictObject({ type: z.literal('revoked'), envelope: ENVELOPE_TEXT }),
  /** Joint statements, signed by the asker. Answered with `cosigned` or `declined`. */
  z.strictObject({ type: z.literal('voucher'), statement: VOUCHER_STATEMENT, signature: SIGNATURE }),
  z.strictObject({ type: z.literal('cancel'), statement: CANCEL_STATEMENT, signature: SIGNATURE }),
  z.strictObject({ type: z.literal('ruling'), statement: RULING_STATEMENT, signature: SIGNATURE }),
  /** Which split of a record has the arbiter here signed? By an arbiter of the contract, with its `dispute-case-request`. Answered with `ruling` or `declined`. */
  z.strictObject({
    type: z.literal('ruling-wanted'),
    contract: CONTRACT_ID,
    evidenceRoot: HASH,
    envelope: ENVELOPE_TEXT,
  }),
  z.strictObject({ type: z.literal('cosigned'), signature: SIGNATURE }),
  /**
   * How far a worker is, to the payer, while it works: `step` rises with each. Behind it what there is of the result that was not told before. Nothing is paid by it. Answered
   * with `taken` or `declined`.
   */
  z.strictObject({
    type: z.literal('progress'),
    contract: CONTRACT_ID,
    step: COUNT,
    donePpm: z.int().min(0).max(1_000_000).optional(),
    text: z.string().max(PROGRESS_TEXT_MAX).optional(),
  }),
  /** The result, behind it, with the `meter-snapshot` that its delivery names. Answered with `taken` or `declined`. */
  z.strictObject({ type: z.literal('result'), contract: CONTRACT_ID, hash: HASH, meter: ENVELOPE_TEXT.optional() }),
  /**
   * A file of a contract, or a piece of its input or result, for its parties; for arbiters in a dispute, by a `dispute-case-request`. Answered with `file` or `declined`.
   */
  z.strictObject({
    type: z.literal('file-wanted'),
    contract: CONTRACT_ID,
    hash: HASH,
    envelope: ENVELOPE_TEXT.optional(),
  }),
  z.strictObject({ type: z.literal('file'), hash: HASH }),
  /** All that is needed to run the predicate: by the other party from the delivery on; by an arbiter, with its `dispute-case-request`, in a dispute. Answered with `case` or `declined`. */
  z.strictObject({ type: z.literal('case-wanted'), contract: CONTRACT_ID, envelope: ENVELOPE_TEXT.optional() }),
  /** A `replica-call`, the input behind it. Answered with `said`, the `replica-commit`, or `declined`, with `MARKET_BUSY` while the task runs. */
  z.strictObject({ type: z.literal('replica-wanted'), envelope: ENVELOPE_TEXT }),
  /** By the node that has called. Answered with `said`, the `replica-reveal` and the result behind it, or `declined`. */
  z.strictObject({ type: z.literal('replica-reveal-wanted'), contract: CONTRACT_ID, round: COUNT }),
  /** Input and result stand behind it, in this order, or the lists of their pieces; the numbers are those of the bytes behind it. */
  z.strictObject({
    type: z.literal('case'),
    task: MARKET_TASK,
    predicate: z.string().max(32_768),
    inputBytes: COUNT,
    resultBytes: COUNT,
  }),
  /** How a contract has ended, by a party of it, as a `reputation-receipt`. Answered with `said`, the other party's, or `declined` while it has not seen the end. */
  z.strictObject({ type: z.literal('receipt'), envelope: ENVELOPE_TEXT }),
  z.strictObject({ type: z.literal('taken') }),
  z.strictObject({ type: z.literal('declined'), code: CODE }),
])

export type MarketFrame = z.output<typeof FRAME>
export type MarketFrameOf<Type extends MarketFrame['type']> = Extract<MarketFrame, { type: Type }>

/** A frame and what is behind it; empty where nothing is. */
export type MarketPost = { readonly frame: MarketFrame; readonly bytes: Uint8Array }

export type MarketReading =
  | ({ readonly kind: 'post' } & MarketPost)
  | { readonly kind: 'refused'; readonly code: 'MARKET_FRAME_LARGE' | 'MARKET_FRAME_MALFORMED' }

const NOTHING = new Uint8Array()

/** The bytes of a frame. Throws `RangeError` beyond the limits. */
export function encodeMarketPost({ frame, bytes }: Pick<MarketPost, 'frame'> & Partial<MarketPost>): Uint8Array {
  const header = utf8Bytes(canonicalJson(z.encode(FRAME, frame)))
  const behind = bytes ?? NOTHING
  if (header.byteLength > HEADER_BYTES_MAX || behind.byteLength > MARKET_BYTES_MAX)
    throw new RangeError(`A frame has at most ${MARKET_BYTES_MAX} bytes behind it, not ${behind.byteLength}`)
  const whole = new Uint8Array(4 + header.byteLength + behind.byteLength)
  new DataView(whole.buffer).setUint32(0, header.byteLength)
  whole.set(header, 4)
  whole.set(behind, 4 + header.byteLength)
  return whole
}

/** Reads a frame; its header must be exactly what `encodeMarketPost` writes. Never throws. */
export function decodeMarketPost(whole: Uint8Array): MarketReading {
  if (whole.byteLength > 4 + HEADER_BYTES_MAX + MARKET_BYTES_MAX) return refused('MARKET_FRAME_LARGE')
  if (whole.byteLength < 4) return refused('MARKET_FRAME_MALFORMED')
  const size = new DataView(whole.buffer, whole.byteOffset, 4).getUint32(0)
  if (size > HEADER_BYTES_MAX) return refused('MARKET_FRAME_LARGE')
  const text = decodeUtf8(whole.subarray(4, 4 + size))
  const value = text === undefined || 4 + size > whole.byteLength ? undefined : parse(text)
  const read = value === undefined ? undefined : z.safeDecode(FRAME, value as z.input<typeof FRAME>)
  if (text === undefined || !read?.success || !isCanonicalJson(value, text)) return refused('MARKET_FRAME_MALFORMED')
  const bytes = whole.slice(4 + size)
  return bytes.byteLength > MARKET_BYTES_MAX ? refused('MARKET_FRAME_LARGE') : { kind: 'post', frame: read.data, bytes }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refused(code: 'MARKET_FRAME_LARGE' | 'MARKET_FRAME_MALFORMED'): MarketReading {
  return { kind: 'refused', code }
}
