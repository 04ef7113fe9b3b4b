/** Tokens with fixed keys and nonces, and what a receiver is given of them. */
import { base64url } from 'multiformats/bases/base64'
import type { CapabilityCid } from '../../src/core/capability/capability-token.ts'
import { IpldLink, type IpldMap, type IpldValue } from '../../src/core/capability/ipld-value.ts'
import { cidOfBytes } from '../../src/wire/ucan/dag-cbor.ts'
import { sealToken, signedBytesOf } from '../../src/wire/ucan/token-envelope.ts'
import { type FixedKey, fixedKey } from './fixed-keys.ts'

export type UcanVector = {
  readonly name: string
  /** Delegations at hand, base64url. */
  readonly proofs: readonly string[]
  /** Revocations received before, with the stamp of each and the delegations down to the revoked one. */
  readonly revocations: readonly { readonly token: string; readonly chain: readonly string[]; readonly at: number }[]
  /** Invocations received one after another, each by the stamp `at`. */
  readonly invocations: readonly string[]
  readonly at: number
  readonly executor: string
  /** Of the first thing refused, else of the last invocation: a refusal code, or `allowed`. */
  readonly outcome: string
}

export const SECOND = 1_900_000_000
export const AT = SECOND * 1000
export const ALICE = fixedKey(1)
export const BOB = fixedKey(2)
export const CAROL = fixedKey(3)
export const DAN = fixedKey(4)
export const MALLORY = fixedKey(9)
export const HOUR = 3600
let nonces = 0

export function nonce(): Uint8Array {
  nonces += 1
  return Uint8Array.from({ length: 16 }, (_, at) => (at < 14 ? 0xa0 : (nonces >> (8 * (15 - at))) & 0xff))
}

export type Issued = { readonly bytes: Uint8Array; readonly text: string; readonly cid: CapabilityCid }

export function issued(bytes: Uint8Array): Issued {
  return { bytes, text: base64url.baseEncode(bytes), cid: cidOfBytes(bytes) }
}

export function signed(kind: 'dlg' | 'inv', payload: IpldMap, by: FixedKey): Issued {
  const bytes = signedBytesOf(kind, payload)
  return issued(sealToken(bytes, by.sign(bytes)))
}

export type Fields = { readonly [key: string]: IpldValue | undefined }

export function merged(base: IpldMap, changes: Fields): IpldMap {
  const entries = Object.entries({ ...base, ...changes })
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
}

export function delegate(from: FixedKey, to: FixedKey, changes: Fields = {}): Issued {
  const base = { iss: from.did, aud: to.did, sub: ALICE.did, cmd: '/task', pol: [], nonce: nonce(), exp: SECOND + HOUR }
  return signed('dlg', merged(base, changes), from)
}

export function invoke(by: FixedKey, chain: readonly Issued[], changes: Fields = {}): Issued {
  const base = {
    iss: by.did,
    sub: ALICE.did,
    cmd: '/task/run',
    args: { amount: 100, tags: ['a', 'b'] },
    prf: chain.map(({ cid }) => new IpldLink(cid)),
    nonce: nonce(),
    exp: SECOND + 60,
  }
  return signed('inv', merged(base, changes), by)
}

export function revoke(by: FixedKey, what: Issued, changes: Fields = {}): Issued {
  return invoke(by, [], { sub: by.did, cmd: '/ucan/revoke', args: { ucan: new IpldLink(what.cid) }, ...changes })
}

export type VectorInit = {
  readonly chain?: readonly Issued[]
  readonly invocations: readonly Issued[]
  readonly revocations?: UcanVector['revocations']
  readonly at?: number
  readonly executor?: FixedKey
}

export function vector(name: string, outcome: string, init: VectorInit): UcanVector {
  return {
    name,
    proofs: (init.chain ?? []).map(({ text }) => text),
    revocations: init.revocations ?? [],
    invocations: init.invocations.map(({ text }) => text),
    at: init.at ?? AT,
    executor: (init.executor ?? ALICE).did,
    outcome,
  }
}

/** A chain of one or more delegations, and an order of the last audience. */
export function ofChain(
  name: string,
  outcome: string,
  init: { readonly chain: readonly Issued[]; readonly by: FixedKey; readonly changes?: Fields; readonly at?: number },
): UcanVector {
  const { chain, by, changes, at } = init
  return vector(name, outcome, { chain, invocations: [invoke(by, chain, changes)], ...(at !== undefined && { at }) })
}

/** The three delegations Alice, Bob, Carol, Dan. */
export function three(): readonly [Issued, Issued, Issued] {
  return [delegate(ALICE, BOB), delegate(BOB, CAROL), delegate(CAROL, DAN)]
}

/** Vectors are made from the first nonce on. */
export function restartNonces(): void {
  nonces = 0
}
