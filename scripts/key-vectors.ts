/**
 * `node scripts/key-vectors.ts`: writes `protocol/vectors/v1/keys.json`: chains of statements about keys with what a reader makes of them, and sealed payloads.
 * All secrets are in plain sight and the same each time.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { base64url } from 'multiformats/bases/base64'
import { type DurationMs, durationFromMs, timestampFromMs } from '../src/base/time.ts'
import { createNodeSigner } from '../src/keys/node-signatures.ts'
import { createPortableSealer } from '../src/keys/sealers.ts'
import { didOfSigner, signKeyStatement } from '../src/keys/store/key-secrets.ts'
import type { Signer } from '../src/ports/signer.ts'
import {
  hashOfKeyStatement,
  type KeyStatement,
  type SignedKeyStatement,
  signingBytesOfKeyStatement,
} from '../src/wire/v1/key-statements.ts'

export type KeyChainVector = {
  readonly name: string
  readonly chain: readonly SignedKeyStatement[]
  /** The reader's time, ms. */
  readonly now: number
  /** When the reader first saw a statement, by its hash. */
  readonly firstSeenAt: Readonly<Record<string, number>>
  readonly outcome:
    | { readonly ok: true; readonly key: string; readonly head: string }
    | { readonly ok: false; readonly code: string; readonly index: number }
}

export type KeyStatementVector = {
  readonly statement: KeyStatement
  readonly hash: string
  readonly signingBytes: string
}

export type SealVector = {
  readonly name: string
  readonly recipientSecret: string
  readonly ephemeralSecret: string
  readonly nonce: string
  readonly payload: string
  readonly sealed: string
}

export type KeyVectors = {
  readonly statements: readonly KeyStatementVector[]
  readonly chains: readonly KeyChainVector[]
  readonly seals: readonly SealVector[]
}

const FILE = fileURLToPath(new URL('../protocol/vectors/v1/keys.json', import.meta.url))
const DELAY: DurationMs = durationFromMs(60_000)
const NOW = 1_000_000

export function makeKeyVectors(): KeyVectors {
  return { statements: statementRows(), chains: chainRows(), seals: sealRows() }
}

function signerOf(byte: number): Signer {
  return createNodeSigner(new Uint8Array(32).fill(byte))
}

const RECOVERY_BYTE = 200

function created(byte: number, change: Partial<Pick<KeyStatement, 'role' | 'recovery'>> = {}): KeyStatement {
  return {
    v: 1,
    type: 'key-created',
    role: 'escrow',
    index: 0,
    key: didOfSigner(signerOf(byte)),
    sealingKey: base64url.baseEncode(new Uint8Array(32).fill(byte)),
    recovery: { key: didOfSigner(signerOf(RECOVERY_BYTE)), delayMs: DELAY },
    createdAt: timestampFromMs(500_000),
    ...change,
  }
}

function following(before: KeyStatement, byte: number, change: Partial<KeyStatement> = {}): KeyStatement {
  return {
    ...created(byte),
    type: 'key-rotated',
    index: before.index + 1,
    prev: hashOfKeyStatement(before),
    from: before.key,
    createdAt: timestampFromMs(before.createdAt + 1_000),
    ...change,
  }
}

function statementRows(): readonly KeyStatementVector[] {
  const first = created(1)
  const withoutRecovery = created(2, { recovery: undefined, role: 'node' })
  const rows = [first, withoutRecovery, following(first, 3), following(first, 4, { type: 'key-recovered' })]
  return rows.map((statement) => ({
    statement,
    hash: hashOfKeyStatement(statement),
    signingBytes: Buffer.from(signingBytesOfKeyStatement(statement)).toString('hex'),
  }))
}

function chainRows(): readonly KeyChainVector[] {
  const first = created(1)
  const start = signKeyStatement(first, [signerOf(1)])
  const second = following(first, 2)
  const rotated = signKeyStatement(second, [signerOf(1), signerOf(2)])
  const third = following(second, 3)
  const again = signKeyStatement(third, [signerOf(2), signerOf(3)])
  const altered = (change: Partial<KeyStatement>): readonly SignedKeyStatement[] => [
    start,
    signKeyStatement(following(first, 2, change), [signerOf(1), signerOf(2)]),
  ]
  const outOfChain = refused('KEY_STATEMENT_OUT_OF_CHAIN', 1)
  const unsigned = refused('KEY_STATEMENT_UNSIGNED', 1)
  return [
    row('one statement', [start], accepted(first)),
    row('two rotations', [start, rotated, again], accepted(third)),
    row('no statement', [], refused('KEY_STATEMENT_OUT_OF_CHAIN', 0)),
    row('begins in the middle', [rotated], refused('KEY_STATEMENT_OUT_OF_CHAIN', 0)),
    row('a statement left out', [start, again], outOfChain),
    row('twice the same', [start, rotated, rotated], refused('KEY_STATEMENT_OUT_OF_CHAIN', 2)),
    row('another role', altered({ role: 'node' }), outOfChain),
    row('an earlier time', altered({ createdAt: timestampFromMs(499_999) }), outOfChain),
    row(
      'the same time',
      altered({ createdAt: first.createdAt }),
      accepted(following(first, 2, { createdAt: first.createdAt })),
    ),
    row(
      'the key before once more',
      [start, signKeyStatement(following(first, 1), [signerOf(1), signerOf(1)])],
      outOfChain,
    ),
    row('a changed predecessor', [signKeyStatement(created(1, { role: 'node' }), [signerOf(1)]), rotated], outOfChain),
    row('signed by the new key alone', [start, signKeyStatement(second, [signerOf(2)])], unsigned),
    row('signed in the wrong order', [start, signKeyStatement(second, [signerOf(2), signerOf(1)])], unsigned),
    row('signed by a stranger', [start, signKeyStatement(second, [signerOf(9), signerOf(2)])], unsigned),
    row('created by a stranger', [signKeyStatement(first, [signerOf(2)])], refused('KEY_STATEMENT_UNSIGNED', 0)),
    row('a key of small order', [start, smallOrder(first)], refused('KEY_ORDER_SMALL', 1)),
    row(
      'too long',
      Array.from({ length: 65 }, () => start),
      refused('KEY_CHAIN_TOO_LONG', 64),
    ),
    ...recoveryRows(first, start),
  ]
}

function recoveryRows(first: KeyStatement, start: SignedKeyStatement): readonly KeyChainVector[] {
  const claim = following(first, 5, { type: 'key-recovered' })
  const signed = signKeyStatement(claim, [signerOf(RECOVERY_BYTE), signerOf(5)])
  const unnamed = created(1, { recovery: undefined })
  const seen = (ms: number): Readonly<Record<string, number>> => ({ [hashOfKeyStatement(claim)]: ms })
  const early = refused('KEY_RECOVERY_TOO_EARLY', 1)
  const without = following(unnamed, 5, { type: 'key-recovered' })
  return [
    row('recovered', [start, signed], accepted(claim), seen(NOW - DELAY)),
    row('recovered, one millisecond early', [start, signed], early, seen(NOW - DELAY + 1)),
    row('recovered, seen only now', [start, signed], early),
    row(
      'recovered by the key before',
      [start, signKeyStatement(claim, [signerOf(1), signerOf(5)])],
      refused('KEY_STATEMENT_UNSIGNED', 1),
      seen(0),
    ),
    row(
      'recovered without a recovery key',
      [signKeyStatement(unnamed, [signerOf(1)]), signKeyStatement(without, [signerOf(RECOVERY_BYTE), signerOf(5)])],
      refused('KEY_RECOVERY_NOT_NAMED', 1),
      { [hashOfKeyStatement(without)]: 0 },
    ),
  ]
}

function smallOrder(first: KeyStatement): SignedKeyStatement {
  const nobody: Signer = { publicKeyHex: '00'.repeat(32), sign: () => new Uint8Array(64) }
  return signKeyStatement(following(first, 2, { key: didOfSigner(nobody) }), [signerOf(1), nobody])
}

function row(
  name: string,
  chain: readonly SignedKeyStatement[],
  ...[outcome, firstSeenAt = {}]: readonly [KeyChainVector['outcome'], Readonly<Record<string, number>>?]
): KeyChainVector {
  return { name, chain, now: NOW, firstSeenAt, outcome }
}

function accepted(statement: KeyStatement): KeyChainVector['outcome'] {
  return { ok: true, key: statement.key, head: hashOfKeyStatement(statement) }
}

function refused(code: string, index: number): KeyChainVector['outcome'] {
  return { ok: false, code, index }
}

function sealRows(): readonly SealVector[] {
  return [0, 1, 251, 252, 253, 1_000].map((size) => {
    const [recipientSecret, ephemeralSecret] = [71, 72].map((byte) => new Uint8Array(32).fill(byte + (size & 1)))
    const nonce = new Uint8Array(24).fill(size & 0xff)
    if (recipientSecret === undefined || ephemeralSecret === undefined) throw new RangeError('Two secrets')
    const payload = Uint8Array.from({ length: size }, (_, index) => (index * 31) & 0xff)
    const random = { fraction: () => 0, bytes: (count: number) => (count === 32 ? ephemeralSecret : nonce).slice() }
    const sealer = createPortableSealer({ random }, { secret: recipientSecret })
    const outcome = sealer.seal(payload, sealer.publicKey)
    if (!outcome.ok) throw new Error(outcome.code)
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    return {
      name: `${size} bytes`,
      recipientSecret: hex(recipientSecret),
      ephemeralSecret: hex(ephemeralSecret),
      nonce: hex(nonce),
      payload: hex(payload),
      sealed: hex(outcome.bytes),
    }
  })
}

/** One row a line, so that a change is seen in a difference. */
export function formatKeyVectors(vectors: KeyVectors): string {
  const lists = Object.entries(vectors).map(
    ([name, rows]) => `  "${name}": [\n${rows.map((each) => `    ${JSON.stringify(each)}`).join(',\n')}\n  ]`,
  )
  return `{\n${lists.join(',\n')}\n}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, formatKeyVectors(makeKeyVectors()))
