import { type CapabilityRefused, refuseCapability } from '../core/capability/capability-refusals.ts'
import type { CapabilityCid, Delegation, Invocation } from '../core/capability/capability-token.ts'
import { EMPTY_REPLAY_MEMORY, type ReplayMemory, rememberInvocation } from '../core/capability/replay-memory.ts'
import { CHAIN_LENGTH_MAX } from '../core/capability/check-alignment.ts'
import type { Revocations } from '../core/capability/revocations.ts'
import { parseUsedOrder, type UsedOrder } from '../core/audit/audit-snapshot.ts'
import type { Did, Hash } from '../core/evidence/names.ts'
import { checkCall, type GrantedCall, policyOfGrant } from '../core/rights/check-call.ts'
import type { SandboxPolicy } from '../core/sandbox/sandbox-policy.ts'
import type { Clock } from '../ports/clock.ts'
import type { VerifySignature } from '../ports/signer.ts'
import { timestampFromMs } from '../base/time.ts'
import { openDelegation, openInvocation } from '../wire/ucan/token-codec.ts'
import type { AuditJournal } from './audit-journal.ts'

const SECOND = 1_000

export type CallDeskComponents = {
  /** Who runs programs here, and by default whose authority counts. */
  readonly self: Did
  readonly owners?: readonly Did[]
  readonly verify: VerifySignature
  readonly clock: Clock
  readonly journal: AuditJournal
  /** What the opened journal says was used before. */
  readonly used: readonly UsedOrder[]
  readonly revocations?: () => Revocations
}

/** What somebody shows to have a program run: an order and the delegations from the owner down to who signed it, each in base64url. */
export type ShownRight = { readonly order: string; readonly chain: readonly string[] }

/** A call that somebody asks for by right: the order, the action, and the SHA-256 of the program that is to run. */
export type AskedCall = ShownRight & {
  /** Such as `/sandbox/run`, `/tool/call/NAME`, `/agent/run/NAME`. */
  readonly action: string
  /** SHA-256 of what is about to run. */
  readonly code: Hash
}

/** A call that may be made, and what its program may use. */
export type AdmittedCall = GrantedCall & { readonly policy: SandboxPolicy }

/** Lets calls through that a chain of capability tokens grants, each order once, and writes down every verdict before anybody acts on it. */
export class CallDesk {
  private readonly components: CallDeskComponents
  private memory: ReplayMemory = EMPTY_REPLAY_MEMORY
  private used: UsedOrder[] = []

  constructor(components: CallDeskComponents) {
    this.components = components
    for (const order of components.used) this.remember(order, 0)
    for (const { event, at } of components.journal.entries()) {
      const order = event.type === 'call-granted' ? parseUsedOrder(event) : undefined
      if (order !== undefined) this.remember(order, at)
    }
  }

  /** Whether the call may be made now; if so its order is used up, and that is on stable storage. Throws what the journal throws. */
  async admit(asked: AskedCall): Promise<AdmittedCall | CapabilityRefused> {
    const { journal, clock } = this.components
    const at = clock.now()
    const opened = this.open(asked)
    const verdict = opened.kind === 'refused' ? opened : this.judge(asked, opened)
    const { action, code } = asked
    if (verdict.kind === 'refused' || opened.kind === 'refused') {
      const refusal = verdict.kind === 'refused' ? verdict : refuseCapability('CAPABILITY_SHAPE_WRONG')
      const by = opened.kind === 'refused' ? undefined : opened.invocation.iss
      await journal.append({ type: 'call-refused', action, program: code, reason: refusal.code, by }, () =>
        this.live(at),
      )
      return refusal
    }
    const { iss, nonce, exp = 0, cid } = opened.invocation
    const event = { type: 'call-granted', action, program: code, by: iss, owner: verdict.subject, order: cid }
    await journal.append({ ...event, iss, nonce, exp }, () => this.live(at))
    return { ...verdict, policy: policyOfGrant(verdict) }
  }

  private open({ order, chain }: ShownRight): Opened | CapabilityRefused {
    const { verify } = this.components
    if (chain.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
    const invocation = openInvocation(order, verify)
    if (invocation.kind === 'refused') return invocation
    const proofs = new Map<CapabilityCid, Delegation>()
    for (const text of chain) {
      const delegation = openDelegation(text, verify)
      if (delegation.kind === 'refused') return delegation
      proofs.set(delegation.cid, delegation)
    }
    return { kind: 'opened', invocation, proofs }
  }

  /** Checks, and uses the order up. Nothing is waited for in between, so of two uses at once one is the second. */
  private judge({ action, code }: AskedCall, { invocation, proofs }: Opened): GrantedCall | CapabilityRefused {
    const { clock, revocations } = this.components
    const executor = this.components.self
    const owners = this.components.owners ?? [executor]
    const at = clock.now()
    const question = { invocation, proofs, at, executor, action, code, owners }
    const checked = checkCall({ ...question, ...(revocations !== undefined && { revocations: revocations() }) })
    if (checked.kind === 'refused') return checked
    const { iss, nonce, exp } = invocation
    if (exp === undefined) return refuseCapability('CAPABILITY_EXPIRY_REQUIRED')
    const remembered = rememberInvocation(this.memory, invocation, { at })
    if (remembered.kind === 'refused') return remembered
    this.memory = remembered.memory
    this.used.push({ iss, nonce, exp })
    return checked
  }

  private remember(order: UsedOrder, atMs: number): void {
    const at = timestampFromMs(Math.max(atMs, order.exp * SECOND - 1))
    const remembered = rememberInvocation(this.memory, { ...order, iss: order.iss as Did }, { at })
    if (remembered.kind !== 'remembered') return
    this.memory = remembered.memory
    this.used.push(order)
  }

  /** Orders that have not expired. */
  private live(at: number): readonly UsedOrder[] {
    this.used = this.used.filter(({ exp }) => exp * SECOND >= at)
    return this.used
  }
}

type Opened = {
  readonly kind: 'opened'
  readonly invocation: Invocation
  readonly proofs: ReadonlyMap<CapabilityCid, Delegation>
}
