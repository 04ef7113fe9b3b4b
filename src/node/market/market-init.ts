import type { JsonValue } from '../../base/canonical-json.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { FormerSet } from '../../core/notary/set-lineage.ts'
import type { FindWorker } from '../../market/parties/role/market-worker.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Transport } from '../../ports/transport.ts'
import type { ControlAnswer, ControlRequest } from '../control/control-request.ts'

export type { MarketWorker } from '../../market/parties/role/market-worker.ts'

/** How a node takes part in the market. */
export type MarketInit = {
  /** Opens the keys of the data directory. */
  readonly passphrase: Uint8Array
  /** Where to listen: multiaddrs, sockets of this machine or TCP and WebSockets; absent: those of the configuration, else a socket in the data directory. */
  readonly listen?: readonly string[]
  /** Multiaddrs that others are told instead of those over libp2p; absent: those of the configuration. */
  readonly announce?: readonly string[]
  /** Nodes to know from the start, beside those of the configuration: `ADDRESS/p2p/ID`, where ID is a DID or a peer id. */
  readonly bootstrap?: readonly string[]
  /** Who keeps the ledger and the contracts; absent: the set that this node worked with before. */
  readonly set?: NotarySet
  /** Sets that kept its log before, the oldest first, as the document of the set has them. */
  readonly before?: readonly FormerSet[]
  /** Whether this node is a member of the set, with its key of role notary. */
  readonly isNotary?: boolean
  /** Whether this notary takes contracts of the parameter set `trial`, which protects nobody: spans down to 100 ms. */
  readonly isTrial?: boolean
  /** DIDs of issuers whose credits this notary lists: what is paid in them has room of its own in the books. Beside them, of a notary that is alone, this node's own. */
  readonly issuers?: readonly string[]
  /** Folder of what the notary signed last, outside of the data directory; absent: one in the user's state directory, by the notary's key (`highWaterFolderOf`). */
  readonly highWater?: string
  /** Name of the network that messages are of; default `kernell`. */
  readonly network?: string
  /** Workers for offers by the name of their agent, beside the built-in ones; `undefined` for a name that there is none of. */
  readonly findWorker?: FindWorker
}

/** One step of a contract of this node, or of any contract of a notary. */
export type MarketTransition = {
  readonly event: 'transition'
  readonly contract: string
  readonly seq: number
  readonly from: string
  readonly to: string
  readonly at: number
  readonly certificate: JsonValue
}

/** How far a contract of this node is between two steps. What a seller says of its work is its word alone. */
export type MarketProgress = {
  readonly event: 'progress'
  readonly contract: string
  /** Bytes of the input that have gone to the seller, and of the result that have come; `null` where neither is in pieces. */
  readonly input: { readonly doneBytes: number; readonly totalBytes: number } | null
  readonly result: { readonly doneBytes: number; readonly totalBytes: number } | null
  readonly work: {
    readonly step: number
    /** Millionths that are done, an estimate. */
    readonly donePpm: number | null
    readonly text: string | null
    /** Bytes of the result that were told so far; `partial` are those that came last, base64url. */
    readonly partialBytes: number
    readonly partial: string | null
  } | null
}

/** A node that was named with `bootstrap` and does not answer: it may be down, elsewhere, or another one than was meant. */
export type SilentNode = {
  /** As it was named. */
  readonly address: string
  readonly code: ErrorCode
  readonly message: string
}

/** The part of a node that takes part in the market. */
export type NodeMarket = {
  /** Who this node is to others: its key of role node. */
  readonly did: Did
  /** Whose contracts and credits these are: its key of role escrow; `undefined` where there is none. */
  readonly account: Did | undefined
  readonly addresses: readonly string[]
  /** What it is connected by, for other protocols between the same nodes. */
  readonly transport: Transport
  readonly set: NotarySet | undefined
  /** Asks each node of `bootstrap` for a sign of life, once. @returns Those that gave none. */
  findSilent(options?: AbortOptions): Promise<readonly SilentNode[]>
  /** What commands ask. Throws as the request does. */
  ask(request: ControlRequest, options?: AbortOptions): Promise<ControlAnswer>
  /** Steps of contracts from now on, until the signal ends it. At most 1,024 wait for the reader; the oldest are dropped. */
  transitions(options: { readonly signal: AbortSignal }): AsyncIterable<MarketTransition>
  /** How far contracts of this node are, from now on, as `transitions`; of one contract twice in a second at most, and the last word in any case. */
  progress(options: { readonly signal: AbortSignal }): AsyncIterable<MarketProgress>
  stop(): Promise<void>
}
