import { argsOfDemand, type CallDemand } from '../core/rights/call-demand.ts'
import type { StatedRights } from '../core/rights/rights.ts'
import { statementsOfRights } from '../core/rights/rights-statements.ts'
import type { CapabilityRefused } from '../core/capability/capability-refusals.ts'
import type { CapabilityCid } from '../core/capability/capability-token.ts'
import type { Did } from '../core/evidence/names.ts'
import type { Random } from '../ports/random.ts'
import type { Signer } from '../ports/signer.ts'
import { delegationSignedBytes, invocationSignedBytes, issueToken } from '../wire/ucan/token-codec.ts'
import type { ShownRight } from './call-desk.ts'

const NONCE_BYTES = 16

/** Who gives rights, and with which key they are signed. */
export type IssuerComponents = {
  /** Whose key it is. */
  readonly self: Did
  readonly signer: Signer
  readonly random: Random
}

/** A delegation in base64url, and its name in orders. */
export type IssuedGrant = { readonly kind: 'issued'; readonly text: string; readonly cid: CapabilityCid }

/** A right to give to somebody: for which action of whose machine, within which bounds, until when (seconds since 1970). */
export type GrantInit = {
  readonly to: Did
  /** Whose machine it is: `self` for the first link, the same in all others. */
  readonly owner: Did
  /** The action that is granted, or one above it: `/sandbox` for `/sandbox/run`. */
  readonly action: string
  /** What it may be and use; members that are absent are passed on as they are. */
  readonly rights: StatedRights
  /** Seconds since 1970. */
  readonly exp: number
}

/** A link: lets another key have programs run, within these rights. */
export function issueGrant(components: IssuerComponents, init: GrantInit): IssuedGrant | CapabilityRefused {
  const { self: iss, signer, random } = components
  const { to, owner, action, rights, exp } = init
  const pol = statementsOfRights(rights)
  const nonce = random.bytes(NONCE_BYTES)
  const bytes = delegationSignedBytes({ iss, aud: to, sub: owner, cmd: action, pol, nonce, exp })
  const issued = issueToken(bytes, (signed) => signer.sign(signed))
  return issued.kind === 'refused' ? issued : { kind: 'issued', text: issued.text, cid: issued.token.cid }
}

/** One call to order by a chain of grants: what it demands of them, and until when it counts (seconds since 1970). */
export type OrderInit = {
  readonly owner: Did
  readonly action: string
  readonly demand: CallDemand
  /** Root first; none where the owner itself orders. */
  readonly chain: readonly IssuedGrant[]
  /** Seconds since 1970, within a day. */
  readonly exp: number
}

/** An order by this key, with its chain: to be shown once. */
export function issueOrder(components: IssuerComponents, init: OrderInit): ShownRight | CapabilityRefused {
  const { self: iss, signer, random } = components
  const { owner, action, demand, chain, exp } = init
  const prf = chain.map(({ cid }) => cid)
  const nonce = random.bytes(NONCE_BYTES)
  const bytes = invocationSignedBytes({
    iss,
    sub: owner,
    cmd: action,
    args: argsOfDemand(demand),
    prf,
    nonce,
    exp,
  })
  const issued = issueToken(bytes, (signed) => signer.sign(signed))
  return issued.kind === 'refused' ? issued : { order: issued.text, chain: chain.map(({ text }) => text) }
}
