import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { batchBytes, questionBytes, readAnswer, readQuestion } from '../../../src/actors/cluster/cluster-message.ts'
import { ClusterSecret, type Handshake } from '../../../src/actors/cluster/cluster-secret.ts'
import { bytesOfHex, hexOfBytes } from '../../../src/base/hex.ts'
import { ValueDecoder } from '../../../src/actors/threads/value-decoder.ts'
import { ValueEncoder } from '../../../src/actors/threads/value-encoder.ts'

type Vectors = {
  readonly secret: string
  readonly handshake: Handshake
  readonly proofs: Readonly<Record<'asker' | 'answerer' | 'session', string>>
  readonly records: readonly { readonly value: unknown; readonly hex: string }[]
  readonly batch: { readonly first: number; readonly hex: string }
}

const file = new URL('../../../protocol/vectors/cluster.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const secret = new ClusterSecret(vectors.secret)

test('proofs are those of the vectors, each of its role only', () => {
  const { handshake, proofs } = vectors
  for (const role of ['asker', 'answerer', 'session'] as const) {
    expect(secret.prove(role, handshake)).toBe(proofs[role])
    expect(secret.isProof(proofs[role], role, handshake)).toBe(true)
    expect(secret.isProof(proofs[role], role === 'asker' ? 'answerer' : 'asker', handshake)).toBe(false)
  }
  expect(secret.isProof(proofs.asker, 'asker', { ...handshake, askerNonce: '2'.repeat(32) })).toBe(false)
  for (const wrong of [undefined, '', `${proofs.asker}0`, proofs.asker.slice(1)])
    expect(secret.isProof(wrong, 'asker', handshake)).toBe(false)
})

test('records and batches are those of the vectors', () => {
  for (const { value, hex } of vectors.records) {
    const encoder = new ValueEncoder()
    encoder.encode(value)
    expect(hexOfBytes(encoder.buffer.bytes.subarray(0, encoder.buffer.position))).toBe(hex)
    const decoder = new ValueDecoder()
    decoder.attach(bytesOfHex(hex))
    expect(decoder.decode(0, [])).toEqual(value)
  }
  const { first, hex } = vectors.batch
  const records = vectors.records.slice(0, 2).map((record) => bytesOfHex(record.hex))
  const batch = { session: vectors.proofs.session, first, records }
  expect(hexOfBytes(batchBytes(batch))).toBe(hex)
  expect(readQuestion(bytesOfHex(hex))).toEqual({ t: 'batch', ...batch })
})

test('the secret is not shown', () => {
  expect(JSON.stringify({ secret })).not.toContain(vectors.secret)
  expect(Object.values(secret)).toEqual([])
})

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const session = 'a'.repeat(64)

test.each([
  ['nothing', new Uint8Array(0)],
  ['no JSON', new TextEncoder().encode('{"t"')],
  ['no known message', text({ t: 'toString' })],
  ['a member of another type', text({ t: 'hello', v: 1, nonce: 5, run: 'a'.repeat(32) })],
  ['facts that are none', text({ t: 'beat', session, facts: { labels: ['a b'], capacity: 1, load: 0 } })],
  [
    'more labels than may be',
    text({ t: 'beat', session, facts: { labels: Array(65).fill('a'), capacity: 1, load: 0 } }),
  ],
  ['a text without end', text({ t: 'knock', more: 'x'.repeat(20_000) })],
  ['half a batch', Uint8Array.of(1, 2, 3)],
  [
    'a record longer than its batch',
    Uint8Array.from([...batchBytes({ session, first: 0, records: [] }), 9, 0, 0, 0, 1]),
  ],
  ['a length that is cut', Uint8Array.from([...batchBytes({ session, first: 0, records: [] }), 9, 0])],
])('%s is refused as a frame', (_name, bytes) => {
  expect(() => readQuestion(bytes)).toThrow(/cluster protocol/)
})

test('what is written is read', () => {
  const facts = { labels: ['gpu'], capacity: 5, load: 1 }
  expect(readQuestion(questionBytes({ t: 'beat', session, facts }))).toEqual({ t: 'beat', session, facts })
  expect(readAnswer(questionBytes({ t: 'taken', next: 4 }))).toEqual({ t: 'taken', next: 4 })
})
