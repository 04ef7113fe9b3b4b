import type { Timestamp } from '../../base/time.ts'
import { type CapabilityRefused, refuseCapability } from '../../core/capability/capability-refusals.ts'
import type { CapabilityCid, Delegation } from '../../core/capability/capability-token.ts'
import { type CheckedChain, checkChainAt, hashOfChain } from '../../core/capability/check-chain.ts'
import { type CheckedInvocation, checkInvocation } from '../../core/capability/check-invocation.ts'
import { IpldLink } from '../../core/capability/ipld-value.ts'
import { EMPTY_REPLAY_MEMORY, type ReplayMemory, rememberInvocation } from '../../core/capability/replay-memory.ts'
import {
  addRevocation,
  isChainRevoked,
  isShortLived,
  NO_REVOCATIONS,
  revocationRoom,
  REVOKE_COMMAND,
  type Revocations,
} from '../../core/capability/revocations.ts'
import { deadlineOf } from '../../core/capability/token-time.ts'
import type { ContractAuthority } from '../../core/escrow/contract-authority.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Random } from '../../ports/random.ts'
import type { Signer, VerifySignature } from '../../ports/signer.ts'
import { type ContractCapability, readContractCapability } from '../../wire/ucan/contract-capability.ts'
import {
  type DelegationInit,
  delegationSignedBytes,
  type InvocationInit,
  invocationSignedBytes,
  issueToken,
  openDelegation,
  openInvocation,
} from '../../wire/ucan/token-codec.ts'
import { encodeDeskRecord, type DeskRecord, readDeskRecord } from './desk-record.ts'

/** Delegations of its own that a desk lists at most. */
const ISSUED_MAX = 16_384
const NONCE_BYTES = 16
const SECOND = 1000

/** The key that a desk issues and orders by, the desk's own journal, and what it takes from the platform. */
export type CapabilityDeskComponents = {
  /** Whose capabilities it issues and whose orders it checks. */
  readonly self: Did
  readonly signer: Signer
  readonly verify: VerifySignature
  readonly clock: Clock
  readonly random: Random
  /** Of the desk alone: revocations and orders that it took. Whoever opened it closes it. */
  readonly log: EventLog
}

/** A signed token, delegation or invocation, as base64url text, with the CID that revocations name it by. */
export type IssuedText = { readonly kind: 'issued'; readonly text: string; readonly cid: CapabilityCid }

/** A delegation that this desk issued. */
export type IssuedDelegation = {
  readonly delegation: Delegation
  readonly text: string
  /** Whether a revocation that this desk knows cuts it. */
  readonly isRevoked: boolean
}

export type OpenedChain = {
  readonly kind: 'opened'
  readonly delegations: readonly Delegation[]
  /** What a contract names it by. */
  readonly hash: Hash
}

/**
 * Issues, narrows, revokes and checks capability tokens. A revocation and an order count once they are on stable storage: an order that was let through before a
 * crash is a replay after it.
 */
export class CapabilityDesk {
  private readonly components: CapabilityDeskComponents
  private revocations: Revocations = NO_REVOCATIONS
  private memory: ReplayMemory = EMPTY_REPLAY_MEMORY
  private readonly issued = new Map<CapabilityCid, Omit<IssuedDelegation, 'isRevoked'>>()

  private constructor(components: CapabilityDeskComponents) {
    this.components = components
  }

  /** Reads the journal. Throws `STORE_CORRUPTED` for a record that is none, and what the log throws. */
  static async open(components: CapabilityDeskComponents): Promise<CapabilityDesk> {
    const desk = new CapabilityDesk(components)
    for await (const { index, payload } of components.log.read(0)) desk.replay(readDeskRecord(payload, index))
    return desk
  }

  /** Delegations that this desk has given out, the newest last, until they have expired. */
  list(at: Timestamp): readonly IssuedDelegation[] {
    this.dropExpired(at)
    return [...this.issued.values()].map((kept) => ({
      ...kept,
      isRevoked: isChainRevoked(this.revocations, [kept.delegation], at),
    }))
  }

  /** Lists what was issued, before anybody has it. Throws what the log throws. */
  async give(issued: IssuedText): Promise<IssuedText | CapabilityRefused> {
    const { clock, log, verify } = this.components
    const at = clock.now()
    if (this.issued.size >= ISSUED_MAX) this.dropExpired(at)
    if (this.issued.size >= ISSUED_MAX) return refuseCapability('CAPABILITY_ISSUED_FULL')
    const delegation = openDelegation(issued.text, verify)
    if (delegation.kind === 'refused') return delegation
    await log.append([encodeDeskRecord({ type: 'issued', text: issued.text, at })])
    this.issued.set(delegation.cid, { delegation, text: issued.text })
    return issued
  }

  /** A delegation by this desk's key. What it narrows is the business of its chain: `check` tells whether it holds. */
  delegate(init: Omit<DelegationInit, 'iss' | 'nonce'>): IssuedText | CapabilityRefused {
    const nonce = this.components.random.bytes(NONCE_BYTES)
    return this.issue(delegationSignedBytes({ ...init, iss: this.components.self, nonce }))
  }

  /** A delegation of what a chain grants to this desk, at most: refused where the new chain would not be valid now. */
  attenuate(
    chain: readonly string[],
    init: Omit<DelegationInit, 'iss' | 'nonce' | 'sub'>,
  ): IssuedText | CapabilityRefused {
    const at = this.components.clock.now()
    const checked = this.check(chain, at)
    if (checked.kind === 'refused') return checked
    const issued = this.delegate({ ...init, sub: checked.subject })
    if (issued.kind === 'refused') return issued
    const narrowed = this.check([...chain, issued.text], at)
    return narrowed.kind === 'refused' ? narrowed : issued
  }

  /** An order by this desk's key. */
  invoke(init: Omit<InvocationInit, 'iss' | 'nonce'>): IssuedText | CapabilityRefused {
    const nonce = this.components.random.bytes(NONCE_BYTES)
    return this.issue(invocationSignedBytes({ ...init, iss: this.components.self, nonce }))
  }

  /** A revocation by this desk's key, that counts here once it is given to `takeRevocation`. */
  revoke(cid: CapabilityCid, livesMs: number): IssuedText | CapabilityRefused {
    const exp = Math.ceil((this.components.clock.now() + livesMs) / SECOND)
    const args = { ucan: new IpldLink(cid) }
    return this.invoke({ sub: this.components.self, cmd: REVOKE_COMMAND, args, prf: [], exp })
  }

  /** Takes up somebody's revocation, with the delegations down to the revoked one. */
  async takeRevocation(
    text: string,
    chain: readonly string[],
    at: Timestamp,
  ): Promise<{ readonly kind: 'revoked' | 'exists'; readonly cid: CapabilityCid } | CapabilityRefused> {
    const { verify } = this.components
    const revocation = openInvocation(text, verify)
    if (revocation.kind === 'refused') return revocation
    const opened = this.openChain(chain)
    if (opened.kind === 'refused') return opened
    const isConcerned = this.isConcerned(opened.delegations)
    const exp = opened.delegations.at(-1)?.exp
    // What strangers revoke for ever would never leave room again; no contract is signed by it.
    if (!isConcerned && !isShortLived(exp === undefined ? undefined : deadlineOf(exp), at))
      return refuseCapability('CAPABILITY_LIFE_LONG')
    const room = revocationRoom(isConcerned)
    const outcome = addRevocation(this.revocations, { revocation, chain: opened.delegations, at }, room)
    if (outcome.kind === 'revoked') {
      this.revocations = outcome.revocations
      await this.components.log.append([encodeDeskRecord({ type: 'revoked', revocation: text, chain, at })])
    }
    return outcome.kind === 'refused' ? outcome : { kind: outcome.kind, cid: outcome.cid }
  }

  /** Whether a chain is one that this desk gave out or may act by: what strangers revoke among themselves leaves room for those. */
  private isConcerned(chain: readonly Delegation[]): boolean {
    const { components } = this
    return chain.some(({ iss, aud }) => iss === components.self || aud === components.self)
  }

  /** Delegations of a chain, root first, with their signatures checked. */
  openChain(chain: readonly string[]): OpenedChain | CapabilityRefused {
    const delegations: Delegation[] = []
    for (const text of chain) {
      const delegation = openDelegation(text, this.components.verify)
      if (delegation.kind === 'refused') return delegation
      delegations.push(delegation)
    }
    return { kind: 'opened', delegations, hash: hashOfChain(delegations.map(({ cid }) => cid)) }
  }

  /** Whether a chain holds at a stamp, whoever may act by it, as far as this desk knows of revocations. */
  look(chain: readonly Delegation[], at: Timestamp): CheckedChain | CapabilityRefused {
    return checkChainAt(chain, at, this.revocations)
  }

  /** Whether a chain grants this desk something at a stamp. */
  check(chain: readonly string[], at: Timestamp): CheckedChain | CapabilityRefused {
    const opened = this.openChain(chain)
    if (opened.kind === 'refused') return opened
    const checked = checkChainAt(opened.delegations, at, this.revocations)
    if (checked.kind === 'refused' || checked.holder === this.components.self) return checked
    const isOwn = opened.delegations.at(-1)?.iss === this.components.self
    return isOwn ? checked : refuseCapability('CAPABILITY_AUDIENCE_WRONG')
  }

  /** By whose authority an order for a contract is, as far as this desk knows; it remembers nothing. */
  authorityOf(capability: ContractCapability, at: Timestamp): ContractAuthority | CapabilityRefused {
    const { verify } = this.components
    return readContractCapability(capability, { verify, at, revocations: this.revocations })
  }

  /** Lets an order through at most once: checked, remembered, durable. */
  async admit(text: string, chain: readonly string[], at: Timestamp): Promise<CheckedInvocation | CapabilityRefused> {
    const invocation = openInvocation(text, this.components.verify)
    if (invocation.kind === 'refused') return invocation
    const opened = this.openChain(chain)
    if (opened.kind === 'refused') return opened
    const proofs = new Map(opened.delegations.map((delegation) => [delegation.cid, delegation]))
    const checked = checkInvocation({
      invocation,
      proofs,
      at,
      executor: this.components.self,
      revocations: this.revocations,
    })
    if (checked.kind === 'refused') return checked
    const remembered = rememberInvocation(this.memory, invocation, { at })
    if (remembered.kind === 'refused') return remembered
    this.memory = remembered.memory
    const { iss, nonce, exp } = invocation
    await this.components.log.append([encodeDeskRecord({ type: 'admitted', iss, nonce, exp, at })])
    return checked
  }

  private issue(signedBytes: Uint8Array): IssuedText | CapabilityRefused {
    const issued = issueToken(signedBytes, (bytes) => this.components.signer.sign(bytes))
    return issued.kind === 'refused' ? issued : { kind: 'issued', text: issued.text, cid: issued.token.cid }
  }

  private dropExpired(at: Timestamp): void {
    for (const [cid, { delegation }] of this.issued) if (at >= deadlineOf(delegation.exp)) this.issued.delete(cid)
  }

  private replay(record: DeskRecord): void {
    if (record.type === 'issued') {
      const delegation = openDelegation(record.text, this.components.verify)
      if (delegation.kind !== 'refused') this.issued.set(delegation.cid, { delegation, text: record.text })
      return
    }
    if (record.type === 'admitted') {
      const remembered = rememberInvocation(this.memory, record, { at: record.at })
      if (remembered.kind === 'remembered') this.memory = remembered.memory
      return
    }
    const revocation = openInvocation(record.revocation, this.components.verify)
    const opened = this.openChain(record.chain)
    if (revocation.kind === 'refused' || opened.kind === 'refused') return
    const outcome = addRevocation(this.revocations, { revocation, chain: opened.delegations, at: record.at })
    if (outcome.kind === 'revoked') this.revocations = outcome.revocations
  }
}
