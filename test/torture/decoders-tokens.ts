/**
 * Capability tokens among the decoders: mutations of right tokens, unsigned and signed anew, go through reading and the check of their signature. Each must be refused with
 * a code of the table, the due one where one rule alone is broken; what is read must be the bytes that another library writes for it.
 */
import { decode, encode } from '@ipld/dag-cbor'
import { fixedKey, type FixedKey } from '../../scripts/protocol-vectors/fixed-keys.ts'
import { ALICE, BOB, delegate, invoke, restartNonces, three } from '../../scripts/protocol-vectors/ucan-builder.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { CAPABILITY_REFUSALS, type CapabilityRefusal } from '../../src/core/capability/capability-refusals.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import { CBOR_CHECKS, type CborChecks, isSameBytes } from '../../src/wire/ucan/dag-cbor.ts'
import { decodeToken, isTokenSigned } from '../../src/wire/ucan/token-codec.ts'
import { sealToken, TOKEN_BYTES_MAX } from '../../src/wire/ucan/token-envelope.ts'
import { mutateToken, type Draw } from './mutate-token.ts'

/** A reader of tokens with a defect. */
export type TokenPlant = {
  readonly what: string
  readonly checks?: Partial<CborChecks>
  readonly isTrusting?: boolean
}

export const TOKEN_PLANTS: Readonly<Record<string, TokenPlant>> = {
  'token-scan-skipped': {
    what: 'The library sees bytes of tokens that nobody has looked over.',
    checks: { scan: () => undefined },
  },
  'token-form-unchecked': {
    what: 'A token counts in other bytes than its value is written as.',
    checks: { isWritten: () => true },
  },
  'token-signature-unchecked': { what: 'Every signature of a token is right.', isTrusting: true },
}

/** Code of what came of a token; `accepted` for one that its issuer signed. A string that begins with `threw` is what was thrown. */
type Outcome = CapabilityRefusal | 'accepted' | `threw ${string}`
type Mutant = {
  readonly bytes: Uint8Array
  /** The only code that is due; absent: any. */
  readonly due?: CapabilityRefusal
  /** Whether the issuer signed these bytes. */
  readonly isSigned: boolean
}
type Original = { readonly bytes: Uint8Array; readonly key: FixedKey }

/** Bytes before the signed ones: list, signature. */
const SIGNED_FROM = 67
/** `{"x": 0}`, in whose place something else is written. */
const PLACE = Uint8Array.of(0xa1, 0x61, 0x78, 0x00)

/** One value each that breaks one rule, as the member `x` of `meta`. */
const BROKEN_VALUES: readonly (readonly [Uint8Array, CapabilityRefusal])[] = [
  [Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02), 'CAPABILITY_DUPLICATE_KEY'],
  [Uint8Array.of(...Array.from({ length: 30 }, () => 0x81), 0x00), 'CAPABILITY_TOO_DEEP'],
  [Uint8Array.of(0x99, 0x13, 0x88, ...Array.from({ length: 5_000 }, () => 0x00)), 'CAPABILITY_TOO_MANY_ITEMS'],
  // One as a float, and as a byte that one digit would do for.
  [Uint8Array.of(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0), 'CAPABILITY_NOT_CANONICAL'],
  [Uint8Array.of(0x18, 0x05), 'CAPABILITY_NOT_CANONICAL'],
  // `b` before `a`.
  [Uint8Array.of(0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x02), 'CAPABILITY_NOT_CANONICAL'],
  // A list without a length, a number beyond what is there, half a letter.
  [Uint8Array.of(0x9f, 0xff), 'CAPABILITY_NOT_CBOR'],
  [Uint8Array.of(0x62, 0xc3, 0x28), 'CAPABILITY_NOT_CBOR'],
  [Uint8Array.of(0xc1, 0x00), 'CAPABILITY_NOT_CBOR'],
]

export type TokenTorture = {
  readonly codes: ReadonlyMap<string, number>
  readonly failures: readonly { readonly seed: number; readonly what: string }[]
  readonly tokens: number
}

/** Runs mutations `firstSeed` and on; the same seed is the same mutation. */
export function tortureTokens({
  runs,
  firstSeed,
  plant,
}: {
  readonly runs: number
  readonly firstSeed: number
  readonly plant: TokenPlant | undefined
}): TokenTorture {
  const originals = originalTokens()
  const known = new Set(originals.map(({ bytes }) => Buffer.from(bytes).toString('hex')))
  const receive = createReceiver(plant)
  const codes = new Map<string, number>()
  const failures: { seed: number; what: string }[] = []
  for (let run = 0; run < runs && failures.length < 20; run += 1) {
    const seed = firstSeed + run
    const stream = createRandomStream(seed)
    const mutant = mutantOf(originals, (below) => (below === 0 ? 0 : stream.nextBelow(below)))
    const outcome = receive(mutant.bytes)
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1)
    const problem = judge(mutant, outcome, known)
    if (problem !== undefined) failures.push({ seed, what: `token: ${problem}` })
  }
  for (const { bytes } of originals)
    if (receive(bytes) !== 'accepted') failures.push({ seed: firstSeed, what: 'token: a right one was refused' })
  return { codes, failures, tokens: originals.length }
}

function originalTokens(): readonly Original[] {
  restartNonces()
  const [first, second, third] = three()
  const meta = { meta: { x: 0 } }
  return [
    { bytes: first.bytes, key: ALICE },
    { bytes: second.bytes, key: BOB },
    { bytes: delegate(ALICE, BOB, meta).bytes, key: ALICE },
    { bytes: delegate(ALICE, BOB, { pol: [['<=', '.maxNanos', 500]], ...meta }).bytes, key: ALICE },
    { bytes: invoke(fixedKey(4), [first, second, third], meta).bytes, key: fixedKey(4) },
  ]
}

function mutantOf(originals: readonly Original[], draw: Draw): Mutant {
  const original = originals[draw(originals.length)]
  if (original === undefined) throw new RangeError('There are tokens')
  const { bytes, key } = original
  switch (draw(5)) {
    case 0:
      return { bytes: mutateToken(bytes, draw), isSigned: false }
    case 1: {
      const signed = mutateToken(bytes.subarray(SIGNED_FROM), draw)
      return { bytes: sealToken(signed, key.sign(signed)), isSigned: true }
    }
    case 2:
      return broken(original, draw) ?? { bytes: mutateToken(bytes, draw), isSigned: false }
    case 3:
      return { bytes: Uint8Array.of(...bytes, draw(256)), due: 'CAPABILITY_TRAILING_BYTES', isSigned: false }
    default: {
      // Somebody else's signature over the very same bytes.
      const signed = bytes.subarray(SIGNED_FROM)
      return { bytes: sealToken(signed, fixedKey(9).sign(signed)), due: 'CAPABILITY_SIGNATURE_WRONG', isSigned: false }
    }
  }
}

/** A token that is right but for one value in it, and signed by its issuer. */
function broken({ bytes, key }: Original, draw: Draw): Mutant | undefined {
  const signed = bytes.subarray(SIGNED_FROM)
  const at = Buffer.from(signed).indexOf(PLACE)
  const [value, due] = BROKEN_VALUES[draw(BROKEN_VALUES.length)] ?? []
  if (at < 0 || value === undefined || due === undefined) return undefined
  const changed = Uint8Array.of(...signed.subarray(0, at + 3), ...value, ...signed.subarray(at + 4))
  return { bytes: sealToken(changed, key.sign(changed)), due, isSigned: true }
}

function createReceiver(plant: TokenPlant | undefined): (bytes: Uint8Array) => Outcome {
  const verify = verifySignatureWith(createNodeVerifier())
  const checks = plant?.checks === undefined ? undefined : { ...CBOR_CHECKS, ...plant.checks }
  return (bytes) => {
    try {
      const decoded = decodeToken(bytes, checks)
      if (decoded.kind === 'refused') return decoded.code
      const isSigned = isTokenSigned(decoded, plant?.isTrusting === true ? () => true : verify)
      return isSigned ? 'accepted' : 'CAPABILITY_SIGNATURE_WRONG'
    } catch (error: unknown) {
      return `threw ${String(error)}`
    }
  }
}

function judge(mutant: Mutant, outcome: Outcome, known: ReadonlySet<string>): string | undefined {
  const { bytes, due, isSigned } = mutant
  if (outcome.startsWith('threw')) return outcome
  const isOriginal = known.has(Buffer.from(bytes).toString('hex'))
  const isRead = outcome === 'accepted' || outcome === 'CAPABILITY_SIGNATURE_WRONG'
  if (isRead && !isWrittenByPeer(bytes)) return `${outcome}, and another library writes it otherwise`
  if (outcome === 'accepted')
    return isOriginal || isSigned ? misdue(due, outcome) : 'a changed token that nobody signed was accepted'
  if (isOriginal) return `a right token was refused: ${outcome}`
  if (!Object.hasOwn(CAPABILITY_REFUSALS, outcome)) return `no code of the table: ${outcome}`
  return misdue(due, outcome)
}

function misdue(due: CapabilityRefusal | undefined, outcome: Outcome): string | undefined {
  return due === undefined || due === outcome ? undefined : `${due} was due, ${outcome} came`
}

function isWrittenByPeer(bytes: Uint8Array): boolean {
  try {
    return bytes.length <= TOKEN_BYTES_MAX && isSameBytes(encode(decode(bytes)), bytes)
  } catch {
    return false
  }
}
