/**
 * What the owner of a key says about it, so that anybody can follow it from its first form to the one that counts now: that it was made, that another has
 * taken its place, or that it was lost and the recovery key named another. Statements form a chain by their hashes. It is public: whoever has the chain and a
 * verifier can check it, and needs nobody else. It holds no secret and does not say whether a key may be trusted.
 *
 * A statement is signed over `kernell/key/TYPE/v1`, a zero byte, and the SHA-256 of its canonical bytes: by the key itself when it was made; by the key before
 * and the key after when rotated; by the recovery key and the key after when recovered.
 *
 * A claim of recovery counts once the delay that was named before has passed since it was first seen. Until then the owner of the key who did not lose it
 * answers by rotating, and the rotation stands.
 *
 * ```ts
 * const keyThatCounts = (chain: readonly SignedKeyStatement[], init: KeyChainInit): string | undefined => {
 *   const reading = readKeyChain(chain, init)
 *   return reading.ok ? reading.current.key : undefined
 * }
 * ```
 *
 * @see protocol/spec/keys.md
 */
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { KeyRefusal } from '../../core/evidence/key-refusals.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { canonicalText } from './canonical.ts'
import { publicKeyOfDid } from './did-key.ts'
import { admitPublicKey } from './ed25519-admission.ts'
import { BYTES_32, COUNT, DID, DURATION, HASH, SIGNATURE, TIME } from './fields.ts'
import { domainBytes, hashOfText } from './signing-bytes.ts'

/** What a key is for. One key has one role; identity, escrow and notary never share one. */
export type KeyRole = 'node' | 'escrow' | 'notary'
export const KEY_ROLES = ['node', 'escrow', 'notary'] as const satisfies readonly KeyRole[]

/** Statements about one key, at most. */
export const KEY_CHAIN_MAX = 64

/** Who may name another key when this one is lost, and how long the owner has to object. */
export type KeyRecovery = {
  readonly key: Did
  /** From when the claim was first seen. Milliseconds, 0 or more. */
  readonly delayMs: DurationMs
}

type StatementHead = {
  readonly v: 1
  readonly role: KeyRole
  /** Position in the chain, from 0. */
  readonly index: number
  /** The key that counts from here on. */
  readonly key: Did
  /** X25519 key for sealed payloads, base64url. */
  readonly sealingKey: string
  /** Absent: a lost key stays lost. */
  readonly recovery?: KeyRecovery | undefined
  /** By the clock of the owner; never before the statement before. */
  readonly createdAt: Timestamp
}

type StatementLink = {
  /** Hash of the statement before. */
  readonly prev: Hash
  /** The key until here. */
  readonly from: Did
}

export type KeyStatement =
  | (StatementHead & { readonly type: 'key-created' })
  | (StatementHead & StatementLink & { readonly type: 'key-rotated' })
  | (StatementHead & StatementLink & { readonly type: 'key-recovered' })

export type SignedKeyStatement = {
  readonly statement: KeyStatement
  /** One for each key that has to sign, base64url: the key before (or the recovery key) first, the key itself last. */
  readonly signatures: readonly string[]
}

const HEAD = {
  v: z.literal(1),
  role: z.enum(KEY_ROLES),
  index: COUNT,
  key: DID,
  sealingKey: BYTES_32,
  recovery: z.strictObject({ key: DID, delayMs: DURATION }).optional(),
  createdAt: TIME,
}
const LINK = { prev: HASH, from: DID }

/** Reads one statement with its signatures; checks shapes only. */
export const SIGNED_KEY_STATEMENT: z.ZodType<SignedKeyStatement> = z.strictObject({
  statement: z.discriminatedUnion('type', [
    z.strictObject({ ...HEAD, type: z.literal('key-created') }),
    z.strictObject({ ...HEAD, ...LINK, type: z.literal('key-rotated') }),
    z.strictObject({ ...HEAD, ...LINK, type: z.literal('key-recovered') }),
  ]),
  signatures: z.array(SIGNATURE).min(1).max(2),
})

/** Reads a chain that came from outside: its shapes and its length. What it says, `readKeyChain` follows. */
export function parseKeyChain(
  value: unknown,
):
  | { readonly ok: true; readonly chain: readonly SignedKeyStatement[] }
  | Extract<KeyChainReading, { readonly ok: false }> {
  if (!Array.isArray(value)) return { ok: false, code: 'KEY_STATEMENT_MALFORMED', index: 0 }
  if (value.length > KEY_CHAIN_MAX) return { ok: false, code: 'KEY_CHAIN_TOO_LONG', index: KEY_CHAIN_MAX }
  const chain: SignedKeyStatement[] = []
  for (const item of value) {
    const parsed = SIGNED_KEY_STATEMENT.safeParse(item)
    if (!parsed.success) return { ok: false, code: 'KEY_STATEMENT_MALFORMED', index: chain.length }
    chain.push(parsed.data)
  }
  return { ok: true, chain }
}

/** The only name of a statement: SHA-256 of its canonical bytes. */
export function hashOfKeyStatement(statement: KeyStatement): Hash {
  return hashOfText(canonicalText(statement))
}

/** What is signed. */
export function signingBytesOfKeyStatement(statement: KeyStatement): Uint8Array {
  const domain = `kernell/key/${statement.type}/v1\u0000`
  return domainBytes(domain, hashOfKeyStatement(statement))
}

export type KeyChainInit = {
  readonly verify: (signed: {
    readonly publicKey: Uint8Array
    readonly bytes: Uint8Array
    readonly signature: Uint8Array
  }) => boolean
  /** When the reader first saw the statement of this hash; `undefined`: only now. Asked about claims of recovery. */
  readonly firstSeenAt: (hash: Hash) => Timestamp | undefined
  /** The reader's time; claims of recovery are compared with it. */
  readonly now: Timestamp
}

export type KeyChainReading =
  | {
      readonly ok: true
      readonly current: KeyStatement
      /** All keys of the chain, the first one first. */
      readonly keys: readonly Did[]
      /** Hash of the last statement. */
      readonly head: Hash
    }
  | {
      readonly ok: false
      readonly code: KeyRefusal
      /** Position of the statement that is refused. */
      readonly index: number
    }

/** Follows a chain from its first statement. Total; a chain without statements is `KEY_STATEMENT_OUT_OF_CHAIN`. */
export function readKeyChain(chain: readonly SignedKeyStatement[], init: KeyChainInit): KeyChainReading {
  if (chain.length > KEY_CHAIN_MAX) return { ok: false, code: 'KEY_CHAIN_TOO_LONG', index: KEY_CHAIN_MAX }
  let before: KeyStatement | undefined
  for (const [index, signed] of chain.entries()) {
    const code = refusalOfStatement(signed, { before, index, init })
    if (code !== undefined) return { ok: false, code, index }
    before = signed.statement
  }
  if (before === undefined) return { ok: false, code: 'KEY_STATEMENT_OUT_OF_CHAIN', index: 0 }
  const keys = chain.map(({ statement }) => statement.key)
  return { ok: true, current: before, keys, head: hashOfKeyStatement(before) }
}

type Place = { readonly before: KeyStatement | undefined; readonly index: number; readonly init: KeyChainInit }

function refusalOfStatement(signed: SignedKeyStatement, place: Place): KeyRefusal | undefined {
  const { statement } = signed
  const { before, index, init } = place
  if (statement.index !== index || !follows(statement, before)) return 'KEY_STATEMENT_OUT_OF_CHAIN'
  const signers = signersOf(statement, before)
  if (signers === undefined) return 'KEY_RECOVERY_NOT_NAMED'
  const refusal = refusalOfKey(statement.key) ?? (statement.recovery && refusalOfKey(statement.recovery.key))
  if (refusal !== undefined) return refusal
  if (!isSignedBy(signed, signers, init)) return 'KEY_STATEMENT_UNSIGNED'
  if (statement.type !== 'key-recovered') return undefined
  const effectiveAt = recoveryEffectiveAt(statement, before, init.firstSeenAt)
  return effectiveAt !== undefined && init.now >= effectiveAt ? undefined : 'KEY_RECOVERY_TOO_EARLY'
}

function follows(statement: KeyStatement, before: KeyStatement | undefined): boolean {
  if (statement.type === 'key-created') return before === undefined
  if (before === undefined) return false
  return (
    statement.prev === hashOfKeyStatement(before) &&
    statement.from === before.key &&
    statement.key !== before.key &&
    statement.role === before.role &&
    statement.createdAt >= before.createdAt
  )
}

/** Keys that have to sign, in order; `undefined` where a recovery has nobody to sign it. */
function signersOf(statement: KeyStatement, before: KeyStatement | undefined): readonly Did[] | undefined {
  switch (statement.type) {
    case 'key-created':
      return [statement.key]
    case 'key-rotated':
      return [statement.from, statement.key]
    case 'key-recovered':
      return before?.recovery && [before.recovery.key, statement.key]
  }
}

function refusalOfKey(did: Did): KeyRefusal | undefined {
  const publicKey = publicKeyOfDid(did)
  return publicKey === undefined ? 'KEY_LENGTH_WRONG' : admitPublicKey(publicKey)
}

function isSignedBy(signed: SignedKeyStatement, signers: readonly Did[], { verify }: KeyChainInit): boolean {
  if (signed.signatures.length !== signers.length) return false
  const bytes = signingBytesOfKeyStatement(signed.statement)
  return signers.every((signer, index) => {
    const publicKey = publicKeyOfDid(signer)
    const signature = base64url.baseDecode(signed.signatures[index] ?? '')
    return publicKey !== undefined && verify({ publicKey, bytes, signature })
  })
}

function recoveryEffectiveAt(
  claim: KeyStatement,
  before: KeyStatement | undefined,
  firstSeenAt: KeyChainInit['firstSeenAt'],
): Timestamp | undefined {
  const seenAt = firstSeenAt(hashOfKeyStatement(claim))
  if (seenAt === undefined || before?.recovery === undefined) return undefined
  return (seenAt + before.recovery.delayMs) as Timestamp
}

/** Two statements with the same predecessor, and that predecessor. Both were read as part of a chain. */
export type KeyRivals = {
  readonly before: KeyStatement
  readonly first: KeyStatement
  readonly second: KeyStatement
}

/**
 * Which of two rival statements stands. A rotation stands against a claim of recovery when it was seen before the claim took effect, the claim against a later
 * rotation. Two rotations or two claims of one predecessor prove a lie of whoever holds the key: `undefined`, and the key counts no more.
 */
export function rivalThatStands(
  { before, first, second }: KeyRivals,
  firstSeenAt: KeyChainInit['firstSeenAt'],
): KeyStatement | undefined {
  const rotation = [first, second].find(({ type }) => type === 'key-rotated')
  const claim = [first, second].find(({ type }) => type === 'key-recovered')
  if (rotation === undefined || claim === undefined) return undefined
  const rotatedAt = firstSeenAt(hashOfKeyStatement(rotation))
  const effectiveAt = recoveryEffectiveAt(claim, before, firstSeenAt)
  if (effectiveAt === undefined) return rotation
  return rotatedAt !== undefined && rotatedAt < effectiveAt ? rotation : claim
}
