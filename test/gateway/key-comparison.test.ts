import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/gateway/listener/authenticate.ts'
import { readRepositoryFile } from '../repo/repository.ts'

const KEY = 'kos-test-key'
const DIGEST = createHash('sha256').update(KEY).digest()

function nameOfCaller(digests: readonly Buffer[]): unknown {
  const keys = digests.map((digest, index) => ({
    id: `key-${index}`,
    sha256: digest.toString('hex'),
    tenant: `tenant-${index}`,
  }))
  return createAuthenticator(keys)(`Bearer ${KEY}`)?.caller.keyId
}

/** The digest with one bit of one byte turned. */
function differingAt(place: number): Buffer {
  const other = Buffer.from(DIGEST)
  other[place] = (other[place] ?? 0) ^ 1
  return other
}

describe('a key', () => {
  it('is known when its whole hash is', () => {
    expect(nameOfCaller([DIGEST])).toBe('key-0')
  })

  it.each([...DIGEST.keys()])('is unknown when byte %i of its hash differs', (place) => {
    expect(nameOfCaller([differingAt(place)])).toBeUndefined()
  })

  it('is found among keys that differ from it in one byte each', () => {
    const others = Array.from(DIGEST, (_, place) => differingAt(place))
    expect(nameOfCaller([...others, DIGEST])).toBe(`key-${others.length}`)
    expect(nameOfCaller([DIGEST, ...others])).toBe('key-0')
  })
})

describe('the comparison of keys', () => {
  it('takes the same time for every guess: constant in the hash, and no key ends the loop', () => {
    const source = readRepositoryFile('src/gateway/listener/authenticate.ts').replace(/\/\*[\s\S]*?\*\//g, '')
    const [, compare = ''] = /(const digest = hash\([\s\S]*?\n {4}return found)/.exec(source) ?? []
    expect(compare).toContain('for (const key of known) if (timingSafeEqual(key.digest, digest))')
    expect(compare).not.toMatch(
      /\bbreak\b|return (?!found)|\.(?:equals|compare|find|some|includes|slice|subarray)\(|[!=]==/,
    )
  })
})
