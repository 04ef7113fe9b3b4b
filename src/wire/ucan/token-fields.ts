import { base16 } from 'multiformats/bases/base16'
import {
  type CapabilityRefusal,
  type CapabilityRefused,
  refuseCapability,
} from '../../core/capability/capability-refusals.ts'
import type { CapabilityCid, Delegation, Invocation } from '../../core/capability/capability-token.ts'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import { isCommand } from '../../core/capability/command.ts'
import {
  IpldLink,
  type IpldMap,
  type IpldValue,
  isIpldList,
  isIpldMap,
  memberOf,
} from '../../core/capability/ipld-value.ts'
import { parsePolicy } from '../../core/capability/policy.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import { publicKeyOfDid } from '../v1/did-key.ts'
import { publicKeyRefusal } from '../v1/ed25519-admission.ts'
import { tokenCidOf } from './dag-cbor.ts'
import type { TokenEnvelope } from './token-envelope.ts'

export const NONCE_BYTES_MIN = 12
export const NONCE_BYTES_MAX = 64

const DELEGATION_FIELDS = ['iss', 'aud', 'sub', 'cmd', 'pol', 'nonce', 'meta', 'nbf', 'exp']
const DELEGATION_REQUIRED = ['iss', 'aud', 'sub', 'cmd', 'pol', 'nonce', 'exp']
const INVOCATION_FIELDS = ['iss', 'sub', 'aud', 'cmd', 'args', 'prf', 'meta', 'nonce', 'exp', 'iat', 'cause']
const INVOCATION_REQUIRED = ['iss', 'sub', 'cmd', 'args', 'prf', 'nonce', 'exp']

/** Reads fields one after another and keeps the first refusal, so that a payload is read in one piece. */
class FieldReader {
  refusal: CapabilityRefusal | undefined
  private readonly payload: IpldMap

  constructor(payload: IpldMap, fields: { readonly known: readonly string[]; readonly required: readonly string[] }) {
    this.payload = payload
    if (Object.keys(payload).some((key) => !fields.known.includes(key))) this.refuse('CAPABILITY_FIELD_UNKNOWN')
    for (const key of fields.required) {
      if (memberOf(payload, key) === undefined) {
        this.refuse(key === 'nonce' ? 'CAPABILITY_NONCE_REFUSED' : 'CAPABILITY_SHAPE_WRONG')
      }
    }
  }

  refuse(code: CapabilityRefusal): undefined {
    this.refusal ??= code
    return undefined
  }

  did(key: string): Did | undefined {
    const value = memberOf(this.payload, key)
    if (value === undefined) return undefined
    if (typeof value !== 'string') return this.refuse('CAPABILITY_SHAPE_WRONG')
    const did = parseDid(value)
    const publicKey = did === undefined ? undefined : publicKeyOfDid(did)
    if (publicKey === undefined || publicKeyRefusal(publicKey) !== undefined) {
      return this.refuse('CAPABILITY_DID_REFUSED')
    }
    return did
  }

  nullableDid(key: string): Did | undefined {
    return memberOf(this.payload, key) === null ? undefined : this.did(key)
  }

  command(): string | undefined {
    const value = memberOf(this.payload, 'cmd')
    if (typeof value !== 'string') return this.refuse('CAPABILITY_SHAPE_WRONG')
    return isCommand(value) ? value : this.refuse('CAPABILITY_COMMAND_MALFORMED')
  }

  nonce(): string | undefined {
    const value = memberOf(this.payload, 'nonce')
    const isNonce = value instanceof Uint8Array && value.length >= NONCE_BYTES_MIN && value.length <= NONCE_BYTES_MAX
    return isNonce ? base16.baseEncode(value) : this.refuse('CAPABILITY_NONCE_REFUSED')
  }

  /** Seconds; null and absence are `undefined`, where the field may be null. */
  seconds(key: string, isNullable = false): number | undefined {
    const value = memberOf(this.payload, key)
    if (value === undefined || (value === null && isNullable)) return undefined
    const isTime = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    return isTime ? value : this.refuse('CAPABILITY_TIME_MALFORMED')
  }

  map(key: string): IpldMap | undefined {
    const value = memberOf(this.payload, key)
    if (value === undefined || isIpldMap(value)) return value
    return this.refuse('CAPABILITY_SHAPE_WRONG')
  }

  value(key: string): IpldValue | undefined {
    return memberOf(this.payload, key)
  }
}

export function readDelegation(envelope: TokenEnvelope): Delegation | CapabilityRefused {
  const reader = new FieldReader(envelope.payload, { known: DELEGATION_FIELDS, required: DELEGATION_REQUIRED })
  const iss = reader.did('iss')
  const aud = reader.did('aud')
  const sub = reader.nullableDid('sub')
  const cmd = reader.command()
  const nonce = reader.nonce()
  const meta = reader.map('meta')
  const nbf = reader.seconds('nbf')
  const exp = reader.seconds('exp', true)
  if (nbf !== undefined && exp !== undefined && exp < nbf) reader.refuse('CAPABILITY_TIME_MALFORMED')
  const reading = parsePolicy(reader.value('pol') ?? null)
  if (reading.kind === 'refused') reader.refuse(reading.code)
  const isWhole = iss !== undefined && aud !== undefined && cmd !== undefined && nonce !== undefined
  if (reader.refusal !== undefined || !isWhole || reading.kind === 'refused') {
    return refuseCapability(reader.refusal ?? 'CAPABILITY_SHAPE_WRONG')
  }
  const { cid, signedHash } = envelope
  return { kind: 'delegation', cid, signedHash, iss, aud, sub, cmd, pol: reading.policy, nonce, meta, nbf, exp }
}

export function readInvocation(envelope: TokenEnvelope): Invocation | CapabilityRefused {
  const reader = new FieldReader(envelope.payload, { known: INVOCATION_FIELDS, required: INVOCATION_REQUIRED })
  const iss = reader.did('iss')
  const sub = reader.did('sub')
  const aud = reader.did('aud')
  const cmd = reader.command()
  const nonce = reader.nonce()
  const args = reader.map('args')
  const prf = readProofs(reader)
  const meta = reader.map('meta')
  const iat = reader.seconds('iat')
  const exp = reader.seconds('exp', true)
  const link = reader.value('cause')
  if (link !== undefined && !(link instanceof IpldLink)) reader.refuse('CAPABILITY_LINK_REFUSED')
  const cause = link instanceof IpldLink ? link.cid : undefined
  const isWhole = iss !== undefined && sub !== undefined && cmd !== undefined && nonce !== undefined
  if (reader.refusal !== undefined || !isWhole || args === undefined || prf === undefined) {
    return refuseCapability(reader.refusal ?? 'CAPABILITY_SHAPE_WRONG')
  }
  const { cid, signedHash } = envelope
  return { kind: 'invocation', cid, signedHash, iss, sub, aud, cmd, nonce, args, prf, meta, iat, exp, cause }
}

function readProofs(reader: FieldReader): readonly CapabilityCid[] | undefined {
  const value = reader.value('prf')
  if (value === undefined) return undefined
  if (!isIpldList(value)) return reader.refuse('CAPABILITY_SHAPE_WRONG')
  if (value.length > CHAIN_LENGTH_MAX) return reader.refuse('CAPABILITY_CHAIN_TOO_LONG')
  const cids: CapabilityCid[] = []
  for (const link of value) {
    const cid = tokenCidOf(link)
    if (cid === undefined) return reader.refuse('CAPABILITY_LINK_REFUSED')
    cids.push(cid)
  }
  return cids
}
