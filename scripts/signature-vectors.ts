/**
 * `node scripts/signature-vectors.ts`: writes `protocol/vectors/v1/signatures.json`, the verdict of every kind of key and signature that implementations of
 * Ed25519 disagree about. Each row says its verdict by the way it was made, not by asking one of our verifiers. The same rows come out each time.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '../src/base/sha256.ts'
import {
  BASE,
  bytesNumber,
  challenge,
  flipped,
  hex,
  isNeutral,
  isPoint,
  isReachable,
  joined,
  keyOf,
  L,
  messageWhere,
  numberBytes,
  P,
  SMALL_ORDER,
  text,
  times,
  TORSION,
  withSign,
  type Point,
} from './edwards-points.ts'

export type SignatureVector = {
  readonly name: string
  /** The family of the row. */
  readonly about: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly verdict: 'accepted' | 'refused'
  /** Why it is refused; null where it is accepted. */
  readonly code: string | null
}

const FILE = fileURLToPath(new URL('../protocol/vectors/v1/signatures.json', import.meta.url))
export function makeSignatureVectors(): readonly SignatureVector[] {
  return [
    ...plainRows(),
    ...lengthRows(),
    ...flippedRows(),
    ...smallKeyRows(),
    ...smallPointRows(),
    ...notCanonicalRows(),
    ...offCurveRows(),
    ...largeScalarRows(),
    ...torsionRows(),
  ]
}

type Parts = {
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** A row; what stands before the colon is its family. */
function row(name: string, parts: Parts, code: string | null): SignatureVector {
  return {
    name,
    about: name.slice(0, name.indexOf(':')),
    publicKey: hex(parts.key),
    message: hex(parts.message),
    signature: hex(parts.signature),
    verdict: code === null ? 'accepted' : 'refused',
    code,
  }
}

function honest(name: string, message: Uint8Array): Parts {
  const seed = sha256(text(`${name}/seed`))
  return { key: ed25519.getPublicKey(seed), message, signature: ed25519.sign(message, seed) }
}

function plainRows(): SignatureVector[] {
  const sizes = [0, 1, 2, 3, 31, 32, 33, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 255, 256, 1_023]
  return sizes.flatMap((size) => {
    const parts = honest(
      `plain ${size}`,
      new Uint8Array(size).map((_, index) => (index * 7 + size) & 0xff),
    )
    const other = { ...parts, message: joined(parts.message, Uint8Array.of(0)) }
    return [
      row(`right: message of ${size} bytes`, parts, null),
      row(`another message: a byte after ${size} bytes`, other, 'SIGNATURE_WRONG'),
    ]
  })
}

function lengthRows(): SignatureVector[] {
  const parts = honest('length', text('length'))
  const ofLength = (bytes: Uint8Array, length: number): Uint8Array => joined(bytes, new Uint8Array(8)).slice(0, length)
  return [
    ...[0, 31, 33].map((length) =>
      row(`length: key of ${length} bytes`, { ...parts, key: ofLength(parts.key, length) }, 'KEY_LENGTH_WRONG'),
    ),
    ...[0, 32, 63, 65].map((length) =>
      row(
        `length: signature of ${length} bytes`,
        { ...parts, signature: ofLength(parts.signature, length) },
        'SIGNATURE_LENGTH_WRONG',
      ),
    ),
  ]
}

function flippedRows(): SignatureVector[] {
  const parts = honest('flipped', text('every bit counts'))
  const rows: SignatureVector[] = []
  for (let bit = 0; bit < 512; bit += 12) {
    const signature = flipped(parts.signature, bit)
    const isLarge = bytesNumber(signature.slice(32)) >= L
    rows.push(
      row(
        `flipped bit: signature, ${bit}`,
        { ...parts, signature },
        isLarge ? 'SIGNATURE_SCALAR_LARGE' : 'SIGNATURE_WRONG',
      ),
    )
  }
  for (let bit = 0; bit < 256; bit += 12) {
    const key = flipped(parts.key, bit)
    rows.push(row(`flipped bit: key, ${bit}`, { ...parts, key }, isPoint(key) ? 'SIGNATURE_WRONG' : 'KEY_NOT_ON_CURVE'))
  }
  for (let bit = 0; bit < 128; bit += 12)
    rows.push(
      row(`flipped bit: message, ${bit}`, { ...parts, message: flipped(parts.message, bit) }, 'SIGNATURE_WRONG'),
    )
  return rows
}

/** A of small order: with [k]A = 0 the signature R = [r]B, S = r is right for everybody who does not look at A; with S = 0 and R = -[k]A too. */
function smallKeyRows(): SignatureVector[] {
  return SMALL_ORDER.flatMap(({ bytes: key, point, isCanonical }) => {
    const code = isCanonical ? 'KEY_ORDER_SMALL' : 'KEY_NOT_CANONICAL'
    const { nonce } = keyOf(`small ${hex(key)}`)
    const commitment = BASE.multiply(nonce).toBytes()
    const vanishing = messageWhere('small key', (message) =>
      isNeutral(times(point, challenge({ point: commitment, key, message }))),
    )
    const signature = joined(commitment, numberBytes(nonce))
    const answers = TORSION.map((answer) => ({ answer, bytes: answer.toBytes() }))
    const both = answers.flatMap((answer) => {
      const holds = (message: Uint8Array): boolean =>
        times(point, challenge({ point: answer.bytes, key, message }))
          .add(answer.answer)
          .is0()
      return isReachable(point, answer.answer)
        ? [
            row(
              `small order: A ${hex(key)} and R ${hex(answer.bytes)}`,
              { key, message: messageWhere('both small', holds), signature: joined(answer.bytes, new Uint8Array(32)) },
              code,
            ),
          ]
        : []
    })
    return [row(`small order: A ${hex(key)}`, { key, message: vanishing, signature }, code), ...both]
  })
}

/** R of small order: with R = 0 and S = k a the equation holds without a cofactor, with the others under one. */
function smallPointRows(): SignatureVector[] {
  const { scalar, point } = keyOf('small R')
  const key = point.toBytes()
  return SMALL_ORDER.map(({ bytes, isCanonical }) => {
    const message = text(`R ${hex(bytes)}`)
    const signature = joined(bytes, numberBytes((challenge({ point: bytes, key, message }) * scalar) % L))
    return row(
      `small order: R ${hex(bytes)}`,
      { key, message, signature },
      isCanonical ? 'SIGNATURE_POINT_ORDER_SMALL' : 'SIGNATURE_POINT_NOT_CANONICAL',
    )
  })
}

/** y from p upward that are points of larger order. Nobody knows their discrete logarithms, so the equation cannot be made to hold. */
function notCanonicalRows(): SignatureVector[] {
  const parts = honest('not canonical', text('not canonical'))
  const encodings: Uint8Array[] = []
  for (let y = 2n; y < 19n; y += 1n)
    if (isPoint(numberBytes(y))) encodings.push(numberBytes(P + y), withSign(numberBytes(P + y)))
  return encodings.flatMap((bytes) => [
    row(`not canonical: A ${hex(bytes)}`, { ...parts, key: bytes }, 'KEY_NOT_CANONICAL'),
    row(
      `not canonical: R ${hex(bytes)}`,
      { ...parts, signature: joined(bytes, parts.signature.slice(32)) },
      'SIGNATURE_POINT_NOT_CANONICAL',
    ),
  ])
}

function offCurveRows(): SignatureVector[] {
  const parts = honest('off curve', text('off curve'))
  const encodings = [2n, 7n, 8n, 11n, P - 2n].map(numberBytes).filter((bytes) => !isPoint(bytes))
  return encodings.flatMap((bytes) => [
    row(`off the curve: A ${hex(bytes)}`, { ...parts, key: bytes }, 'KEY_NOT_ON_CURVE'),
    row(
      `off the curve: R ${hex(bytes)}`,
      { ...parts, signature: joined(bytes, parts.signature.slice(32)) },
      'SIGNATURE_WRONG',
    ),
  ])
}

function largeScalarRows(): SignatureVector[] {
  const parts = honest('large S', text('large S'))
  const commitment = parts.signature.slice(0, 32)
  const scalar = bytesNumber(parts.signature.slice(32))
  const withScalar = (name: string, number: bigint, code: string | null): SignatureVector =>
    row(`S: ${name}`, { ...parts, signature: joined(commitment, numberBytes(number)) }, code)
  const multiples = Array.from({ length: 15 }, (_, index) => BigInt(index + 1)).filter(
    (times) => scalar + times * L < 2n ** 256n,
  )
  return [
    withScalar('as it was made', scalar, null),
    ...multiples.map((count) => withScalar(`S + ${count} L`, scalar + count * L, 'SIGNATURE_SCALAR_LARGE')),
    ...[L, L + 1n, 2n ** 252n + 2n ** 251n, 2n ** 253n - 1n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n].map((number) =>
      withScalar(`S = ${number}`, number, 'SIGNATURE_SCALAR_LARGE'),
    ),
    ...[0n, 1n, L - 1n, 2n ** 252n - 1n].map((number) => withScalar(`S = ${number}`, number, 'SIGNATURE_WRONG')),
  ]
}

/** Keys and signatures with a part of small order T: right with a cofactor always, and here only where the parts cancel out. */
function torsionRows(): SignatureVector[] {
  return TORSION.slice(1).flatMap((torsion, index) => {
    const name = `torsion ${index + 1}`
    const { scalar, point, nonce } = keyOf(name)
    const mixed = point.add(torsion).toBytes()
    const plain = BASE.multiply(nonce).toBytes()
    const shifted = BASE.multiply(nonce).add(torsion).toBytes()
    const part = (commitment: Uint8Array, message: Uint8Array): Point =>
      times(torsion, challenge({ point: commitment, key: mixed, message }))
    const signed = (key: Uint8Array, commitment: Uint8Array, message: Uint8Array): Parts => {
      const answer = (nonce + challenge({ point: commitment, key, message }) * scalar) % L
      return { key, message, signature: joined(commitment, numberBytes(answer)) }
    }
    const where = (commitment: Uint8Array, wanted: (part: Point) => boolean): Parts =>
      signed(
        mixed,
        commitment,
        messageWhere(name, (message) => wanted(part(commitment, message))),
      )
    return [
      row(
        `torsion: A + T${index + 1}, [k]T is not 0`,
        where(plain, (rest) => !rest.is0()),
        'SIGNATURE_WRONG',
      ),
      row(
        `torsion: A + T${index + 1}, [k]T is 0`,
        where(plain, (rest) => rest.is0()),
        null,
      ),
      row(`torsion: R + T${index + 1}`, signed(point.toBytes(), shifted, text(name)), 'SIGNATURE_WRONG'),
      row(
        `torsion: both with T${index + 1}, which stays`,
        where(shifted, (rest) => !rest.add(torsion).is0()),
        'SIGNATURE_WRONG',
      ),
      row(
        `torsion: both with T${index + 1}, which cancels out`,
        where(shifted, (rest) => rest.add(torsion).is0()),
        null,
      ),
    ]
  })
}

/** One row a line, so that a change is seen in a difference. */
export function formatSignatureVectors(vectors: readonly SignatureVector[]): string {
  return `[\n${vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(',\n')}\n]\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(FILE, formatSignatureVectors(makeSignatureVectors()))
