import type { LogLevel } from '../../ports/logger.ts'
import type { CallRules } from '../../router/call-rules.ts'
import type { FallbackRules } from '../../router/fallbacks.ts'
import type { PeerTierInit } from '../../router/peers/peer-tier-init.ts'
import type { A2aConfig } from './a2a-config.ts'
import type { PolicyConfig } from './policy-config.ts'
import type { Amount } from '../../base/money.ts'
import type { PowerLevel } from '../../core/models/hardware-fit.ts'
import type {
  ModelCapabilities,
  ModelDifficulty,
  ModelSpecialty,
  ModelTier,
  TokenPrices,
} from '../../core/models/model-entry.ts'
import type { FirewallPolicy } from '../../core/firewall/firewall-policy.ts'
import type { TextRules } from '../../core/injection/text-report.ts'
import type { ToolServerInit } from '../../mcp/tool-server-init.ts'
import type { WorkQuotasInit } from '../../market/parties/selling/work-quotas.ts'
import type { QuotaRule } from '../../core/quotas/quota-table.ts'
import type { ExecutionTier } from '../../core/routing/task-outcome.ts'

/** Who serves models. `gguf` runs weights on this machine and needs no address. */
export type ProviderConfig = {
  readonly kind: 'openai' | 'anthropic' | 'gguf'
  /** For `openai` and `anthropic`: address up to and including the version, for example `http://127.0.0.1:11434/v1`. */
  readonly baseUrl?: string
  /** Name of the environment variable that holds the key; absent when the server wants none. The key itself is never in a configuration. */
  readonly apiKeyEnv?: string
  /** Names as the server takes them, or paths of GGUF files. Empty: what the server lists, or the files of the data directory. */
  readonly models: readonly string[]
  /** True when the server runs on this machine or is otherwise free and private: its models are local tiers, and `local-only` may use them. */
  readonly isLocal: boolean
  /** Calls name the trace that they are part of. Absent: they do not. */
  readonly propagatesTrace?: true
  /** Where it was found: the configuration file, or a variable such as OPENAI_API_KEY. For `doctor` and the start text. */
  readonly origin: string
}

/** What the operator says about one model of the registry; it wins over every imported list. */
export type ModelOverride = {
  /** A provider of `providers`. Absent: as the registry has it. */
  readonly provider?: string
  /** The name that the provider takes. Absent: as the registry has it. */
  readonly model?: string
  readonly tier?: ModelTier
  readonly difficultyMax?: ModelDifficulty
  readonly parametersBillions?: number
  readonly specialties?: readonly ModelSpecialty[]
  readonly contextTokens?: number
  readonly outputTokensMax?: number
  readonly capabilities?: Partial<ModelCapabilities>
  readonly prices?: TokenPrices
  readonly aliases?: readonly string[]
  /** Name under which a trained policy knows this model. */
  readonly policyAs?: string
}

/** Model ids behind the public names `kernell-cheap`, `kernell-premium` and `kernell-local`. Absent: chosen by tier and price. */
export type RolesConfig = {
  readonly cheap?: string
  readonly premium?: string
  readonly local?: string
}

export type RouterConfig = {
  /** `auto`: hard tasks that the policy wants split are split. `never`: none is. */
  readonly decompose: 'auto' | 'never'
  /** Model that is asked whether a cheaper answer may stand, where the free checks of a cascade leave it in doubt. Absent: none is. */
  readonly judge?: string
  /** Who stands in when a plan has failed, by the name of its last model or by its route. Absent: nobody. */
  readonly fallbacks?: FallbackRules
} & CallRules

/** What of a prompt stays inside. */
export type PrivacyConfig = {
  /** Models outside get placeholders for keys, tokens, passwords, addresses of mail, cards and IBANs; the answer has them again. */
  readonly hidesSecrets: boolean
}

/** The answer cache: whether it is on, how long and how much it keeps, and by which vectors similar questions are found. */
export type CacheConfig = {
  readonly isEnabled: boolean
  /** File written by `kernell eval cache --save`. Absent: the similarity tier is off, the exact tier works. */
  readonly calibration?: string
  readonly ttlMs: number
  readonly entriesMax: number
  readonly bytesMax: number
  /** `builtin`, or the id of an embedding model of a configured provider. A calibration holds for the embedder it was made with. */
  readonly embedder: string
}

export type UntrustedConfig = {
  /** False: no text is looked at. */
  readonly isEnabled: boolean
  /** File written by `kernell eval injection --save`. Absent: the rules alone. */
  readonly model?: string
  /** What is done about a text that counts as an injection, by where it comes from. */
  readonly rules: TextRules
}

export type MarketConfig = {
  /** Is told what waits for an act of the owner; https, or http on this machine. Absent: nobody is told. */
  readonly webhook?: string
  /** Whether it says what it sells, hears what others say, and passes it on. */
  readonly isGossiping: boolean
  /** Whether it buys from nodes that it knows by their announcements alone. */
  readonly isDiscovering: boolean
  /** Whether its auctions are announced to everybody. */
  readonly isCallingOpenly: boolean
  /** Models that it names when it says what it sells. */
  readonly models: readonly string[]
  /** Largest input or result that it takes, bytes. */
  readonly artifactBytesMax: number
  /** What each payer, and each skill that is named, may have worked here. */
  readonly quotas: WorkQuotasInit
}

export type PeersConfig = PeerTierInit & {
  /** Id of the notary set that keeps contracts with peers. Absent: whichever the node works with. */
  readonly notarySet?: string
}

/** What is recorded of tasks (nothing without `consent`), and where traces and metrics are sent. */
export type TelemetryConfig = {
  /** Records of tasks, the features of their prompts and feedback are kept only when true. */
  readonly consent: boolean
  /** Task text is kept only when true, and only with consent. */
  readonly keepText: boolean
  /** Records that are kept; the oldest go first. */
  readonly recordsMax: number
  /** Days of which sums of usage are kept, those without requests not counted; the oldest go first. */
  readonly usageDays: number
  /** OTLP address for traces and metrics. Absent: neither. */
  readonly otlpEndpoint?: string
  /** What is sent there. */
  readonly otlpSignals: readonly OtlpSignal[]
  /** Whether spans of model calls carry what was asked and answered, without what is known as a secret. */
  readonly traceContent: boolean
}

/** What a served node writes to its log. */
export type LogConfig = {
  readonly level: LogLevel
  /** `auto`: lines for people on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty'
  /** Whether each request gets a line. */
  readonly access: boolean
}

export const OTLP_SIGNALS = ['traces', 'metrics'] as const

export type OtlpSignal = (typeof OTLP_SIGNALS)[number]

/** A limit on spending. Scopes: `node` (everything), `organisation:NAME`, `team:NAME`, `key:ID`, `tenant:NAME`. */
export type BudgetConfig = {
  readonly scope: string
  readonly window: 'hour' | 'day' | 'month' | 'total'
  readonly limitNanos: Amount
}

/**
 * What a key is for. `admin`: everything. `operator`: looks after the node, and asks nothing of its models. `member`: asks, and judges its own answers. `viewer`: sees which models
 * there are.
 */
export const CALLER_ROLES = ['admin', 'operator', 'member', 'viewer'] as const

export type CallerRole = (typeof CALLER_ROLES)[number]

/** An API key of the configuration: its SHA-256 in hex, whose it is, and what it may do. */
export type ApiKeyConfig = {
  readonly id: string
  /** Lower-case hex SHA-256 of the key's UTF-8 bytes. */
  readonly sha256: string
  readonly tenant: string
  readonly organisation?: string
  readonly team?: string
  /** Absent: `member`. */
  readonly role?: CallerRole
  /** Tiers that this key may use. Absent: all. */
  readonly tiers?: readonly ExecutionTier[]
}

/** Where the gateway listens, and the bounds of its requests: bytes, requests at a time, milliseconds. */
export type ServerConfig = {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly bodyBytesMax: number
  /** Requests served at the same time; one more gets 429 and the time after which to come back. */
  readonly concurrentRequestsMax: number
  /** A whole request, escalations included. */
  readonly requestTimeoutMs: number
}

/** How a node that takes part in the market is reached, and reaches others. */
export type NetworkConfig = {
  /** Multiaddrs to listen at, where the command names none. Empty: a socket in the data directory. */
  readonly listen: readonly string[]
  /** Multiaddrs that others are told instead of those at which this node listens over libp2p: what a router in front of it shows. */
  readonly announce: readonly string[]
  /** Nodes to know from the start, as `ADDRESS/p2p/ID`, beside those that the command names. */
  readonly bootstrap: readonly string[]
  /** Tells neighbours on the local network of this node, and connects with those that it hears of. */
  readonly isMdnsOn: boolean
  /** Passes on connections between others that cannot reach each other. */
  readonly isRelay: boolean
  /** Finds nodes by their DID in a table that nodes keep together: asks it, or keeps a part of it too. Absent: neither. */
  readonly table?: 'client' | 'server'
  /** Absolute path of the key of a private network, without which nobody gets as far as a greeting. Absent: everybody may. */
  readonly keyFile?: string
}

/** Rules on where this node may connect, beside the addresses that its parts are given. */
export type OutboundConfig = {
  /** Names, or `*.name`, of configured servers that may lead into private networks though they look like names of the internet. */
  readonly privateHosts: readonly string[]
}

/** Where programs that nobody trusts are run, and with what of this machine. Paths are absolute; absent ones are looked for where systems put such programs. */
export type SandboxConfig = {
  /** What `kernell sandbox prepare` makes. */
  readonly directory: string
  /** Image of containers, as the engine names it. */
  readonly image: string
  /** Kernel of machines. Absent: the one in the directory. */
  readonly kernel?: string
  readonly bubblewrap?: string
  /** Unix socket of Docker, or of Podman's service. */
  readonly containerSocket?: string
  readonly qemu?: string
  /** Absent: machines are QEMU's. */
  readonly firecracker?: string
}

/** A store that several gateways share. Their data directories stay, one each, with keys, journals and what a node learned by itself. */
export type StorageConfig = {
  readonly kind: 'postgresql'
  /** Name of the environment variable that holds the address. The address itself is never in a configuration. */
  readonly urlEnv: string
  /** File with the password, absolute; it takes the place of the one in the address. */
  readonly passwordFile?: string
  readonly schema: string
  /** Connections at most, beside five for long readings and notifications. */
  readonly poolMax: number
  readonly statementTimeoutMs: number
  /** How long a gateway may be silent before others charge what it held and take its journals. */
  readonly leaseMs: number
  /** How long a gateway that cannot ask the server takes keys as it knew them. */
  readonly staleMs: number
}

/** Everything that a node is told, checked and complete: no member needs a default any more. */
export type NodeConfig = {
  /** Absolute path. */
  readonly dataDir: string
  /** The file that was read; absent when there was none. */
  readonly configFile?: string
  /** How much of this machine's memory local models together may take. */
  readonly powerLevel: PowerLevel
  /** Look for model servers on this machine at start, besides `providers`. */
  readonly isDiscovering: boolean
  readonly providers: Readonly<Record<string, ProviderConfig>>
  /** By model id. */
  readonly models: Readonly<Record<string, ModelOverride>>
  readonly roles: RolesConfig
  readonly policy: PolicyConfig
  readonly router: RouterConfig
  readonly cache: CacheConfig
  readonly untrusted: UntrustedConfig
  /** What plans may do: the operator's rules, then those that hold otherwise. */
  readonly firewall: FirewallPolicy
  readonly telemetry: TelemetryConfig
  readonly log: LogConfig
  readonly outbound: OutboundConfig
  readonly sandbox: SandboxConfig
  /** Absent: prompts leave as they are. */
  readonly privacy?: PrivacyConfig
  readonly network: NetworkConfig
  readonly market: MarketConfig
  /** What the operator allows of peers, and who keeps their contracts. Absent: no answer is bought. */
  readonly peers?: PeersConfig
  readonly budgets: readonly BudgetConfig[]
  /** How often callers may have something done. Absent: as often as they like. */
  readonly quotas?: readonly QuotaRule[]
  /** Empty: no key is asked for, and the server refuses to listen beyond loopback. */
  readonly keys: readonly ApiKeyConfig[]
  /** Servers of the Model Context Protocol whose tools agents may call; absent: none. */
  readonly toolServers?: readonly ToolServerInit[]
  readonly server: ServerConfig
  readonly a2a: A2aConfig
  /** Absent: everything is in the data directory. */
  readonly storage?: StorageConfig
}
