import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatVectorFile, VECTOR_AREAS, vectorFileOf } from '../../../scripts/protocol-vectors.ts'
import type { Vector, VectorContext, VectorFile } from '../../../scripts/protocol-vectors/vector.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { ENVELOPE_REFUSALS } from '../../../src/core/evidence/envelope-refusals.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { authenticate } from '../../../src/wire/v1/authenticate.ts'
import { canonicalText, readCanonical } from '../../../src/wire/v1/canonical.ts'
import { didOfPublicKey, publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import type { Audience } from '../../../src/wire/v1/envelope-head.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { checkEquivocation, type EquivocationProof } from '../../../src/wire/v1/equivocation.ts'
import { sha256HexOfBytes } from '../../../src/base/sha256.ts'
import { decodeMarketPost, encodeMarketPost } from '../../../src/wire/v1/market-frames.ts'
import { decodePieceList } from '../../../src/wire/v1/piece-list.ts'
import { MESSAGES } from '../../../src/wire/v1/message-types.ts'
import { decodeAnnouncement, verifyAnnouncement } from '../../../src/wire/v1/read-announcement.ts'
import { decodeCard, verifyCard } from '../../../src/wire/v1/read-card.ts'
import { signingBytes } from '../../../src/wire/v1/signing-bytes.ts'
import { auctionOutcomeOf } from './auction-outcome.ts'
import { announcedOutcome } from './gossip-outcome.ts'

const FOLDER = new URL('../../../protocol/vectors/v1/', import.meta.url)
/** Written by scripts of their own, with tests of their own. */
const OTHERS = ['keys.json', 'notary.json', 'program-calls.json', 'signatures.json', 'ucan-published.json', 'ucan.json']
const names = readdirSync(FOLDER)
  .filter((name) => !OTHERS.includes(name))
  .toSorted()
const files = VECTOR_AREAS.map(({ area }) => readFile(`${area}.json`))
const verify = verifySignatureWith(createNodeVerifier())

function readFile(name: string): VectorFile {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as VectorFile
}

function bytesOf(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** What the codecs make of a vector, in the vector's own form. */
function outcomeOf(vector: Vector, context: VectorContext): unknown {
  switch (vector.kind) {
    case 'accepted':
      return receive(vector.bytes, context)
    case 'refused':
      return receive(vector.bytes, { ...context, ...vector.context })
    case 'canonical':
    case 'canonical-refused': {
      const reading = readCanonical(bytesOf(vector.bytes))
      return reading.kind === 'refused' ? { code: reading.code } : { value: reading.value }
    }
    case 'did-key':
      return {
        did: didOfPublicKey(bytesOf(vector.publicKey)),
        publicKey: Buffer.from(publicKeyOfDid(vector.did as Did) ?? []).toString('hex'),
      }
    case 'did-key-refused':
      return publicKeyOfDid(vector.did as Did) === undefined ? { kind: 'did-key-refused' } : { kind: 'did-key' }
    case 'auction-id':
    case 'auction-commitment':
    case 'auction-tie':
    case 'auction-clearing':
    case 'auction-transcript':
      return auctionOutcomeOf(vector)
    case 'card':
    case 'card-refused':
      return readCardOf(vector.bytes, context)
    case 'notary-checkpoint':
    case 'notary-proof':
      return announcedOutcome(vector)
    case 'announcement':
    case 'announcement-refused':
      return readAnnouncement(vector.bytes, context)
    case 'market-frame':
    case 'market-frame-refused':
      return readFrame(vector.bytes)
    case 'piece-list':
    case 'piece-list-refused': {
      const list = decodePieceList(bytesOf(vector.bytes))
      return list === undefined
        ? { kind: 'piece-list-refused' }
        : { ...list, hash: sha256HexOfBytes(bytesOf(vector.bytes)) }
    }
    case 'equivocation': {
      const outcome = checkEquivocation(vector.proof as EquivocationProof, verify)
      return outcome.kind === 'proven' ? { envelopes: outcome.envelopes } : { code: outcome.code }
    }
  }
}

function readAnnouncement(digits: string, context: VectorContext): unknown {
  const init = {
    verify,
    now: context.now as Timestamp,
    clockSkewMs: context.clockSkewMs as DurationMs,
    network: context.network,
  }
  const decoded = decodeAnnouncement(bytesOf(digits), init)
  const refused = decoded.kind === 'refused' ? decoded : verifyAnnouncement(decoded, init)
  if (refused !== undefined) return { verdict: refused.verdict, code: refused.code }
  if (decoded.kind === 'refused') throw new TypeError('unreachable')
  const { auction, call, node } = decoded.heard
  return { auction, auctioneer: call.auctioneer, node }
}

function readFrame(digits: string): unknown {
  const reading = decodeMarketPost(bytesOf(digits))
  if (reading.kind === 'refused') return { code: reading.code }
  const { frame, bytes: behind } = reading
  const bytes = Buffer.from(encodeMarketPost({ frame, bytes: behind })).toString('hex')
  return { frame, behind: Buffer.from(behind).toString('hex'), bytes }
}

/** What somebody who hears it by gossip makes of it. */
function readCardOf(digits: string, context: VectorContext): unknown {
  const init = {
    verify,
    now: context.now as Timestamp,
    clockSkewMs: context.clockSkewMs as DurationMs,
    network: context.network,
  }
  const decoded = decodeCard(bytesOf(digits), init)
  const read = decoded.kind === 'refused' ? decoded : verifyCard(decoded, init)
  if (read.kind === 'refused') return { verdict: read.verdict, code: read.code }
  const { node, offers, receipts } = read.card
  return { node, offers: offers.map(({ id }) => id), receipts: receipts.map(({ id }) => id) }
}

function receive(digits: string, context: VectorContext): unknown {
  const decoded = decodeEnvelope(bytesOf(digits))
  if (decoded.kind === 'refused') return { code: decoded.code }
  const authenticated = authenticate(decoded.envelope, {
    verify,
    now: context.now as Timestamp,
    clockSkewMs: context.clockSkewMs as DurationMs,
    audience: context.audience as readonly Audience[],
    network: context.network,
  })
  if (authenticated.kind === 'refused') return { code: authenticated.code }
  const { envelope } = authenticated
  return {
    type: envelope.type,
    head: canonicalText(envelope.head),
    hash: authenticated.evidence.envelope,
    signingBytes: Buffer.from(signingBytes(envelope.type, envelope.hash)).toString('hex'),
    signature: Buffer.from(envelope.signature, 'base64url').toString('hex'),
    bytes: Buffer.from(
      encodeEnvelope({ ...envelope.head, type: envelope.type, body: envelope.body }, () =>
        Buffer.from(envelope.signature, 'base64url'),
      ),
    ).toString('hex'),
  }
}

describe('golden vectors', () => {
  it('are those that the script writes, file for file', () => {
    expect(names).toEqual(VECTOR_AREAS.map(({ area }) => `${area}.json`).toSorted())
    for (const area of VECTOR_AREAS) {
      const lines = readFileSync(new URL(`${area.area}.json`, FOLDER), 'utf8').split('\n')
      const due = formatVectorFile(vectorFileOf(area)).split('\n')
      // One line at most, because all of them are too much to read.
      expect(due.find((line, index) => line !== lines[index])).toBe(undefined)
      expect(lines.length).toBe(due.length)
    }
  })

  it('are as many as they were', () => {
    expect(Object.fromEntries(files.map(({ area, vectors }) => [area, vectors.length]))).toEqual({
      envelope: 124,
      auction: 70,
      escrow: 44,
      ledger: 38,
      disputes: 19,
      reputation: 17,
      governance: 18,
      capability: 10,
      gossip: 55,
      market: 20,
    })
  })

  it.each(files.flatMap((file) => file.vectors.map((vector) => ({ ...file, vector, name: vector.name }))))(
    '$area, $vector.kind: $name',
    ({ vector, context }) => {
      expect(vector).toMatchObject(outcomeOf(vector, context) as object)
    },
  )

  it('show every type of message as it is accepted', () => {
    const shown = files.flatMap(({ vectors }) =>
      vectors.map((vector) => (vector.kind === 'accepted' ? vector.type : '')),
    )
    expect(Object.keys(MESSAGES).filter((type) => !shown.includes(type))).toEqual([])
  })

  it('have names that are used once', () => {
    const all = files.flatMap(({ area, vectors }) => vectors.map(({ kind, name }) => `${area} ${kind} ${name}`))
    expect(all.length).toBe(new Set(all).size)
  })

  it('of the envelope show every refusal code but those of the memory of nonces', () => {
    const codes = files.flatMap(({ vectors }) => vectors.flatMap((vector) => ('code' in vector ? [vector.code] : [])))
    const unseen = Object.keys(ENVELOPE_REFUSALS).filter((code) => !codes.includes(code))
    expect(unseen).toEqual(['ENVELOPE_NONCE_USED', 'ENVELOPE_NONCES_FULL'])
  })
})
