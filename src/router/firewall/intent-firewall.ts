import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/error-codes.ts'
import { hexOfBytes } from '../../base/hex.ts'
import { addDuration, type DurationMs, type Timestamp } from '../../base/time.ts'
import {
  APPROVAL_LIFETIME_MAX_MS,
  applyApproval,
  approvalText,
  parseApprovalText,
  planHashOf,
  type Approval,
  type UsedApprovals,
} from '../../core/firewall/approval.ts'
import { knownLabel, type FirewallPolicy } from '../../core/firewall/firewall-policy.ts'
import type { Declassification, FlowLabels } from '../../core/firewall/flow-labels.ts'
import type { IntentPlan, PlanSource } from '../../core/firewall/intent-plan.ts'
import { reviewPlan, type FirewallReview } from '../../core/firewall/review-plan.ts'
import { CLEAN_LABEL, isAtMost, joinLabels, type TaintLabel } from '../../core/firewall/taint-label.ts'
import {
  EMPTY_TAINT_REGISTER,
  formatTaintRegister,
  labelAt,
  parseTaintRegister,
  taint,
  type TaintRegister,
} from '../../core/firewall/taint-register.ts'
import { decodeBase64, encodeBase64 } from '../../core/text/base64.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { AdmittedPlan } from './admitted-plan.ts'
import { refusedPlan } from './refused-plan.ts'

/** What a firewall takes from outside. With another secret behind `authenticate` approvals made before are void. */
export type IntentFirewallComponents = {
  /** What is known of stored data and of used approvals outlives the process here. */
  readonly store: KeyValueStore
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  /** HMAC-SHA-256 under a secret of this node that serves nothing else, 64 lower-case hexadecimal digits. */
  readonly authenticate: (text: string) => string
}

/**
 * What somebody allows of one plan, and for how long; `IntentFirewall.approve` makes a token of it, which serves once. A lifetime out of
 * range is a RangeError.
 */
export type ApprovalInit = {
  readonly declassified: readonly Declassification[]
  readonly approver: string
  /** At most a day. */
  readonly lifetimeMs: DurationMs
}

/**
 * Stands between intending and doing: a plan is judged whole before any of its steps, against the operator's policy and what is known of the places that
 * it reads. One owner per store.
 */
export class IntentFirewall {
  readonly #components: IntentFirewallComponents
  readonly #policy: FirewallPolicy
  #register: TaintRegister
  /** As it is on stable storage. */
  #written: TaintRegister
  #used: UsedApprovals
  #saving: Promise<void> = Promise.resolve()

  private constructor(components: IntentFirewallComponents, policy: FirewallPolicy, state: FirewallState) {
    this.#components = components
    this.#policy = policy
    this.#register = state.register
    this.#written = state.register
    this.#used = state.used
  }

  /** Throws `FIREWALL_STATE_INVALID` when what was kept cannot be read: nothing stored could then be told from what is harmless. */
  static async open(components: IntentFirewallComponents, policy: FirewallPolicy): Promise<IntentFirewall> {
    return new IntentFirewall(components, policy, await readState(components.store))
  }

  /** What would be said of the plan now; changes nothing. */
  review(plan: IntentPlan): FirewallReview {
    return reviewPlan(plan, { policy: this.#policy, register: this.#register, declassified: [] })
  }

  /** The label of what is stored at a place. */
  labelOf(locator: string): TaintLabel {
    return labelAt(this.#register, locator)
  }

  /** What is known of a place before it is read: by the policy, and by what was stored there. Whoever writes a plan for somebody declares it so. */
  known(source: Pick<PlanSource, 'kind' | 'locator'>): TaintLabel {
    return joinLabels(knownLabel(this.#policy, source), labelAt(this.#register, source.locator))
  }

  /** A token that lets some results of exactly this plan count as said, once. For whoever may decide so; nothing in a plan can ask for it. */
  approve(plan: IntentPlan, { declassified, approver, lifetimeMs }: ApprovalInit): string {
    const { clock, random, authenticate } = this.#components
    if (!(lifetimeMs > 0 && lifetimeMs <= APPROVAL_LIFETIME_MAX_MS))
      throw new RangeError(`An approval holds for up to ${APPROVAL_LIFETIME_MAX_MS} ms, not ${lifetimeMs}`)
    const text = approvalText({
      planHash: planHashOf(plan),
      declassified,
      approver,
      expiresAt: addDuration(clock.now(), lifetimeMs),
      nonce: hexOfBytes(random.bytes(16)),
    })
    return `${encodeBase64(utf8Bytes(text))}.${authenticate(text)}`
  }

  /**
   * Lets a plan pass, or throws the code of the first rule that it breaks, and those of `ApprovalRefusal`. What it stores is tainted, and an approval is
   * used up, before it returns: only then may its first step be done.
   */
  async admit(plan: IntentPlan, token?: string): Promise<FlowLabels> {
    return (await this.#admit(plan, token)).labels
  }

  /** The same for whoever carries the plan out: what is admitted is a copy, and each step has to be entered before it is done. */
  async begin(plan: IntentPlan, token?: string): Promise<AdmittedPlan> {
    const copy = copyOf(plan)
    const { declassified } = await this.#admit(copy, token)
    return new AdmittedPlan({
      plan: copy,
      planHash: planHashOf(copy),
      review: () => reviewPlan(copy, { policy: this.#policy, register: this.#register, declassified }),
    })
  }

  async #admit(
    plan: IntentPlan,
    token: string | undefined,
  ): Promise<{ readonly labels: FlowLabels; readonly declassified: readonly Declassification[] }> {
    const approval = token === undefined ? undefined : this.#readToken(token)
    const declassified = approval?.declassified ?? []
    const { isAllowed, refusals, labels } = reviewPlan(plan, {
      policy: this.#policy,
      register: this.#register,
      declassified,
    })
    // An approval of another plan is said to be one, whatever else is wrong with this one.
    if (approval !== undefined && approval.planHash !== planHashOf(plan)) throw refusedApproval('APPROVAL_OTHER_PLAN')
    if (!isAllowed) throw refusedPlan(refusals)
    // Without a wait between looking and marking, so that two calls cannot use one approval.
    if (approval !== undefined) this.#use(approval, plan)
    const register = taintedBy(this.#register, plan, labels)
    this.#register = register
    if (approval !== undefined || register !== this.#written) await this.#save()
    return { labels, declassified }
  }

  #readToken(token: string): Approval {
    const [encoded = '', given = ''] = token.split('.')
    const bytes = decodeBase64(encoded)
    const text = bytes === undefined ? undefined : decodeUtf8(bytes)
    const isOurs = text !== undefined && isSameDigest(given, this.#components.authenticate(text))
    const approval = isOurs ? parseApprovalText(text) : undefined
    if (approval === undefined) throw refusedApproval('APPROVAL_INVALID')
    return approval
  }

  #use(approval: Approval, plan: IntentPlan): void {
    const at: Timestamp = this.#components.clock.now()
    const outcome = applyApproval(this.#used, approval, { planHash: planHashOf(plan), at })
    if (outcome.kind === 'refused') throw refusedApproval(outcome.code)
    this.#used = outcome.used
  }

  /** Writes one after the other, each the state as it is then. */
  #save(): Promise<void> {
    const saving = this.#saving.then(async () => {
      const register = this.#register
      const state = JSON.stringify({ register: formatTaintRegister(register), used: [...this.#used] })
      await this.#components.store.put(STATE_KEY, utf8Bytes(state), { sync: true })
      this.#written = register
    })
    this.#saving = saving.catch(() => undefined)
    return saving
  }
}

type FirewallState = { readonly register: TaintRegister; readonly used: UsedApprovals }

const STATE_KEY = 'state'

async function readState(store: KeyValueStore): Promise<FirewallState> {
  const bytes = await store.get(STATE_KEY)
  if (bytes === undefined) return { register: EMPTY_TAINT_REGISTER, used: new Map() }
  const state = parseState(decodeUtf8(bytes))
  if (state === undefined)
    throw new CodedError('FIREWALL_STATE_INVALID', { message: 'What is known of stored data cannot be read' })
  return state
}

function parseState(text: string | undefined): FirewallState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { register, used } = value as Record<string, unknown>
  const known = parseTaintRegister(register as Parameters<typeof parseTaintRegister>[0])
  if (known === undefined || !Array.isArray(used)) return undefined
  const nonces = new Map<string, Timestamp>()
  for (const entry of used) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number') return undefined
    nonces.set(entry[0], entry[1] as Timestamp)
  }
  return { register: known, used: nonces }
}

/** Every place that a step stores something at takes on the label of it; also files of tools and sinks outside, for a later plan that reads them back. */
function taintedBy(register: TaintRegister, plan: IntentPlan, labels: FlowLabels): TaintRegister {
  const places = new Map(plan.sinks.map(({ id, locator }) => [id, locator]))
  let next = register
  for (const { id, sink } of plan.steps) {
    const place = sink === undefined ? undefined : places.get(sink)
    const label = labels.get(id) ?? CLEAN_LABEL
    if (place !== undefined && !isAtMost(label, labelAt(next, place))) next = taint(next, place, label)
  }
  return next
}

/** A plan is data: its canonical JSON says all of it. */
function copyOf(plan: IntentPlan): IntentPlan {
  return JSON.parse(canonicalJson(plan)) as IntentPlan
}

function refusedApproval(code: ErrorCode): CodedError {
  return new CodedError(code, { message: 'The approval of the plan cannot be used' })
}

/** Looks at every digit whatever the first ones are, so that nobody finds a digest by the time that a wrong one takes. */
function isSameDigest(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length
  for (let at = 0; at < expected.length; at += 1) difference |= given.charCodeAt(at) ^ expected.charCodeAt(at)
  return difference === 0
}
