/**
 * `npm run torture -- decoders --runs N`: N mutations of right messages, each of its own seed, go through decoding and authentication with `node:crypto`. Each
 * must be refused with a code of the table, the due one where one rule alone is broken; what a key of ours signed may be accepted, and then is what it says.
 * Of capability tokens the same, one to four messages. No exception, no memory kept, and 99.9 % of the messages take less than a millisecond.
 */
import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import canonicalize from 'canonicalize'
import type { VectorContext } from '../../scripts/protocol-vectors/vector.ts'
import { VECTOR_CONTEXT } from '../../scripts/protocol-vectors/vector-kit.ts'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import type { DurationMs, Timestamp } from '../../src/base/time.ts'
import { ENVELOPE_REFUSALS } from '../../src/core/evidence/envelope-refusals.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import { authenticate, type Authenticated, type AuthenticateInit } from '../../src/wire/v1/authenticate.ts'
import { decodeEnvelope, type Refused } from '../../src/wire/v1/envelope.ts'
import { checkEquivocation } from '../../src/wire/v1/equivocation.ts'
import { percentile } from '../bench/bench.ts'
import { readVectors } from '../wire/v1/read-vectors.ts'
import { MUTATORS, type Members, type Mutant, type Subject } from './decoders-mutate.ts'
import { DECODE_CHECKS, DECODER_PLANTS, type DecoderPlant } from './decoders-plants.ts'
import { TOKEN_PLANTS, tortureTokens } from './decoders-tokens.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from './torture.ts'

const P999_LIMIT_US = 1_000
const HEAP_GROWTH_MAX_BYTES = 16 * 1024 * 1024
const TIMES_MAX = 1_000_000
const FAILURES_MAX = 20
const WARM_UP = 500

/** `proves`: the signed heads of a proof of equivocation that holds. */
type Outcome = (Authenticated & { readonly proves?: readonly unknown[] }) | Refused
type Receive = (bytes: Uint8Array, context: VectorContext) => Outcome

export type DecodersInit = TortureInit & {
  /** Absent: times are counted and not judged. */
  readonly p999LimitUs?: number
}

export const DECODERS_TORTURE: Torture = {
  name: 'decoders',
  runsDefault: 100_000,
  plants: Object.fromEntries(
    Object.entries({ ...DECODER_PLANTS, ...TOKEN_PLANTS }).map(([name, { what }]) => [name, what]),
  ),
  run: async (init) => await Promise.resolve(runDecoders({ ...init, p999LimitUs: P999_LIMIT_US })),
}

export function runDecoders(init: DecodersInit): TortureReport {
  const kept: unknown[] = []
  const plant = DECODER_PLANTS[init.plant]
  const receive = createReceiver(plant, kept)
  const subjects = subjectsOf(receive)
  const originals = new Set(subjects.map(({ text }) => text))
  const failures: TortureFailure[] = []
  const codes = new Map<string, number>()
  const times = new Float64Array(Math.min(init.runs, TIMES_MAX))
  const visited = createHash('sha256')
  let runs = 0
  let heapBefore = heapUsed()
  for (; runs < init.runs && failures.length < FAILURES_MAX && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    const { name, mutant } = mutantOf(subjects, seed)
    const context = { ...VECTOR_CONTEXT, ...mutant.context }
    const { outcome, tookUs } = measured(receive, mutant.bytes, context)
    if (runs < times.length) times[runs] = tookUs
    const problem = judge({ mutant, outcome, originals, context })
    if (problem !== undefined) failures.push({ seed, what: `${name}: ${problem}` })
    const code = typeof outcome === 'string' ? 'threw' : codeOf(outcome)
    codes.set(code, (codes.get(code) ?? 0) + 1)
    visited.update(`${name} ${code}\n`)
    if (runs === WARM_UP) heapBefore = heapUsed()
  }
  const growth = heapUsed() - heapBefore
  // Asked after the memory was measured, so that what the receiver keeps is still its own then.
  failures.push(...subjects.flatMap(({ bytes }) => stillRight(receive, bytes, init)))
  if (growth > HEAP_GROWTH_MAX_BYTES) failures.push({ seed: init.firstSeed, what: `${growth} bytes were kept` })
  // One token to four messages.
  const tokens = tortureTokens({
    runs: Math.ceil(runs / 4),
    firstSeed: init.firstSeed,
    plant: TOKEN_PLANTS[init.plant],
  })
  failures.push(...tokens.failures)
  for (const [code, count] of tokens.codes) visited.update(`${code} ${count}\n`)
  const p999Us = percentile(times.subarray(0, Math.min(runs, times.length)).sort(), 0.999)
  if (p999Us > (init.p999LimitUs ?? Infinity))
    failures.push({ seed: init.firstSeed, what: `99.9 % of the messages took up to ${p999Us.toFixed(0)} us` })
  return {
    name: 'decoders',
    runs,
    counts: {
      messages: subjects.length,
      mutators: Object.keys(MUTATORS).length,
      accepted: codes.get('accepted') ?? 0,
      codesSeen: [...codes.keys()].filter((code) => code in ENVELOPE_REFUSALS).length,
      p999Us: Number(p999Us.toFixed(1)),
      heapGrowthBytes: growth,
      tokens: tokens.tokens,
      tokenRuns: Math.ceil(runs / 4),
      tokenCodesSeen: [...tokens.codes.keys()].filter((code) => code !== 'accepted').length,
      tokensAccepted: tokens.codes.get('accepted') ?? 0,
      ...Object.fromEntries([...codes].toSorted(([left], [right]) => (left < right ? -1 : 1))),
      hash: visited.digest('hex').slice(0, 16),
    },
    failures,
  }
}

/** The messages that every area shows as right. */
function subjectsOf(receive: Receive): readonly Subject[] {
  const subjects = readVectors().flatMap((vector): readonly Subject[] => {
    if (vector.kind !== 'accepted') return []
    const bytes = new Uint8Array(Buffer.from(vector.bytes, 'hex'))
    const text = Buffer.from(bytes).toString()
    return [{ bytes, text, value: JSON.parse(text) as Members }]
  })
  for (const { bytes } of subjects) receive(bytes, VECTOR_CONTEXT)
  return subjects
}

function createReceiver(plant: DecoderPlant | undefined, kept: unknown[]): Receive {
  const verify = verifySignatureWith(createNodeVerifier())
  const checks = plant?.checks === undefined ? undefined : { ...DECODE_CHECKS, ...plant.checks }
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  return (bytes, context) => {
    const decoded = decodeEnvelope(bytes, checks === undefined ? { hash } : { hash, checks })
    if (plant?.isLeaking === true) kept.push(Array.from({ length: 2_000 }, () => kept.length))
    if (decoded.kind === 'refused') return decoded
    const init: AuthenticateInit = {
      verify,
      now: context.now as Timestamp,
      clockSkewMs: context.clockSkewMs as DurationMs,
      audience: context.audience as AuthenticateInit['audience'],
      network: context.network,
    }
    const { envelope } = decoded
    const outcome = authenticate(envelope, plant?.context?.(init, envelope.head) ?? init)
    if (outcome.kind === 'refused' || envelope.type !== 'equivocation-proof') return outcome
    const { first, second } = envelope.body
    const isProven = checkEquivocation(envelope.body, verify).kind === 'proven'
    return isProven ? { ...outcome, proves: [first, second] } : outcome
  }
}

function mutantOf(subjects: readonly Subject[], seed: number): { readonly name: string; readonly mutant: Mutant } {
  const random = createRandomStream(seed)
  const names = Object.keys(MUTATORS)
  const name = names[random.nextBelow(names.length)] ?? ''
  const subject = subjects[random.nextBelow(subjects.length)]
  const other = subjects[random.nextBelow(subjects.length)]
  const mutator = MUTATORS[name]
  if (subject === undefined || other === undefined || mutator === undefined)
    throw new RangeError('There are no accepted vectors to start from')
  return { name, mutant: mutator([subject, other], random) }
}

/** Takes the fastest of four where the first was over the limit: what the machine did meanwhile is not the message's. A string is what was thrown. */
function measured(
  receive: Receive,
  bytes: Uint8Array,
  context: VectorContext,
): { readonly outcome: Outcome | string; readonly tookUs: number } {
  let tookUs = Infinity
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const startedMs = performance.now()
    try {
      const outcome = receive(bytes, context)
      tookUs = Math.min(tookUs, (performance.now() - startedMs) * 1_000)
      if (tookUs <= P999_LIMIT_US || attempt === 3) return { outcome, tookUs }
    } catch (error: unknown) {
      return { outcome: `threw ${String(error)}`, tookUs: (performance.now() - startedMs) * 1_000 }
    }
  }
  return { outcome: 'never measured', tookUs }
}

/** A right message is right after everything that came before it. */
function stillRight(
  receive: Receive,
  bytes: Uint8Array,
  { firstSeed, plant }: DecodersInit,
): readonly TortureFailure[] {
  const outcome = receive(bytes, VECTOR_CONTEXT)
  if (outcome.kind === 'authenticated' || plant !== '') return []
  return [{ seed: firstSeed, what: `a right message was refused at the end: ${outcome.code}` }]
}

type Case = {
  readonly mutant: Mutant
  readonly outcome: Outcome | string
  readonly originals: ReadonlySet<string>
  readonly context: VectorContext
}

/** What is wrong with the outcome of a mutation. */
function judge({ mutant, outcome, originals, context }: Case): string | undefined {
  if (typeof outcome === 'string') return outcome
  const text = Buffer.from(mutant.bytes).toString()
  const misread = misreading(mutant.bytes, outcome)
  if (misread !== undefined) return misread
  // The mutation gave a right message back, in the place where it is right.
  const isOriginal = mutant.context === undefined && originals.has(text)
  if (outcome.kind === 'refused') {
    if (isOriginal) return `a right message was refused: ${outcome.code}`
    if (!Object.hasOwn(ENVELOPE_REFUSALS, outcome.code)) return `no code of the table: ${String(outcome.code)}`
    if ((outcome.reason?.length ?? 0) > 200) return 'the reason is longer than 200 characters'
    const isDue = mutant.expected === undefined || mutant.expected.includes(outcome.code)
    return isDue ? undefined : `${mutant.expected?.join(' or ')} was due, ${outcome.code} came`
  }
  if (isOriginal) return undefined
  if (mutant.isSigned !== true) return 'a changed message was accepted'
  const isFalseProof = outcome.proves?.some(
    (head) => ![...originals].some((known) => known.includes(canonicalJson(head))),
  )
  return isFalseProof === true ? 'heads that nobody signed prove something' : unsound(text, outcome, context)
}

/** What an account of our own, with another library's canonical form, finds wrong with a message that was accepted. */
function unsound(text: string, { evidence }: Authenticated, context: VectorContext): string | undefined {
  const value = JSON.parse(text) as Members
  const { body, signature: _signature, ...head } = value
  const digest = (part: unknown): string =>
    createHash('sha256')
      .update(canonicalize(part) ?? '')
      .digest('hex')
  if (canonicalize(value) !== text) return 'accepted, and not canonical'
  if (head['bodyHash'] !== digest(body)) return 'accepted with another body'
  if (evidence.envelope !== digest(head)) return 'accepted under another name'
  const isForUs = head['net'] === context.network && context.audience.includes(String(head['aud']))
  if (!isForUs) return 'accepted from or for somewhere else'
  const isInTime = Number(head['iat']) <= context.now + context.clockSkewMs && Number(head['exp']) >= context.now
  return isInTime ? undefined : 'accepted out of time'
}

/** Codes that say that bytes are not the canonical ones of any value, of whatever profile. */
const FORM_CODES: readonly string[] = [
  'ENVELOPE_NOT_UTF8',
  'ENVELOPE_NOT_JSON',
  'ENVELOPE_DUPLICATE_KEY',
  'ENVELOPE_NOT_CANONICAL',
]
/** Codes of questions that are asked only about canonical bytes. */
const CONTENT_CODES =
  /^ENVELOPE_(?:SHAPE|MEMBER|VERSION|TYPE|SIGNATURE|VALIDITY|SEQUENCE|BODY|NETWORK|AUDIENCE|NOT_YET|EXPIRED|ISSUER)/

/** Whether another library finds the canonical form where we found none, or none where we read one. */
function misreading(bytes: Uint8Array, outcome: Outcome): string | undefined {
  const code = codeOf(outcome)
  const isRead = code === 'accepted' || CONTENT_CODES.test(code)
  if (!isRead && !FORM_CODES.includes(code)) return undefined
  return isRead === isCanonicalByPeer(bytes) ? undefined : `${code}, and another library finds otherwise`
}

function isCanonicalByPeer(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return canonicalize(JSON.parse(text)) === text
  } catch {
    return false
  }
}

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.code : 'accepted'
}

/** Bytes that are in use after everything else has been collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
