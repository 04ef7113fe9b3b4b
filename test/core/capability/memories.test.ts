import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { CapabilityCid, Delegation, Invocation } from '../../../src/core/capability/capability-token.ts'
import { checkChainAt, hashOfChain } from '../../../src/core/capability/check-chain.ts'
import { IpldLink } from '../../../src/core/capability/ipld-value.ts'
import {
  EMPTY_REPLAY_MEMORY,
  INVOCATION_LIFETIME_MAX_MS,
  type ReplayMemory,
  rememberInvocation,
} from '../../../src/core/capability/replay-memory.ts'
import { addRevocation, NO_REVOCATIONS, type Revocations } from '../../../src/core/capability/revocations.ts'
import { type Did, type Hash, parseDid, parseHash } from '../../../src/core/evidence/names.ts'

function didOf(letter: string): Did {
  const did = parseDid(`did:key:z6Mk${letter.repeat(44)}`)
  if (did === undefined) throw new Error(letter)
  return did
}

const [A, B, C] = [didOf('a'), didOf('b'), didOf('c')]
const HASH: Hash | undefined = parseHash('0'.repeat(64))

function cid(number: number): CapabilityCid {
  return `zdpu${String(number).replaceAll('0', 'x').padStart(45, 'a')}` as CapabilityCid
}

function delegation(number: number, changes: Partial<Delegation>): Delegation {
  if (HASH === undefined) throw new Error('no hash')
  return {
    kind: 'delegation',
    cid: cid(number),
    signedHash: HASH,
    iss: A,
    aud: B,
    sub: A,
    cmd: '/',
    pol: [],
    nonce: '00'.repeat(16),
    meta: undefined,
    nbf: undefined,
    exp: undefined,
    ...changes,
  }
}

function revocation(iss: Did, of: CapabilityCid): Invocation {
  if (HASH === undefined) throw new Error('no hash')
  return {
    kind: 'invocation',
    cid: cid(999),
    signedHash: HASH,
    iss,
    sub: iss,
    aud: undefined,
    cmd: '/ucan/revoke',
    args: { ucan: new IpldLink(of) },
    prf: [],
    nonce: '00'.repeat(16),
    meta: undefined,
    exp: undefined,
    iat: undefined,
    cause: undefined,
  }
}

function revoked(list: Revocations, of: Delegation, at: number, max = 2): Revocations | string {
  const outcome = addRevocation(
    list,
    { revocation: revocation(A, of.cid), chain: [of], at: timestampFromMs(at) },
    { max, ofOneMax: max },
  )
  if (outcome.kind === 'refused') return outcome.code
  return outcome.kind === 'revoked' ? outcome.revocations : outcome.kind
}

function mustBeList(list: Revocations | string): Revocations {
  if (typeof list === 'string') throw new Error(list)
  return list
}

describe('revocations', () => {
  it('are bounded: what has expired makes room, what has not is kept', () => {
    const short = delegation(1, { exp: 10 })
    const forever = delegation(2, {})
    const third = delegation(3, {})
    const list = mustBeList(revoked(mustBeList(revoked(NO_REVOCATIONS, short, 0)), forever, 0))
    expect(revoked(list, third, 10_000)).toBe('CAPABILITY_REVOCATIONS_FULL')
    const after = mustBeList(revoked(list, third, 10_001))
    expect(after.entries.size).toBe(2)
    expect(revoked(after, forever, 10_001)).toBe('exists')
    expect(checkChainAt([forever], timestampFromMs(1), after)).toMatchObject({ code: 'CAPABILITY_REVOKED' })
    expect(revoked(after, short, 10_001)).toBe('CAPABILITY_REVOCATIONS_FULL')
  })

  it('count from their stamp, so that a contract accepted before stays accepted', () => {
    const one = delegation(1, {})
    const list = mustBeList(revoked(NO_REVOCATIONS, one, 500))
    const kindAt = (at: number): string => checkChainAt([one], timestampFromMs(at), list).kind
    expect([kindAt(499), kindAt(500), kindAt(501)]).toEqual(['valid', 'refused', 'refused'])
  })
})

describe('checkChainAt', () => {
  it('intersects the bounds of time, inclusive of nbf and exp', () => {
    const chain = [delegation(1, { nbf: 5, exp: 20 }), delegation(2, { iss: B, aud: C, nbf: 7, exp: 9 })]
    const codeAt = (at: number): string => {
      const checked = checkChainAt(chain, timestampFromMs(at))
      return checked.kind === 'refused' ? checked.code : checked.kind
    }
    expect([6_999, 7_000, 7_001].map(codeAt)).toEqual(['CAPABILITY_NOT_YET_VALID', 'valid', 'valid'])
    expect([8_999, 9_000, 9_001].map(codeAt)).toEqual(['valid', 'valid', 'CAPABILITY_EXPIRED'])
    expect(checkChainAt(chain, timestampFromMs(8_000))).toMatchObject({
      validFrom: 7_000,
      validBefore: 9_001,
      holder: C,
    })
  })

  it('names a chain by its delegations in their order', () => {
    expect(hashOfChain([cid(1), cid(2)])).not.toBe(hashOfChain([cid(2), cid(1)]))
    expect(hashOfChain([cid(1)])).toBe('aa12e81022bba731f8f4686c96fcdd5bc8e290a9af25a41316f9f39eedb32350')
  })
})

describe('the memory of nonces', () => {
  const order = (nonce: number, exp: number): Pick<Invocation, 'iss' | 'nonce' | 'exp'> => ({
    iss: A,
    nonce: String(nonce).padStart(32, '0'),
    exp,
  })
  const after = (memory: ReplayMemory, nonce: number, exp: number, at: number): ReplayMemory | string => {
    const outcome = rememberInvocation(memory, order(nonce, exp), { at: timestampFromMs(at), max: 2 })
    return outcome.kind === 'refused' ? outcome.code : outcome.memory
  }
  const must = (memory: ReplayMemory | string): ReplayMemory => {
    if (typeof memory === 'string') throw new Error(memory)
    return memory
  }

  it('refuses a second use while the first is valid, and has a bound', () => {
    const one = must(after(EMPTY_REPLAY_MEMORY, 1, 10, 0))
    expect(after(one, 1, 50, 10_000)).toBe('CAPABILITY_REPLAYED')
    const two = must(after(one, 2, 20, 0))
    expect(after(two, 3, 30, 10_000)).toBe('CAPABILITY_REPLAY_FULL')
    expect(must(after(two, 3, 30, 10_001)).entries.size).toBe(2)
    expect(must(after(one, 1, 50, 10_001)).entries.size).toBe(1)
  })

  it('takes orders that expire within a day', () => {
    const day = INVOCATION_LIFETIME_MAX_MS / 1000
    expect(after(EMPTY_REPLAY_MEMORY, 1, day, 0)).toBe('CAPABILITY_EXPIRY_REQUIRED')
    expect(must(after(EMPTY_REPLAY_MEMORY, 1, day, 1)).entries.size).toBe(1)
  })
})
