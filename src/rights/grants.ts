import type { Timestamp } from '../base/time.ts'
import type { AuditEvent } from '../core/audit/audit-entry.ts'
import { type CapabilityRefused, refuseCapability } from '../core/capability/capability-refusals.ts'
import type { CapabilityCid, Delegation } from '../core/capability/capability-token.ts'
import { CHAIN_LENGTH_MAX } from '../core/capability/check-alignment.ts'
import { type CheckedChain, checkChainAt } from '../core/capability/check-chain.ts'
import { IpldLink } from '../core/capability/ipld-value.ts'
import {
  DELEGATION_LIFE_MAX,
  isChainRevoked,
  isShortLived,
  judgeRevocation,
  REVOKE_COMMAND,
  type Revocations,
} from '../core/capability/revocations.ts'
import { deadlineOf } from '../core/capability/token-time.ts'
import type { Did } from '../core/evidence/names.ts'
import type { CallDemand } from '../core/rights/call-demand.ts'
import { rightsOfChain } from '../core/rights/check-call.ts'
import type { Rights, StatedRights } from '../core/rights/rights.ts'
import type { Clock } from '../ports/clock.ts'
import type { VerifySignature } from '../ports/signer.ts'
import { invocationSignedBytes, issueToken, openDelegation, openInvocation } from '../wire/ucan/token-codec.ts'
import type { ShownRight } from './call-desk.ts'
import type { GrantBook, ListedGrant } from './grant-book.ts'
import { issueGrant, issueOrder, type IssuerComponents } from './issue-right.ts'

const SECOND = 1_000
const NONCE_BYTES = 16
const OWN_ORDER_MS = 60_000

export type GrantsComponents = {
  readonly issuer: IssuerComponents
  readonly book: GrantBook
  readonly verify: VerifySignature
  readonly clock: Pick<Clock, 'now'>
  /** Writes an entry to the audit journal. */
  readonly record: (event: AuditEvent) => Promise<void>
}

export type GivenInit = {
  readonly to: Did
  readonly action: string
  readonly rights: StatedRights
  /** How long it is valid. */
  readonly validMs: number
}

/** Delegations in base64url, root first. */
export type GivenChain = { readonly kind: 'given'; readonly chain: readonly string[]; readonly cid: CapabilityCid }

/** What a chain says, and what it leaves. */
export type SeenChain = {
  readonly kind: 'seen'
  readonly delegations: readonly (Delegation & { readonly isRevoked: boolean })[]
  /** Whether it holds now. */
  readonly verdict: (CheckedChain & { readonly rights: Rights }) | CapabilityRefused
}

/** A revocation as it is handed on, and whether it was taken up now or before. */
export type TakenBack = {
  readonly kind: 'revoked' | 'exists'
  readonly cid: CapabilityCid
  readonly revocation: string
  readonly chain: readonly string[]
}

/** Gives, passes on and takes back the right to have programs run, by one key. What is given and what is taken back is written down first. */
export class Grants {
  private readonly components: GrantsComponents

  constructor(components: GrantsComponents) {
    this.components = components
  }

  /** Whose grants these are. */
  get self(): Did {
    return this.components.issuer.self
  }

  get revocations(): Revocations {
    return this.components.book.revocations
  }

  list(): readonly ListedGrant[] {
    return this.components.book.list(this.components.clock.now())
  }

  /** A first link: lets another key have programs run on the machine of this one. */
  async issue(init: GivenInit): Promise<GivenChain | CapabilityRefused> {
    return await this.give(init, { owner: this.self, chain: [] })
  }

  /** One more link: what a chain grants to this key, or less of it. Refused where it is more, and where the chain does not hold. */
  async attenuate(chain: readonly string[], init: GivenInit): Promise<GivenChain | CapabilityRefused> {
    const seen = this.look(chain)
    if (seen.kind === 'refused') return seen
    const { verdict } = seen
    if (verdict.kind === 'refused') return verdict
    if (verdict.holder !== this.self) return refuseCapability('CAPABILITY_AUDIENCE_WRONG')
    return await this.give(init, { owner: verdict.subject, chain })
  }

  /** An order of this machine itself for what a program asks for, so that its own runs are judged and written down as those of others are. To be shown at once. */
  orderOwn({
    action,
    demand,
  }: {
    readonly action: string
    readonly demand: CallDemand
  }): ShownRight | CapabilityRefused {
    const { issuer, clock } = this.components
    const exp = Math.ceil((clock.now() + OWN_ORDER_MS) / SECOND)
    return issueOrder(issuer, { owner: issuer.self, action, demand, chain: [], exp })
  }

  /** What a chain grants, and whether it holds now, as far as is known here of revocations. Refused where it cannot be read. */
  look(chain: readonly string[]): SeenChain | CapabilityRefused {
    const opened = this.open(chain)
    if ('kind' in opened) return opened
    const at = this.components.clock.now()
    const checked = checkChainAt(opened, at, this.revocations)
    const rights = rightsOfChain(opened)
    const delegations = opened.map((delegation, index) => ({
      ...delegation,
      isRevoked: isChainRevoked(this.revocations, opened.slice(0, index + 1), at),
    }))
    if (checked.kind === 'refused') return { kind: 'seen', delegations, verdict: checked }
    const verdict = rights === undefined ? refuseCapability('CAPABILITY_RIGHTS_WIDENED') : { ...checked, rights }
    return { kind: 'seen', delegations, verdict }
  }

  /** Takes the last link of a chain back, or takes up that somebody else of the chain has. Throws what the journals throw. */
  async revoke(chain: readonly string[], revocation?: string): Promise<TakenBack | CapabilityRefused> {
    const { verify, clock, book, record } = this.components
    const delegations = this.open(chain)
    if ('kind' in delegations) return delegations
    const last = delegations.at(-1)
    if (last === undefined) return refuseCapability('CAPABILITY_CHAIN_EMPTY')
    const at = clock.now()
    const text = revocation ?? this.signRevocation(last, at)
    if (typeof text !== 'string') return text
    const opened = openInvocation(text, verify)
    if (opened.kind === 'refused') return opened
    const judged = judgeRevocation({ revocation: opened, chain: delegations, at })
    if (judged.kind === 'refused') return judged
    // Of machines of others nothing is kept, and nothing that is kept stays for ever.
    if (!delegations.some(({ iss, aud }) => iss === this.self || aud === this.self))
      return refuseCapability('CAPABILITY_SUBJECT_WRONG')
    if (judged.revoker !== this.self && !isShortLived(judged.expiresAt, at))
      return refuseCapability('CAPABILITY_LIFE_LONG')
    const outcome = await book.revoke(judged, at)
    if (outcome.kind === 'refused') return outcome
    if (outcome.kind === 'revoked') await record({ type: 'grant-revoked', grant: judged.cid, by: judged.revoker })
    return { kind: outcome.kind, cid: judged.cid, revocation: text, chain }
  }

  private async give(
    { to, action, rights, validMs }: GivenInit,
    { owner, chain }: { readonly owner: Did; readonly chain: readonly string[] },
  ): Promise<GivenChain | CapabilityRefused> {
    const { issuer, book, clock, record } = this.components
    const at = clock.now()
    const exp = Math.ceil((at + validMs) / SECOND)
    if (!isShortLived(deadlineOf(exp), at)) return refuseCapability('CAPABILITY_LIFE_LONG')
    const issued = issueGrant(issuer, { to, owner, action, rights, exp })
    if (issued.kind === 'refused') return issued
    const whole = [...chain, issued.text]
    const seen = this.look(whole)
    if (seen.kind === 'refused') return seen
    if (seen.verdict.kind === 'refused') return seen.verdict
    const refused = await book.keep(issued.text, at)
    if (refused !== undefined) return refused
    await record({ type: 'grant-given', grant: issued.cid, action, owner, to, exp })
    return { kind: 'given', chain: whole, cid: issued.cid }
  }

  private signRevocation({ cid, exp }: Delegation, at: Timestamp): string | CapabilityRefused {
    const { self: iss, signer, random } = this.components.issuer
    const until = Math.min(deadlineOf(exp), at + DELEGATION_LIFE_MAX)
    const bytes = invocationSignedBytes({
      iss,
      sub: iss,
      cmd: REVOKE_COMMAND,
      args: { ucan: new IpldLink(cid) },
      prf: [],
      nonce: random.bytes(NONCE_BYTES),
      exp: Math.ceil(Math.max(until, at + SECOND) / SECOND),
    })
    const issued = issueToken(bytes, (signed) => signer.sign(signed))
    return issued.kind === 'refused' ? issued : issued.text
  }

  private open(chain: readonly string[]): readonly Delegation[] | CapabilityRefused {
    if (chain.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
    const delegations: Delegation[] = []
    for (const text of chain) {
      const delegation = openDelegation(text, this.components.verify)
      if (delegation.kind === 'refused') return delegation
      delegations.push(delegation)
    }
    return delegations
  }
}
