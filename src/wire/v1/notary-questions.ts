/**
 * What a notary is asked over a transport (`/kernell/notary/1.0.0`), and how it answers. An envelope is sent as it is; everything else is a question in canonical
 * JSON that begins with `{"ask":`, which no envelope does. Answers longer than a body are fetched part by part, each naming the hash of the whole.
 *
 * ```text
 * envelope            -> one byte: a, e or r (applied, exists, refused), then the receipt
 * {"ask":{"about":"contract",...}}  -> {"hash":"...","parts":1,"text":"{...}"}
 * ```
 */
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import type { Hash } from '../../core/evidence/names.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { canonicalText } from './canonical.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { CONTRACT_ID, COUNT, CURRENCY, DID, HASH, TIME, TRANSFER_ID } from './fields.ts'
import { readReceipt } from './notary-receipt.ts'
import { hashOfText } from './signing-bytes.ts'

export const NOTARY_PROTOCOL = '/kernell/notary/1.0.0'

const PART = { part: COUNT }
/** Where a list goes on, and how many lines are wanted. */
const PAGE = { after: z.string().max(512).optional(), limit: COUNT.optional() }

export const NOTARY_QUESTION = z.discriminatedUnion('about', [
  z.strictObject({
    about: z.literal('contract'),
    contract: CONTRACT_ID,
    afterSeq: COUNT.optional(),
    waitMs: COUNT.optional(),
    ...PART,
  }),
  z.strictObject({ about: z.literal('evidence'), contract: CONTRACT_ID, ...PART }),
  z.strictObject({
    about: z.literal('accounts'),
    owner: DID.optional(),
    currency: CURRENCY.optional(),
    ...PAGE,
    ...PART,
  }),
  z.strictObject({
    about: z.literal('currencies'),
    code: z.string().max(12).optional(),
    currency: CURRENCY.optional(),
    isListed: z.boolean().optional(),
    ...PAGE,
    ...PART,
  }),
  z.strictObject({
    about: z.literal('transfers'),
    contract: CONTRACT_ID.optional(),
    hold: TRANSFER_ID.optional(),
    owner: DID.optional(),
    ...PAGE,
    ...PART,
  }),
  z.strictObject({ about: z.literal('owner'), owner: DID, ...PART }),
  z.strictObject({ about: z.literal('governance'), ...PART }),
  z.strictObject({ about: z.literal('prove'), index: COUNT, ...PART }),
  z.strictObject({ about: z.literal('growth'), from: COUNT, to: COUNT.optional(), ...PART }),
  z.strictObject({ about: z.literal('checkpoint'), ...PART }),
  z.strictObject({ about: z.literal('first-since'), at: TIME, ...PART }),
])

const ASKED = z.strictObject({ ask: NOTARY_QUESTION })

export type NotaryQuestion = z.output<typeof NOTARY_QUESTION>

/** Characters of a part: with escapes it stays within a body. */
const PART_CHARS = 262_144
const QUESTION_START = '{"ask":'

export function isNotaryQuestion(body: Uint8Array): boolean {
  for (let index = 0; index < QUESTION_START.length; index += 1)
    if (body[index] !== QUESTION_START.charCodeAt(index)) return false
  return true
}

export function encodeQuestion(question: NotaryQuestion): Uint8Array {
  const said = Object.entries(question).filter(([, value]) => value !== undefined)
  return utf8Bytes(canonicalText({ ask: Object.fromEntries(said) }))
}

/** `undefined` for anything but a question. Never throws. */
export function decodeQuestion(body: Uint8Array): NotaryQuestion | undefined {
  const parsed = ASKED.safeParse(parseJson(body))
  return parsed.success ? parsed.data.ask : undefined
}

const ANSWER_PART = z.strictObject({ hash: HASH, parts: COUNT, text: z.string().max(PART_CHARS) })
export type AnswerPart = z.output<typeof ANSWER_PART>

/** A text that is sent part by part: hashed once. */
export type AnswerText = { readonly text: string; readonly hash: Hash; readonly parts: number }

export function answerText(text: string): AnswerText {
  return { text, hash: hashOfText(text), parts: Math.max(1, Math.ceil(text.length / PART_CHARS)) }
}

export function encodePart({ text, hash, parts }: AnswerText, part: number): Uint8Array {
  const own = text.slice(part * PART_CHARS, (part + 1) * PART_CHARS)
  return utf8Bytes(canonicalText({ hash, parts, text: own }))
}

/** `undefined` for anything but a part. Never throws. */
export function decodePart(body: Uint8Array): AnswerPart | undefined {
  const parsed = ANSWER_PART.safeParse(parseJson(body))
  return parsed.success ? parsed.data : undefined
}

export type SubmitAnswer = {
  readonly effect: 'applied' | 'exists' | 'refused'
  readonly code: string | undefined
  readonly receipt: Uint8Array
}

const EFFECTS = ['applied', 'exists', 'refused'] as const

export function encodeSubmitAnswer({ effect, receipt }: SubmitAnswer): Uint8Array {
  const body = new Uint8Array(receipt.byteLength + 1)
  body[0] = effect.charCodeAt(0)
  body.set(receipt, 1)
  return body
}

/** `undefined` where the receipt is none, or says something else than the byte in front of it. Never throws. */
export function decodeSubmitAnswer(body: Uint8Array): SubmitAnswer | undefined {
  const effect = EFFECTS.find((name) => name.charCodeAt(0) === body[0])
  const receipt = body.slice(1)
  const read = readReceipt(receipt)?.receipt
  if (effect === undefined || read === undefined) return undefined
  const said = read.kind === 'transition' ? read.transition : read.statement
  const isSame = said.effect === effect || (said.effect === 'applied' && effect === 'exists')
  return isSame ? { effect, code: said.code, receipt } : undefined
}

/** Bytes within JSON. */
export function encodeBytes(bytes: Uint8Array): string {
  return base64url.baseEncode(bytes)
}

/** `undefined` for what `encodeBytes` does not write. */
export function decodeBytes(text: string): Uint8Array | undefined {
  try {
    return base64url.baseDecode(text)
  } catch {
    return undefined
  }
}

function parseJson(body: Uint8Array): unknown {
  const text = decodeUtf8(body)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const EVIDENCE = z.array(z.strictObject({ envelope: z.string().optional(), receipt: z.string() }))

/** The answer about the evidence of a contract, bytes as `encodeBytes` writes them; `undefined` for anything else. */
export function readEvidenceAnswer(answer: unknown): z.output<typeof EVIDENCE> | undefined {
  const read = EVIDENCE.safeParse(answer)
  return read.success ? read.data : undefined
}
