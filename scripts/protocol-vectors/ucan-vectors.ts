/**
 * Writes protocol/vectors/v1/ucan.json: capability tokens with what becomes of them. Keys and nonces are fixed, so every run writes the same bytes.
 *
 * `node scripts/protocol-vectors/ucan-vectors.ts`
 */
import { writeFileSync } from 'node:fs'
import { base64url } from 'multiformats/bases/base64'
import type { CapabilityCid } from '../../src/core/capability/capability-token.ts'
import { IpldLink, type IpldMap, type IpldValue } from '../../src/core/capability/ipld-value.ts'
import { cidOfBytes, writeDagCbor } from '../../src/wire/ucan/dag-cbor.ts'
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

const SECOND = 1_900_000_000
const AT = SECOND * 1000
const ALICE = fixedKey(1)
const BOB = fixedKey(2)
const CAROL = fixedKey(3)
const DAN = fixedKey(4)
const MALLORY = fixedKey(9)
const HOUR = 3600
let nonces = 0

function nonce(): Uint8Array {
  nonces += 1
  return Uint8Array.from({ length: 16 }, (_, at) => (at < 14 ? 0xa0 : (nonces >> (8 * (15 - at))) & 0xff))
}

type Issued = { readonly bytes: Uint8Array; readonly text: string; readonly cid: CapabilityCid }

function issued(bytes: Uint8Array): Issued {
  return { bytes, text: base64url.baseEncode(bytes), cid: cidOfBytes(bytes) }
}

function signed(kind: 'dlg' | 'inv', payload: IpldMap, by: FixedKey): Issued {
  const bytes = signedBytesOf(kind, payload)
  return issued(sealToken(bytes, by.sign(bytes)))
}

type Fields = { readonly [key: string]: IpldValue | undefined }

function merged(base: IpldMap, changes: Fields): IpldMap {
  const entries = Object.entries({ ...base, ...changes })
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
}

function delegate(from: FixedKey, to: FixedKey, changes: Fields = {}): Issued {
  const base = { iss: from.did, aud: to.did, sub: ALICE.did, cmd: '/task', pol: [], nonce: nonce(), exp: SECOND + HOUR }
  return signed('dlg', merged(base, changes), from)
}

function invoke(by: FixedKey, chain: readonly Issued[], changes: Fields = {}): Issued {
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

function revoke(by: FixedKey, what: Issued, changes: Fields = {}): Issued {
  return invoke(by, [], { sub: by.did, cmd: '/ucan/revoke', args: { ucan: new IpldLink(what.cid) }, ...changes })
}

type VectorInit = {
  readonly chain?: readonly Issued[]
  readonly invocations: readonly Issued[]
  readonly revocations?: UcanVector['revocations']
  readonly at?: number
  readonly executor?: FixedKey
}

function vector(name: string, outcome: string, init: VectorInit): UcanVector {
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
function ofChain(
  name: string,
  outcome: string,
  init: { readonly chain: readonly Issued[]; readonly by: FixedKey; readonly changes?: Fields; readonly at?: number },
): UcanVector {
  const { chain, by, changes, at } = init
  return vector(name, outcome, { chain, invocations: [invoke(by, chain, changes)], ...(at !== undefined && { at }) })
}

/** The three delegations Alice, Bob, Carol, Dan. */
function three(): readonly [Issued, Issued, Issued] {
  return [delegate(ALICE, BOB), delegate(BOB, CAROL), delegate(CAROL, DAN)]
}

function allowedVectors(): UcanVector[] {
  const chain = three()
  const powerline = [delegate(ALICE, BOB), delegate(BOB, CAROL, { sub: null, cmd: '/' })]
  const narrowed = [
    delegate(ALICE, BOB, { pol: [['<=', '.amount', 100]] }),
    delegate(BOB, CAROL, { cmd: '/task/run', pol: [['all', '.tags', ['like', '.', '*']]] }),
  ]
  const bounded = [delegate(ALICE, BOB, { nbf: SECOND, exp: SECOND })]
  return [
    vector('the subject itself', 'allowed', { invocations: [invoke(ALICE, [])] }),
    ofChain('three delegations', 'allowed', { chain, by: DAN }),
    ofChain('a powerline passes on a narrower command', 'allowed', { chain: powerline, by: CAROL }),
    ofChain('narrowed by command and policies', 'allowed', { chain: narrowed, by: CAROL }),
    ofChain('at nbf and at exp', 'allowed', { chain: bounded, by: BOB }),
    ofChain('no expiry of a delegation', 'allowed', { chain: [delegate(ALICE, BOB, { exp: null })], by: BOB }),
    vector('another executor that is named', 'allowed', {
      invocations: [invoke(ALICE, [], { aud: DAN.did })],
      executor: DAN,
    }),
  ]
}

function chainVectors(): UcanVector[] {
  const [first, second, third] = three()
  const long = Array.from({ length: 17 }, (_, at) => delegate(fixedKey(at === 0 ? 1 : 20 + at), fixedKey(21 + at)))
  const foreign = delegate(BOB, CAROL)
  const widened = [delegate(ALICE, BOB, { cmd: '/task/run' }), delegate(BOB, CAROL, { cmd: '/task' })]
  const wider = [delegate(ALICE, BOB, { pol: [['<=', '.amount', 99]] }), delegate(BOB, CAROL, { pol: [] })]
  const raised = [
    delegate(ALICE, BOB, { pol: [['<=', '.amount', 99]] }),
    delegate(BOB, CAROL, { pol: [['<=', '.amount', 200]] }),
  ]
  const other = [delegate(ALICE, BOB), delegate(BOB, CAROL, { sub: BOB.did })]
  const early = delegate(ALICE, BOB, { nbf: SECOND })
  const late = delegate(ALICE, BOB, { exp: SECOND })
  const inner = [delegate(ALICE, BOB), delegate(BOB, CAROL, { exp: SECOND - 1 })]
  const sibling = delegate(ALICE, BOB, { cmd: '/tas' })
  const power = [delegate(ALICE, BOB, { cmd: '/money' }), delegate(BOB, CAROL, { sub: null, cmd: '/task' })]
  const nested = ['all', '.tags', ['all', '.', ['==', '.', 1]]]
  const costly = delegate(ALICE, BOB, {
    pol: [['all', '.l', ['and', Array.from({ length: 120 }, () => ['>', '.', 0])]]],
  })
  return [
    ofChain('the root alone has expired by a millisecond', 'CAPABILITY_EXPIRED', {
      chain: [late],
      by: BOB,
      at: AT + 1,
    }),
    ofChain('a millisecond before nbf', 'CAPABILITY_NOT_YET_VALID', { chain: [early], by: BOB, at: AT - 1 }),
    ofChain('a middle one has expired', 'CAPABILITY_EXPIRED', { chain: inner, by: CAROL }),
    ofChain('the invocation has expired', 'CAPABILITY_EXPIRED', {
      chain: [first],
      by: BOB,
      changes: { exp: SECOND - 1 },
    }),
    ofChain('a child of another command', 'CAPABILITY_COMMAND_WIDENED', { chain: widened, by: CAROL }),
    ofChain('an order outside the command', 'CAPABILITY_COMMAND_WIDENED', {
      chain: [first],
      by: BOB,
      changes: { cmd: '/money/send' },
    }),
    ofChain('a command that only begins alike', 'CAPABILITY_COMMAND_WIDENED', { chain: [sibling], by: BOB }),
    ofChain('a powerline beside the command', 'CAPABILITY_COMMAND_WIDENED', { chain: power, by: CAROL }),
    ofChain('a child without the policy of its parent', 'CAPABILITY_POLICY_FAILED', { chain: wider, by: CAROL }),
    ofChain('a child with a higher limit', 'CAPABILITY_POLICY_FAILED', { chain: raised, by: CAROL }),
    ofChain('a policy about elements that are none', 'CAPABILITY_POLICY_FAILED', {
      chain: [delegate(ALICE, BOB, { pol: [nested] })],
      by: BOB,
    }),
    ofChain('a policy that costs too much', 'CAPABILITY_POLICY_COSTLY', {
      chain: [costly],
      by: BOB,
      changes: { args: { l: Array.from({ length: 400 }, () => 1) } },
    }),
    ofChain('an order of somebody else', 'CAPABILITY_AUDIENCE_WRONG', { chain: [first, second], by: MALLORY }),
    ofChain('a link is left out', 'CAPABILITY_CHAIN_BROKEN', { chain: [first, third], by: DAN }),
    ofChain('leaf first', 'CAPABILITY_CHAIN_BROKEN', { chain: [second, first], by: BOB }),
    ofChain('a subject that changes', 'CAPABILITY_SUBJECT_WRONG', { chain: other, by: CAROL }),
    ofChain('an order about another subject', 'CAPABILITY_SUBJECT_WRONG', {
      chain: [first],
      by: BOB,
      changes: { sub: BOB.did, aud: ALICE.did },
    }),
    ofChain('a root of somebody else', 'CAPABILITY_ROOT_FOREIGN', { chain: [foreign], by: CAROL }),
    ofChain('a root without a subject', 'CAPABILITY_ROOT_POWERLINE', {
      chain: [delegate(ALICE, BOB, { sub: null })],
      by: BOB,
    }),
    ofChain('no proof', 'CAPABILITY_CHAIN_EMPTY', { chain: [], by: BOB }),
    vector('a proof is not sent', 'CAPABILITY_PROOF_MISSING', {
      chain: [first],
      invocations: [invoke(CAROL, [first, second])],
    }),
    ofChain('one delegation twice', 'CAPABILITY_CHAIN_CYCLIC', { chain: [first, second, first], by: BOB }),
    ofChain('seventeen delegations', 'CAPABILITY_CHAIN_TOO_LONG', { chain: long, by: fixedKey(37) }),
    vector('another executor', 'CAPABILITY_AUDIENCE_WRONG', {
      chain: [first],
      invocations: [invoke(BOB, [first])],
      executor: DAN,
    }),
  ]
}

function revocationVectors(): UcanVector[] {
  const chain = three()
  const [first, second, third] = chain
  const texts = chain.map(({ text }) => text)
  const revoked = (name: string, by: FixedKey, depth: number, outcome = 'CAPABILITY_REVOKED'): UcanVector => {
    const what = chain[depth - 1] ?? first
    const revocations = [{ token: revoke(by, what).text, chain: texts.slice(0, depth), at: AT }]
    return vector(name, outcome, { chain, invocations: [invoke(DAN, chain)], revocations })
  }
  const later = [{ token: revoke(ALICE, first).text, chain: [first.text], at: AT + 1 }]
  const unsaid = [{ token: revoke(ALICE, second).text, chain: [first.text], at: AT }]
  const forged = [{ token: revoke(MALLORY, first, { sub: ALICE.did }).text, chain: [first.text], at: AT }]
  return [
    revoked('the root is revoked', ALICE, 1),
    revoked('the middle is revoked by its issuer', BOB, 2),
    revoked('the middle is revoked from above', ALICE, 2),
    revoked('the leaf is revoked by its issuer', CAROL, 3),
    revoked('the leaf is revoked from the root', ALICE, 3),
    revoked('revoked from below', DAN, 3, 'CAPABILITY_REVOKER_WRONG'),
    revoked('revoked by a stranger', MALLORY, 2, 'CAPABILITY_REVOKER_WRONG'),
    vector('revoked after the stamp', 'allowed', { chain, invocations: [invoke(DAN, chain)], revocations: later }),
    vector('a revocation of another delegation', 'CAPABILITY_REVOCATION_MALFORMED', {
      chain,
      invocations: [invoke(DAN, chain)],
      revocations: unsaid,
    }),
    vector('a revocation about somebody else', 'CAPABILITY_REVOCATION_MALFORMED', {
      chain,
      invocations: [invoke(DAN, [first, second, third])],
      revocations: forged,
    }),
  ]
}

function replayVectors(): UcanVector[] {
  const chain = [delegate(ALICE, BOB)]
  const order = invoke(BOB, chain)
  const fixed = Uint8Array.from({ length: 16 }, () => 7)
  const again = [invoke(BOB, chain, { nonce: fixed }), invoke(BOB, chain, { nonce: fixed, cmd: '/task/stop' })]
  return [
    vector('the same order twice', 'CAPABILITY_REPLAYED', { chain, invocations: [order, order] }),
    vector('another order with the nonce', 'CAPABILITY_REPLAYED', { chain, invocations: again }),
    ofChain('an order without expiry', 'CAPABILITY_EXPIRY_REQUIRED', { chain, by: BOB, changes: { exp: null } }),
    ofChain('an order for longer than a day', 'CAPABILITY_EXPIRY_REQUIRED', {
      chain,
      by: BOB,
      changes: { exp: SECOND + 86_401 },
    }),
  ]
}

/** Tokens that are refused as they are read. */
function codecVectors(): UcanVector[] {
  const of = (name: string, outcome: string, token: Issued): UcanVector =>
    vector(name, outcome, { invocations: [token] })
  const fields = (name: string, outcome: string, changes: Fields): UcanVector =>
    of(name, outcome, invoke(ALICE, [], changes))
  const grant = (name: string, outcome: string, changes: Fields): UcanVector =>
    vector(name, outcome, { chain: [delegate(ALICE, BOB, changes)], invocations: [invoke(ALICE, [])] })
  const good = invoke(ALICE, [])
  const edited = (edit: (bytes: Uint8Array) => readonly number[]): Issued => issued(Uint8Array.from(edit(good.bytes)))
  const smallOrder = 'did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP'
  const deep = Array.from({ length: 30 }).reduce<IpldValue>((inner) => [inner], 1)
  const not = Array.from({ length: 9 }).reduce<IpldValue>((inner) => ['not', inner], ['==', '.', 1])
  const tagged = (tag: string): Issued => {
    const bytes = writeDagCbor({ h: HEADER, [tag]: { iss: ALICE.did } })
    return issued(sealToken(bytes, ALICE.sign(bytes)))
  }
  const headed = (header: Uint8Array): Issued => {
    const bytes = writeDagCbor({ h: header, 'ucan/inv@1.0.0-rc.1': { iss: ALICE.did } })
    return issued(sealToken(bytes, ALICE.sign(bytes)))
  }
  const map = new TextEncoder().encode('h')
  return [
    of(
      'a signature of other bytes',
      'CAPABILITY_SIGNATURE_WRONG',
      edited((bytes) => [...bytes.with(10, (bytes[10] ?? 0) ^ 1)]),
    ),
    of('signed by somebody else', 'CAPABILITY_SIGNATURE_WRONG', signed('inv', merged({}, payloadOf(ALICE)), MALLORY)),
    of(
      'a signature of zeros',
      'CAPABILITY_SIGNATURE_WRONG',
      edited((bytes) => [...bytes.fill(0, 3, 67)]),
    ),
    of(
      'a header of another curve',
      'CAPABILITY_VARSIG_UNKNOWN',
      headed(Uint8Array.of(0x34, 0x01, 0xec, 0x01, 0xe7, 0x01, 0x12, 0x71)),
    ),
    of('a header cut short', 'CAPABILITY_VARSIG_UNKNOWN', headed(Uint8Array.of(0x34, 0x01))),
    of('a later version', 'CAPABILITY_TAG_UNKNOWN', tagged('ucan/inv@2.0.0')),
    of('another kind', 'CAPABILITY_TAG_UNKNOWN', tagged('ucan/rcpt@1.0.0-rc.1')),
    of('a delegation in place of an invocation', 'CAPABILITY_KIND_WRONG', delegate(ALICE, BOB)),
    of(
      'a length in more bytes than needed',
      'CAPABILITY_NOT_CANONICAL',
      edited((bytes) => [0x98, 0x02, ...bytes.slice(1)]),
    ),
    of(
      'a list without a length',
      'CAPABILITY_NOT_CBOR',
      edited((bytes) => [0x9f, ...bytes.slice(1), 0xff]),
    ),
    of(
      'a tag that is no link',
      'CAPABILITY_NOT_CBOR',
      edited((bytes) => [0xd8, 0x2b, ...bytes]),
    ),
    of(
      'cut short',
      'CAPABILITY_NOT_CBOR',
      edited((bytes) => [...bytes.slice(0, -1)]),
    ),
    of(
      'a byte too many',
      'CAPABILITY_TRAILING_BYTES',
      edited((bytes) => [...bytes, 0]),
    ),
    of(
      'a key twice',
      'CAPABILITY_DUPLICATE_KEY',
      issued(Uint8Array.of(0x82, 0x40, 0xa2, 0x61, ...map, 0x40, 0x61, ...map, 0x40)),
    ),
    of(
      'keys in another order',
      'CAPABILITY_NOT_CANONICAL',
      issued(Uint8Array.of(0x82, 0x40, 0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x01)),
    ),
    of(
      'a whole number as a float',
      'CAPABILITY_NOT_CANONICAL',
      issued(Uint8Array.of(0x82, 0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x01)),
    ),
    of('no bytes', 'CAPABILITY_NOT_BASE64URL', issued(new Uint8Array(0))),
    of('nothing but a number', 'CAPABILITY_SHAPE_WRONG', issued(Uint8Array.of(0x01))),
    fields('larger than is read', 'CAPABILITY_TOO_LARGE', { meta: { blob: new Uint8Array(9000) } }),
    fields('deeper than is read', 'CAPABILITY_TOO_DEEP', { meta: { deep } }),
    fields('more values than are read', 'CAPABILITY_TOO_MANY_ITEMS', {
      meta: { list: Array.from({ length: 5000 }, () => 0) },
    }),
    fields('a field of no meaning', 'CAPABILITY_FIELD_UNKNOWN', { fct: [] }),
    fields('a field named like a prototype', 'CAPABILITY_FIELD_UNKNOWN', { constructor: 1 }),
    fields('a time with a fraction', 'CAPABILITY_TIME_MALFORMED', { exp: SECOND + 0.5 }),
    fields('a time below zero', 'CAPABILITY_TIME_MALFORMED', { exp: -1 }),
    fields('a time beyond 53 bits', 'CAPABILITY_TIME_MALFORMED', { exp: 2n ** 53n }),
    fields('a time as text', 'CAPABILITY_TIME_MALFORMED', { exp: '1900000060' }),
    fields('no time', 'CAPABILITY_SHAPE_WRONG', { exp: undefined }),
    grant('an end before the beginning', 'CAPABILITY_TIME_MALFORMED', { nbf: SECOND + 10, exp: SECOND + 9 }),
    fields('no nonce', 'CAPABILITY_NONCE_REFUSED', { nonce: undefined }),
    fields('a short nonce', 'CAPABILITY_NONCE_REFUSED', { nonce: new Uint8Array(11) }),
    fields('a long nonce', 'CAPABILITY_NONCE_REFUSED', { nonce: new Uint8Array(65) }),
    fields('a nonce as text', 'CAPABILITY_NONCE_REFUSED', { nonce: 'aaaaaaaaaaaaaaaa' }),
    fields('a key of small order', 'CAPABILITY_DID_REFUSED', { iss: smallOrder }),
    fields('a key of another curve', 'CAPABILITY_DID_REFUSED', {
      iss: 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme',
    }),
    fields('a name of another method', 'CAPABILITY_DID_REFUSED', { iss: 'did:web:example.com' }),
    fields('a name of the right shape and another codec', 'CAPABILITY_DID_REFUSED', {
      iss: `did:key:z6Mk${'1'.repeat(44)}`,
    }),
    fields('a command without a slash', 'CAPABILITY_COMMAND_MALFORMED', { cmd: 'task/run' }),
    fields('a command that ends with a slash', 'CAPABILITY_COMMAND_MALFORMED', { cmd: '/task/' }),
    fields('a command in capitals', 'CAPABILITY_COMMAND_MALFORMED', { cmd: '/Task' }),
    fields('an empty segment', 'CAPABILITY_COMMAND_MALFORMED', { cmd: '/task//run' }),
    fields('arguments that are a list', 'CAPABILITY_SHAPE_WRONG', { args: [] }),
    fields('proofs that are no links', 'CAPABILITY_LINK_REFUSED', { prf: ['zdpu'] }),
    grant('a policy that is no list', 'CAPABILITY_POLICY_MALFORMED', { pol: { a: 1 } }),
    grant('an operator of no meaning', 'CAPABILITY_POLICY_MALFORMED', { pol: [['~=', '.a', 1]] }),
    grant('an inequality with text', 'CAPABILITY_POLICY_MALFORMED', { pol: [['<', '.a', '1']] }),
    grant('a statement too deep', 'CAPABILITY_POLICY_MALFORMED', { pol: [not] }),
    grant('too many statements', 'CAPABILITY_POLICY_MALFORMED', {
      pol: Array.from({ length: 129 }, () => ['==', '.', 1]),
    }),
    grant('a selector with two dots', 'CAPABILITY_SELECTOR_MALFORMED', { pol: [['==', '..a', 1]] }),
    grant('a selector without a dot', 'CAPABILITY_SELECTOR_MALFORMED', { pol: [['==', 'a', 1]] }),
  ]
}

const HEADER = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)

function payloadOf(key: FixedKey): Fields {
  return { iss: key.did, sub: key.did, cmd: '/task', args: {}, prf: [], nonce: nonce(), exp: SECOND + 60 }
}

/** All vectors, in the order of the file. */
export function ucanVectors(): readonly UcanVector[] {
  nonces = 0
  return [...allowedVectors(), ...chainVectors(), ...revocationVectors(), ...replayVectors(), ...codecVectors()]
}

/** The text of the file. */
export function ucanVectorsText(): string {
  return `${JSON.stringify({ version: 1, vectors: ucanVectors() }, null, 2)}\n`
}

if (import.meta.main) {
  writeFileSync(new URL('../../protocol/vectors/v1/ucan.json', import.meta.url), ucanVectorsText())
}
