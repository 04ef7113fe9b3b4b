import type { IpldValue } from '../../src/core/capability/ipld-value.ts'
import { writeDagCbor } from '../../src/wire/ucan/dag-cbor.ts'
import { sealToken } from '../../src/wire/ucan/token-envelope.ts'
import { didOfPublicKey } from '../../src/wire/v1/did-key.ts'
import type { FixedKey } from './fixed-keys.ts'
import {
  ALICE,
  BOB,
  delegate,
  type Fields,
  invoke,
  issued,
  type Issued,
  MALLORY,
  merged,
  nonce,
  SECOND,
  signed,
  type UcanVector,
  vector,
} from './ucan-builder.ts'

function of(name: string, outcome: string, token: Issued): UcanVector {
  return vector(name, outcome, { invocations: [token] })
}

function fields(name: string, outcome: string, changes: Fields): UcanVector {
  return of(name, outcome, invoke(ALICE, [], changes))
}

function grant(name: string, outcome: string, changes: Fields): UcanVector {
  return vector(name, outcome, { chain: [delegate(ALICE, BOB, changes)], invocations: [invoke(ALICE, [])] })
}

function selfSigned(signedValue: IpldValue): Issued {
  const bytes = writeDagCbor(signedValue)
  return issued(sealToken(bytes, ALICE.sign(bytes)))
}

function tagged(tag: string): Issued {
  return selfSigned({ h: HEADER, [tag]: { iss: ALICE.did } })
}

function headed(header: Uint8Array): Issued {
  return selfSigned({ h: header, 'ucan/inv@1.0.0-rc.1': { iss: ALICE.did } })
}

/** Key of order 4: y = 0. */
const SMALL_ORDER = didOfPublicKey(new Uint8Array(32))

const HEADER = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)

function payloadOf(key: FixedKey): Fields {
  return { iss: key.did, sub: key.did, cmd: '/task', args: {}, prf: [], nonce: nonce(), exp: SECOND + 60 }
}

/** Bytes that are no token, or one of nobody. */
export function envelopeVectors(): UcanVector[] {
  const good = invoke(ALICE, [])
  const edited = (edit: (bytes: Uint8Array) => Iterable<number>): Issued => issued(Uint8Array.from(edit(good.bytes)))
  const map = new TextEncoder().encode('h')
  return [
    of(
      'a signature of other bytes',
      'CAPABILITY_SIGNATURE_WRONG',
      edited((bytes) => bytes.with(10, (bytes[10] ?? 0) ^ 1)),
    ),
    of('signed by somebody else', 'CAPABILITY_SIGNATURE_WRONG', signed('inv', merged({}, payloadOf(ALICE)), MALLORY)),
    of(
      'a signature of zeros',
      'CAPABILITY_SIGNATURE_WRONG',
      edited((bytes) => bytes.map((byte, at) => (at >= 3 && at < 67 ? 0 : byte))),
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
      edited((bytes) => bytes.slice(0, -1)),
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
  ]
}

/** Tokens with a field that is refused. */
export function fieldVectors(): UcanVector[] {
  const deep = Array.from({ length: 30 }).reduce<IpldValue>((inner) => [inner], 1)
  return [
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
    fields('a key of small order', 'CAPABILITY_DID_REFUSED', { iss: SMALL_ORDER }),
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
  ]
}

/** Policies that are not read. */
export function policyVectors(): UcanVector[] {
  const not = Array.from({ length: 9 }).reduce<IpldValue>((inner) => ['not', inner], ['==', '.', 1])
  return [
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
