import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import canonicalize from 'canonicalize'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import type { ContractId, Hash } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { authenticate } from '../../../src/wire/v1/authenticate.ts'
import { readCanonical } from '../../../src/wire/v1/canonical.ts'
import { decodeEnvelope, type Envelope, type EnvelopeInit, prepareEnvelope } from '../../../src/wire/v1/envelope.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

/** A notary that settles 1,000 contracts a second on two cores reads six envelopes for each. */
const DECODE_LIMIT_US = 60
const AT = 1_790_000_000_000 as Timestamp
const WORKER = fixedKey(2)
const NOTARY = fixedKey(3)

/** What reading a signed message costs by part: canonical bytes, the whole decoding with both hashes and the schema, and the signature. */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rounds = isQuick ? 1 : 9
  const messages = Array.from({ length: isQuick ? 20 : 1_000 }, (_, index) => messageOf(index))
  const texts = messages.map((bytes) => Buffer.from(bytes).toString())
  const sizeBytes = Math.round(messages.reduce((sum, { length }) => sum + length, 0) / messages.length)
  const envelopes = messages.map(decoded)
  const verify = verifySignatureWith(createNodeVerifier())
  const verifyNothing = (): boolean => true
  log(`${messages.length} receipts of ${sizeBytes} bytes`)
  const times = interleave(rounds, messages.length, {
    canonical: () => messages.every((bytes) => readCanonical(bytes).kind === 'read'),
    canonicalPeer: () => messages.every((_, index) => isCanonicalByPeer(messages[index], texts[index] ?? '')),
    decode: () => messages.every((bytes) => decodeEnvelope(bytes).kind === 'decoded'),
    decodePortable: () => messages.every((bytes) => decodeEnvelope(bytes, { hash: portableHash }).kind === 'decoded'),
    context: () => envelopes.every((envelope) => isAuthentic(envelope, verifyNothing)),
    authenticate: () => envelopes.every((envelope) => isAuthentic(envelope, verify)),
    prepare: () => envelopes.every(isPreparedAlike),
  })
  const note = `${messages.length} receipts of ${sizeBytes} bytes, CPU time`
  const row = { unit: 'us', better: 'lower', peers: {}, limit: null, note } as const
  const rows: BenchRow[] = [
    {
      ...row,
      case: 'envelope: canonical bytes read and checked',
      ours: times.canonical,
      peers: { 'JSON.parse and canonicalize': roundFigure(times.canonicalPeer) },
      note: `${note}; the peer sees neither doubled names nor depth`,
    },
    {
      ...row,
      case: 'envelope: decoded, native SHA-256',
      ours: times.decode,
      limit: DECODE_LIMIT_US,
      note: `${note}; canonical, schemas of head and body, hashes of both`,
    },
    { ...row, case: 'envelope: decoded, portable SHA-256', ours: times.decodePortable, limit: DECODE_LIMIT_US },
    { ...row, case: 'envelope: network, audience, time, key and signing bytes', ours: times.context },
    { ...row, case: 'envelope: authenticated with node:crypto', ours: times.authenticate },
    { ...row, case: 'envelope: prepared for signing', ours: times.prepare },
  ]
  return await Promise.resolve({ rows: rows.map((each) => ({ ...each, ours: roundFigure(each.ours) })), skipped: [] })
}

/** As where the host has no SHA-256 of its own. */
function portableHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

function hashOf(text: string): Hash {
  return sha256Hex(text) as Hash
}

function messageOf(index: number): Uint8Array {
  const prepared = prepareEnvelope(initOf(index))
  return prepared.finish(WORKER.sign(prepared.signingBytes))
}

function initOf(index: number): EnvelopeInit<'receipt'> {
  return {
    type: 'receipt',
    net: 'bench',
    contract: hashOf(`contract ${index}`) as ContractId,
    seq: 1 + index,
    prev: hashOf(`before ${index}`),
    iss: WORKER.did,
    aud: NOTARY.did,
    iat: AT,
    exp: (AT + 60_000) as Timestamp,
    nonce: Buffer.from(hashOf(`nonce ${index}`), 'hex')
      .subarray(0, 16)
      .toString('base64url'),
    body: { effect: 'applied', request: hashOf(`request ${index}`), at: AT, entry: index, entryHash: hashOf('chain') },
  }
}

function decoded(bytes: Uint8Array): Envelope {
  const result = decodeEnvelope(bytes)
  if (result.kind === 'refused') throw new Error(`A message of ours was refused: ${result.code}`)
  return result.envelope
}

function isCanonicalByPeer(bytes: Uint8Array | undefined, text: string): boolean {
  const read = Buffer.from(bytes ?? []).toString()
  return read === text && canonicalize(JSON.parse(read)) === read
}

function isAuthentic(envelope: Envelope, verify: ReturnType<typeof verifySignatureWith>): boolean {
  const init = { verify, now: AT, clockSkewMs: 0 as DurationMs, audience: [NOTARY.did], network: 'bench' }
  return authenticate(envelope, init).kind === 'authenticated'
}

function isPreparedAlike(envelope: Envelope): boolean {
  if (envelope.type !== 'receipt') return false
  const { head, body } = envelope
  return prepareEnvelope({ ...head, type: 'receipt', body }).hash === envelope.hash
}

/**
 * Microseconds of CPU time per message of each case, which other processes of the machine do not change: the median of the rounds, interleaved. Every case has
 * to find every message right.
 */
function interleave<Name extends string>(
  rounds: number,
  messages: number,
  cases: Readonly<Record<Name, () => boolean>>,
): Record<Name, number> {
  const names = Object.keys(cases) as Name[]
  const times = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = -1; round < rounds; round += 1) {
    for (const name of names) {
      const before = process.cpuUsage()
      if (!cases[name]()) throw new Error(`${name}: a message was not right`)
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) times.get(name)?.push((user + system) / messages)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<Name, number>
}
