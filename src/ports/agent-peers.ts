/**
 * AgentPeers: agents of other owners that speak A2A, by the names that the operator gave them. What they answer is text of strangers: it is data, whatever it says, and
 * carries a label that says so. Nothing is paid unless a call brings a payer with it.
 *
 * ```ts
 * import type { AgentPeers } from 'kernell-os/ports'
 *
 * const ask = async (peers: AgentPeers): Promise<string> => (await peers.call('translator', { text: 'Good morning' })).text
 * ```
 */
import type { JsonValue } from '../base/canonical-json.ts'
import type { TaintLabel } from '../core/firewall/taint-label.ts'
import type { AbortOptions } from './abort-options.ts'

/** One thing that a peer says it can do, as its card has it. All of it but `isAllowed` is the peer's own word. */
export type AgentPeerSkill = {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  /** Whether the operator allows it to be asked for. */
  readonly isAllowed: boolean
}

/** What a peer says of itself. All of it is its own word. */
export type AgentPeerCard = {
  readonly peer: string
  readonly name: string
  readonly description: string
  readonly version: string
  readonly skills: readonly AgentPeerSkill[]
  /** Bindings that both sides know, in the peer's order. */
  readonly bindings: readonly string[]
  readonly isStreaming: boolean
  /** `pinned`: signed with the key that the operator named. `unpinned`: no key was named, whoever signed it. */
  readonly trust: 'pinned' | 'unpinned'
}

/** What a peer is asked to do. With `contextId` or `taskId` of an earlier answer it goes on with that conversation or that task. */
export type AgentPeerTask = {
  readonly text: string
  /** Absent: the first one that is allowed, or else whatever the peer does by itself. */
  readonly skill?: string
  /** The conversation that it belongs to, as an earlier answer named it. */
  readonly contextId?: string
  /** The task that asked for more, as an earlier answer named it. */
  readonly taskId?: string
}

/**
 * How a task stands when the call returns; an answer without a task is `completed`. `input-required`: the peer wants more, which a further call brings
 * with the answer's `taskId`; `auth-required`: it wants credentials.
 */
export type AgentPeerState = 'completed' | 'failed' | 'canceled' | 'rejected' | 'input-required' | 'auth-required'

/**
 * What a peer answered once it was done, or would go on only with more from the caller. Unless a price is held for it, a task that the peer failed or
 * rejected is an answer too, and no exception.
 */
export type AgentPeerAnswer = {
  readonly peer: string
  readonly state: AgentPeerState
  /** Text of a stranger. */
  readonly text: string
  /** What is known of the text: it is untrusted, and came from the peer's address. */
  readonly label: TaintLabel
  /** Absent where the peer answered without a task. */
  readonly taskId?: string
  readonly contextId?: string
  /** What was paid for it. Absent: nothing. */
  readonly paid?: AgentPayment
}

/** Who hears the text of a call as it comes and who pays for it. When the signal aborts, the task is cancelled at the peer. */
export type AgentPeerCallOptions = AbortOptions & {
  /** Told of text as it comes; it has not been judged yet. */
  readonly onText?: (text: string) => void
  /** Pays, where the peer asks for it. Absent: nothing is paid, and a task that has a price ends as `input-required`. */
  readonly payer?: AgentPayer
}

/** What was agreed, for people and records. */
export type AgentPayment = {
  readonly contract: string
  /** Who is paid: a did:key. */
  readonly account: string
  readonly priceNanos: string
  readonly currency: string
  /** How the contract stands at the notary set. */
  readonly state: string
}

/** A peer asks to be paid for a task. */
export type AskedPayment = {
  readonly peer: string
  /** What the card declares of the extension, and what the peer asks: both as they came. */
  readonly declared: unknown
  readonly asked: unknown
  readonly taskId: string
  readonly skill: string
  readonly text: string
}

/** Pays for tasks of peers within a bound that somebody has set. */
export type AgentPayer = {
  /** The extension of A2A that it pays by. */
  readonly extension: string
  /** Makes a contract that holds the price. @returns What shows it to the peer. Throws what keeps it from that; then nothing is paid. */
  pay(asked: AskedPayment, options: AbortOptions): Promise<JsonValue>
  /**
   * Gives the contract up, where a task that was paid for is cancelled: signs its end for nothing, which ends it once the seller does so too. Called before the peer hears of
   * it, and after. Without a contract it does nothing; it does not throw where seller or market do not answer.
   */
  giveUp(): Promise<void>
  /** How the contract stands, where the peer says that the work has failed: nothing is waited for. */
  standing(options: AbortOptions): Promise<AgentPayment>
  /** The text that was delivered under the contract, and what was paid; `told` is what the peer says by A2A that it made, absent where the call broke off. */
  collect(
    told: JsonValue | undefined,
    options: AbortOptions,
  ): Promise<{ readonly text: string; readonly paid: AgentPayment }>
}

/**
 * Agents of other owners, each by the name that the operator gave it. What they answer is text of strangers: it is data, whatever it says, and carries a
 * label that says so.
 */
export interface AgentPeers {
  /** Those that the operator named. */
  readonly names: readonly string[]
  /** Throws `A2A_PEER_UNKNOWN`, `A2A_CARD_INVALID`, `A2A_CARD_UNTRUSTED`, `OUTBOUND_*`, or the signal's reason. */
  card(peer: string, options?: AbortOptions): Promise<AgentPeerCard>
  /**
   * Has a peer do a task, and waits for its end. Aborting cancels it there.
   *
   * Throws as `card`, `A2A_SKILL_REFUSED`, `A2A_PEER_FAILED`, `A2A_ANSWER_TOO_LARGE`, and `UNTRUSTED_TEXT_REFUSED` for an answer that looks like orders to a model.
   */
  call(peer: string, task: AgentPeerTask, options?: AgentPeerCallOptions): Promise<AgentPeerAnswer>
}
