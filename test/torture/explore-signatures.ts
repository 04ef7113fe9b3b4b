import { ed25519 } from '@noble/curves/ed25519.js'
import {
  BASE,
  challenge,
  flipped,
  joined,
  L,
  numberBytes,
  P,
  type Point,
  SMALL_ORDER,
  times,
  TORSION,
  withSign,
} from '../../scripts/edwards-points.ts'
import { createRandomStream, type RandomStream } from '../../src/base/random-stream.ts'
import type { SignedBytes, Verifier } from '../../src/ports/verifier.ts'

/** A key and signature whose verdict follows from how they were made. */
export type SignatureCase = { readonly kind: string; readonly signed: SignedBytes; readonly isRight: boolean }

export type SignatureExploration = {
  readonly cases: number
  /** Cases of each kind. */
  readonly kinds: Readonly<Record<string, number>>
  readonly failures: readonly string[]
  /** The verdicts in order, for a hash. */
  readonly trace: string
}

const CASES = 64

/** One seeded round of cases of all kinds, each judged by every verifier. */
export function exploreSignatures(init: {
  readonly seed: number
  readonly verifiers: Readonly<Record<string, Pick<Verifier, 'verify'>>>
}): SignatureExploration {
  const cases = drawSignatureCases(init.seed)
  const kinds: Record<string, number> = {}
  const failures: string[] = []
  let trace = ''
  for (const [index, { kind, signed, isRight }] of cases.entries()) {
    kinds[kind] = (kinds[kind] ?? 0) + 1
    for (const [name, verifier] of Object.entries(init.verifiers)) {
      const verdict = verifier.verify(signed)
      trace += verdict ? '1' : '0'
      if (verdict !== isRight) failures.push(`case ${index}, ${kind}: ${name} says ${verdict ? 'right' : 'wrong'}`)
    }
  }
  return { cases: cases.length, kinds, failures, trace }
}

/** The same for the same seed. */
export function drawSignatureCases(seed: number): readonly SignatureCase[] {
  const random = createRandomStream(seed)
  return Array.from({ length: CASES }, (_, index) => {
    const makers = Object.entries(MAKERS)
    const [kind, make] = makers[index % makers.length] ?? ['right', right]
    return { kind, ...make(drawPair(random), random) }
  })
}

type Pair = { readonly scalar: bigint; readonly nonce: bigint; readonly message: Uint8Array }
type Made = Pick<SignatureCase, 'signed' | 'isRight'>

const MAKERS: Readonly<Record<string, (pair: Pair, random: RandomStream) => Made>> = {
  right,
  'flipped bit': (pair, random) => {
    const { signed } = right(pair)
    const part = (['publicKey', 'bytes', 'signature'] as const)[random.nextBelow(3)] ?? 'bytes'
    const bit = random.nextBelow(8 * signed[part].byteLength)
    return { signed: { ...signed, [part]: flipped(signed[part], bit) }, isRight: false }
  },
  'S + n L': (pair, random) => {
    const { signed } = right(pair)
    const answer = BigInt(`0x${Buffer.from(signed.signature.slice(32)).reverse().toString('hex')}`)
    const larger = numberBytes(answer + BigInt(1 + random.nextBelow(14)) * L)
    return { signed: { ...signed, signature: joined(signed.signature.slice(0, 32), larger) }, isRight: false }
  },
  'A of small order': (pair, random) => {
    const { bytes: key, point } = drawn(SMALL_ORDER, random)
    const commitment = BASE.multiply(pair.nonce).toBytes()
    // Eight messages in eight, at most: one of them makes [k]A vanish, so that S = r is right where nobody looks at A.
    const message = firstMessage(pair.message, (bytes) =>
      times(point, challenge({ point: commitment, key, message: bytes })).is0(),
    )
    return {
      signed: { publicKey: key, bytes: message, signature: joined(commitment, numberBytes(pair.nonce)) },
      isRight: false,
    }
  },
  'R of small order': (pair, random) => {
    const { bytes: commitment } = drawn(SMALL_ORDER, random)
    const key = BASE.multiply(pair.scalar).toBytes()
    const answer = (challenge({ point: commitment, key, message: pair.message }) * pair.scalar) % L
    const signature = joined(commitment, numberBytes(answer))
    return { signed: { publicKey: key, bytes: pair.message, signature }, isRight: false }
  },
  'not canonical': (pair, random) => {
    const { signed } = right(pair)
    const y = numberBytes(P + BigInt(random.nextBelow(19)))
    const point = random.nextBelow(2) === 0 ? y : withSign(y)
    if (random.nextBelow(2) === 0) return { signed: { ...signed, publicKey: point }, isRight: false }
    return { signed: { ...signed, signature: joined(point, signed.signature.slice(32)) }, isRight: false }
  },
  'A and R with parts of small order': (pair, random) => {
    const [ofKey, ofCommitment] = [drawn(TORSION, random), drawn(TORSION, random)]
    const publicKey = BASE.multiply(pair.scalar).add(ofKey).toBytes()
    const commitment = BASE.multiply(pair.nonce).add(ofCommitment)
    const signed = signedBy(pair, publicKey, commitment)
    const count = challenge({ point: commitment.toBytes(), key: publicKey, message: pair.message })
    // [S]B = R + [k]A holds exactly when the parts cancel out.
    return { signed, isRight: ofCommitment.add(times(ofKey, count)).is0() }
  },
}

function right(pair: Pair): Made {
  const publicKey = BASE.multiply(pair.scalar).toBytes()
  return { signed: signedBy(pair, publicKey, BASE.multiply(pair.nonce)), isRight: true }
}

function signedBy({ scalar, nonce, message }: Pair, publicKey: Uint8Array, commitment: Point): SignedBytes {
  const point = commitment.toBytes()
  const answer = (nonce + challenge({ point, key: publicKey, message }) * scalar) % L
  return { publicKey, bytes: message, signature: joined(point, numberBytes(answer)) }
}

function drawPair(random: RandomStream): Pair {
  const message = Uint8Array.from({ length: random.nextBelow(80) + 1 }, () => random.nextBelow(256))
  return { scalar: drawScalar(random), nonce: drawScalar(random), message }
}

function drawScalar(random: RandomStream): bigint {
  let scalar = 0n
  for (let word = 0; word < 8; word += 1) scalar = (scalar << 32n) | BigInt(random.nextUint32())
  return (scalar % (ed25519.Point.Fn.ORDER - 1n)) + 1n
}

function drawn<Item>(items: readonly Item[], random: RandomStream): Item {
  const item = items[random.nextBelow(items.length)]
  if (item === undefined) throw new RangeError('Nothing to draw from')
  return item
}

function firstMessage(start: Uint8Array, isWanted: (message: Uint8Array) => boolean): Uint8Array {
  for (let number = 0; number < 10_000; number += 1) {
    const message = joined(start, Uint8Array.of(number & 0xff, number >> 8))
    if (isWanted(message)) return message
  }
  throw new Error('No such message')
}
