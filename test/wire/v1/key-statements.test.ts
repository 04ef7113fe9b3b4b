import { base64url } from 'multiformats/bases/base64'
import { describe, expect, it } from 'vitest'
import { durationFromMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import { createNodeSigner, createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { didOfSigner, signKeyStatement } from '../../../src/keys/store/key-secrets.ts'
import type { Signer } from '../../../src/ports/signer.ts'
import {
  hashOfKeyStatement,
  KEY_CHAIN_MAX,
  type KeyChainInit,
  type KeyStatement,
  parseKeyChain,
  readKeyChain,
  rivalThatStands,
  SIGNED_KEY_STATEMENT,
  type SignedKeyStatement,
  signingBytesOfKeyStatement,
} from '../../../src/wire/v1/key-statements.ts'

const [first, second, third, recovery] = [1, 2, 3, 4].map((byte) =>
  createNodeSigner(new Uint8Array(32).fill(byte)),
) as [Signer, Signer, Signer, Signer]
const at = timestampFromMs
const SEALING_KEY = base64url.baseEncode(new Uint8Array(32).fill(9))
const DELAY = durationFromMs(1_000)

const CREATED: KeyStatement = {
  v: 1,
  type: 'key-created',
  role: 'escrow',
  index: 0,
  key: didOfSigner(first),
  sealingKey: SEALING_KEY,
  recovery: { key: didOfSigner(recovery), delayMs: DELAY },
  createdAt: at(100),
}
const created = signKeyStatement(CREATED, [first])

function after(before: KeyStatement, key: Signer, change: Partial<KeyStatement> = {}): KeyStatement {
  return {
    ...before,
    type: 'key-rotated',
    index: before.index + 1,
    prev: hashOfKeyStatement(before),
    from: before.key,
    key: didOfSigner(key),
    createdAt: at(before.createdAt + 10),
    ...change,
  }
}

function init(change: Partial<KeyChainInit> = {}): KeyChainInit {
  const verifier = createNodeVerifier()
  return { verify: (signed) => verifier.verify(signed), firstSeenAt: () => undefined, now: at(5_000), ...change }
}

function refusal(chain: readonly SignedKeyStatement[], change: Partial<KeyChainInit> = {}): unknown {
  const reading = readKeyChain(chain, init(change))
  return reading.ok ? undefined : [reading.code, reading.index]
}

describe('signing bytes', () => {
  it('are pinned', () => {
    expect(hashOfKeyStatement(CREATED)).toBe('f9053e052debe0928188581c71bfedaaa0b611d713db92cffc4f34ef01294ccb')
    expect(Buffer.from(signingBytesOfKeyStatement(CREATED)).toString('latin1').slice(0, 26)).toBe(
      'kernell/key/key-created/v1',
    )
    expect(signingBytesOfKeyStatement(CREATED)[26]).toBe(0)
    expect(signingBytesOfKeyStatement(CREATED)).toHaveLength(59)
  })
})

describe('readKeyChain', () => {
  const ROTATED = after(CREATED, second)
  const rotated = signKeyStatement(ROTATED, [first, second])

  it('follows a key to the one that counts now', () => {
    const AGAIN = after(ROTATED, third)
    expect(readKeyChain([created, rotated, signKeyStatement(AGAIN, [second, third])], init())).toEqual({
      ok: true,
      current: AGAIN,
      keys: [first, second, third].map(didOfSigner),
      head: hashOfKeyStatement(AGAIN),
    })
  })

  it('refuses an empty chain and one that is too long', () => {
    expect(refusal([])).toEqual(['KEY_STATEMENT_OUT_OF_CHAIN', 0])
    expect(refusal(Array.from({ length: KEY_CHAIN_MAX + 1 }, () => created))).toEqual(['KEY_CHAIN_TOO_LONG', 64])
  })

  it.each([
    ['another index', { index: 2 }],
    ['another predecessor', { prev: hashOfKeyStatement(ROTATED) }],
    ['another key before', { from: didOfSigner(third) }],
    ['the same key', { key: didOfSigner(first) }],
    ['another role', { role: 'node' }],
    ['an earlier time', { createdAt: at(99) }],
  ] as const)('refuses %s', (_name, change) => {
    const signed = signKeyStatement(after(CREATED, second, change), [first, second])
    expect(refusal([created, signed])).toEqual(['KEY_STATEMENT_OUT_OF_CHAIN', 1])
  })

  it('refuses a second beginning, and a chain without one', () => {
    expect(refusal([created, signKeyStatement({ ...CREATED, index: 1 }, [first])])).toEqual([
      'KEY_STATEMENT_OUT_OF_CHAIN',
      1,
    ])
    expect(refusal([signKeyStatement({ ...ROTATED, index: 0 }, [first, second])])).toEqual([
      'KEY_STATEMENT_OUT_OF_CHAIN',
      0,
    ])
  })

  it('wants both keys to sign a change, each in its place', () => {
    const unsigned = ['KEY_STATEMENT_UNSIGNED', 1]
    expect(refusal([created, signKeyStatement(ROTATED, [first])])).toEqual(unsigned)
    expect(refusal([created, signKeyStatement(ROTATED, [second, first])])).toEqual(unsigned)
    expect(refusal([created, signKeyStatement(ROTATED, [third, second])])).toEqual(unsigned)
    expect(refusal([created, signKeyStatement(ROTATED, [first, third])])).toEqual(unsigned)
    expect(refusal([signKeyStatement(CREATED, [second])])).toEqual(['KEY_STATEMENT_UNSIGNED', 0])
  })

  it('refuses a key that may not be one, whoever signs', () => {
    const small = { ...first, publicKeyHex: '00'.repeat(32) }
    const chain = [created, signKeyStatement(after(CREATED, small), [first, small])]
    expect(refusal(chain, { verify: () => true })).toEqual(['KEY_ORDER_SMALL', 1])
  })
})

describe('recovery', () => {
  const CLAIM = after(CREATED, second, { type: 'key-recovered' })
  const claim = signKeyStatement(CLAIM, [recovery, second])
  const seenAt =
    (ms: number): KeyChainInit['firstSeenAt'] =>
    () =>
      at(ms)

  it('counts when its delay has passed since it was seen, and not a millisecond before', () => {
    expect(refusal([created, claim], { firstSeenAt: seenAt(4_001) })).toEqual(['KEY_RECOVERY_TOO_EARLY', 1])
    expect(refusal([created, claim], { firstSeenAt: seenAt(4_000) })).toBeUndefined()
    expect(refusal([created, claim])).toEqual(['KEY_RECOVERY_TOO_EARLY', 1])
  })

  it('is signed by the recovery key that was named before', () => {
    const byOwner = signKeyStatement(CLAIM, [first, second])
    expect(refusal([created, byOwner], { firstSeenAt: seenAt(0) })).toEqual(['KEY_STATEMENT_UNSIGNED', 1])
    const UNNAMED: KeyStatement = { ...CREATED, recovery: undefined }
    const chain = [
      signKeyStatement(UNNAMED, [first]),
      signKeyStatement(after(UNNAMED, second, { type: 'key-recovered' }), [recovery, second]),
    ]
    expect(refusal(chain, { firstSeenAt: seenAt(0) })).toEqual(['KEY_RECOVERY_NOT_NAMED', 1])
  })

  it('gives way to the owner who answers in time', () => {
    const ANSWER = after(CREATED, third)
    const rivals = { before: CREATED, first: CLAIM, second: ANSWER }
    const seen =
      (answeredAt: Timestamp | undefined): KeyChainInit['firstSeenAt'] =>
      (hash) =>
        hash === hashOfKeyStatement(CLAIM) ? at(1_000) : answeredAt
    expect(rivalThatStands(rivals, seen(at(1_999)))).toBe(ANSWER)
    expect(rivalThatStands(rivals, seen(at(2_000)))).toBe(CLAIM)
    expect(rivalThatStands(rivals, seen(undefined))).toBe(CLAIM)
    expect(rivalThatStands({ ...rivals, first: ANSWER, second: CLAIM }, seen(at(1_999)))).toBe(ANSWER)
    expect(rivalThatStands({ ...rivals, first: ANSWER }, seen(at(0)))).toBeUndefined()
  })
})

describe('SIGNED_KEY_STATEMENT', () => {
  it('reads what was written and refuses unknown members', () => {
    expect(SIGNED_KEY_STATEMENT.safeParse(JSON.parse(JSON.stringify(created)))).toMatchObject({ success: true })
    const wrong = [
      { ...created, more: 1 },
      { ...created, statement: { ...CREATED, more: 1 } },
      { ...created, statement: { ...CREATED, type: 'key-lost' } },
      { ...created, statement: { ...CREATED, prev: 'ff' } },
      { ...created, statement: { ...CREATED, v: 2 } },
      { ...created, signatures: [] },
      { ...created, signatures: ['a'] },
    ]
    expect(wrong.map((value) => SIGNED_KEY_STATEMENT.safeParse(value).success)).toEqual(wrong.map(() => false))
  })
})

describe('parseKeyChain', () => {
  it('reads statements, and names the first that is none', () => {
    const plain: unknown = JSON.parse(JSON.stringify(created))
    expect(parseKeyChain([plain, plain])).toEqual({ ok: true, chain: [created, created] })
    expect(parseKeyChain([plain, { ...created, more: 1 }])).toEqual({
      ok: false,
      code: 'KEY_STATEMENT_MALFORMED',
      index: 1,
    })
    for (const value of [undefined, null, {}, 'x'])
      expect(parseKeyChain(value)).toEqual({ ok: false, code: 'KEY_STATEMENT_MALFORMED', index: 0 })
    expect(parseKeyChain(Array.from({ length: 65 }, () => plain))).toMatchObject({ code: 'KEY_CHAIN_TOO_LONG' })
  })
})
