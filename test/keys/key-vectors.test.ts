import { readFileSync } from 'node:fs'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { formatKeyVectors, type KeyVectors, makeKeyVectors } from '../../scripts/key-vectors.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createNodeSealer } from '../../src/keys/sealers.ts'
import {
  hashOfKeyStatement,
  parseKeyChain,
  readKeyChain,
  signingBytesOfKeyStatement,
} from '../../src/wire/v1/key-statements.ts'

const TEXT = readFileSync('protocol/vectors/v1/keys.json', 'utf8')
const { statements, chains, seals } = JSON.parse(TEXT) as KeyVectors

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

describe('protocol/vectors/v1/keys.json', () => {
  it('is what scripts/key-vectors.ts makes', () => {
    expect(TEXT).toBe(formatKeyVectors(makeKeyVectors()))
  })

  it('has so many rows', () => {
    expect([statements.length, chains.length, seals.length]).toEqual([4, 22, 6])
  })
})

describe('statements', () => {
  it.each(statements)('$statement.type of role $statement.role has its hash and signing bytes', (vector) => {
    expect(hashOfKeyStatement(vector.statement)).toBe(vector.hash)
    expect(Buffer.from(signingBytesOfKeyStatement(vector.statement)).toString('hex')).toBe(vector.signingBytes)
  })
})

describe('chains', () => {
  it.each(chains)('$name', ({ chain, now, firstSeenAt, outcome }) => {
    const verifier = createNodeVerifier()
    // A chain that is too long is read as it is: reading says so too.
    const parsed = parseKeyChain(chain)
    const reading = readKeyChain(parsed.ok ? parsed.chain : chain, {
      verify: (signed) => verifier.verify(signed),
      firstSeenAt(hash) {
        const seenAt = firstSeenAt[hash]
        return seenAt === undefined ? undefined : timestampFromMs(seenAt)
      },
      now: timestampFromMs(now),
    })
    expect(reading.ok ? { ok: true, key: reading.current.key, head: reading.head } : reading).toEqual(outcome)
  })
})

describe('sealed payloads', () => {
  it.each(seals)('of $name open with the other backend, and with NaCl itself', (vector) => {
    const [secret, sealed, payload] = [vector.recipientSecret, vector.sealed, vector.payload].map(bytesOf)
    if (secret === undefined || sealed === undefined || payload === undefined) throw new RangeError('Three values')
    const sealer = createNodeSealer(
      { random: { fraction: () => 0, bytes: (count) => new Uint8Array(count) } },
      { secret },
    )
    expect(sealer.open(sealed)).toEqual({ ok: true, bytes: payload })
    const content = nacl.box.open(sealed.slice(56), sealed.slice(32, 56), sealed.slice(0, 32), secret)
    expect(content?.slice(4, 4 + payload.byteLength)).toEqual(payload)
    expect(content?.byteLength).toBe(Math.ceil((4 + payload.byteLength) / 256) * 256)
  })
})
