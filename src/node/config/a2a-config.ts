import type { Amount } from '../../base/money.ts'
import type { Did } from '../../core/evidence/names.ts'

/** What the node does for other agents, over A2A. */
export type A2aConfig = {
  readonly isEnabled: boolean
  /** Address under which others reach the gateway, without a slash at its end. Absent: the one that it listens at. */
  readonly url?: string
  /** How the card calls the node, and what it says of it. */
  readonly name: string
  readonly description: string
  readonly provider?: { readonly organization: string; readonly url: string }
  /** Ids of the skills that are offered; the first one does what names none. Absent: all that there are. */
  readonly skills?: readonly string[]
  /** How long a task is kept after its last change. */
  readonly keepMs: number
  /** Tasks that are kept of a tenant. */
  readonly tasksMax: number
  /** Tasks that are worked on at one time, of all tenants. */
  readonly runningMax: number
  readonly taskTimeoutMs: number
  /** What one turn of a task may make. */
  readonly taskBytesMax: number
  /** Names, or `*.name`, that are told of tasks although they may be of a private network. */
  readonly pushHosts: readonly string[]
  /** Nodes that may send tasks over the transports of the market. */
  readonly nodes: readonly Did[]
  /** What is paid for skills, in credits of the market. Absent: nothing is. */
  readonly payment?: A2aPaymentConfig
  /** Agents that this node may ask, by name. */
  readonly peers: Readonly<Record<string, A2aPeerConfig>>
}

/** Skills that have a price; the others are free. */
export type A2aPaymentConfig = {
  /** `CODE@DID`, or a code that one issuer alone has. Absent: the only currency that there is. */
  readonly currency?: string
  /** Credits for one task, in nano, by the id of the skill. */
  readonly prices: Readonly<Record<string, Amount>>
  /** Paid tasks of a skill that are worked on at one time. */
  readonly parallelMax: number
}

/** Another agent that speaks A2A. */
export type A2aPeerConfig = {
  /** Address of its card, or of its gateway. */
  readonly card: string
  /** Public key (JWK) that its card is signed with. Absent: whoever answers at the address is believed to be the peer. */
  readonly key?: Readonly<Record<string, string>>
  /** Skills that may be asked for. Absent: all of its card. */
  readonly skills?: readonly string[]
  /** Variable that holds this node's key at the peer. */
  readonly apiKeyEnv?: string
  readonly timeoutMs: number
  readonly answerBytesMax: number
}
