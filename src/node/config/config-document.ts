import type { SinkKind, SourceKind } from '../../core/firewall/intent-plan.ts'
import type { Confidentiality, Integrity } from '../../core/firewall/taint-label.ts'

/** A configuration as people write it: every member optional, money in dollars, keys by the name of their variable. Checked by `protocol/config.schema.json`. */
export type ConfigDocument = {
  readonly $schema?: string
  readonly dataDir?: string
  readonly powerLevel?: 'minimal' | 'balanced' | 'powerful' | 'maximum'
  readonly discover?: boolean
  readonly providers?: Readonly<Record<string, ProviderDocument>>
  readonly models?: Readonly<Record<string, ModelDocument>>
  readonly roles?: { readonly cheap?: string; readonly premium?: string; readonly local?: string }
  readonly policy?: PolicyDocument
  readonly router?: RouterDocument
  readonly cache?: CacheDocument
  readonly untrusted?: UntrustedDocument
  readonly firewall?: FirewallDocument
  readonly telemetry?: TelemetryDocument
  readonly log?: LogDocument
  readonly outbound?: OutboundDocument
  readonly sandbox?: SandboxDocument
  readonly privacy?: { readonly hideSecrets?: boolean }
  readonly network?: NetworkDocument
  readonly market?: MarketDocument
  readonly peers?: PeersDocument
  readonly budgets?: readonly BudgetDocument[]
  readonly quotas?: readonly { readonly scope: string; readonly perMinute: number; readonly burst?: number }[]
  readonly mcp?: McpDocument
  readonly keys?: readonly KeyDocument[]
  readonly server?: ServerDocument
  readonly a2a?: A2aDocument
  readonly storage?: StorageDocument
}

export type LogDocument = {
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly format?: 'auto' | 'json' | 'pretty'
  readonly access?: boolean
}

export type TelemetryDocument = {
  readonly consent?: boolean
  readonly keepText?: boolean
  readonly recordsMax?: number
  readonly usageDays?: number
  readonly otlpEndpoint?: string
  readonly otlpSignals?: readonly ('traces' | 'metrics')[]
  readonly traceContent?: boolean
}

export type McpDocument = { readonly servers?: Readonly<Record<string, McpServerDocument>> }

export type McpServerDocument = {
  readonly command?: string
  readonly args?: readonly string[]
  readonly cwd?: string
  readonly env?: readonly string[]
  readonly url?: string
  readonly apiKeyEnv?: string
  readonly tools: readonly string[]
  readonly agents?: Readonly<Record<string, readonly string[]>>
  readonly confidentiality?: Confidentiality
  readonly clearance?: Confidentiality
  readonly limits?: {
    readonly timeoutSeconds?: number
    readonly resultBytesMax?: number
    readonly callsPerTask?: number
  }
}

export type StorageDocument = {
  readonly kind: 'level' | 'postgresql'
  readonly urlEnv?: string
  readonly passwordFile?: string
  readonly schema?: string
  readonly poolMax?: number
  readonly statementTimeoutMs?: number
  readonly leaseMs?: number
  readonly staleMs?: number
}

export type OutboundDocument = { readonly privateHosts?: readonly string[] }

export type SandboxDocument = {
  readonly directory?: string
  readonly image?: string
  readonly kernel?: string
  readonly bubblewrap?: string
  readonly containerSocket?: string
  readonly qemu?: string
  readonly firecracker?: string
}

export type ProviderDocument = {
  readonly kind: 'openai' | 'anthropic' | 'gguf'
  readonly baseUrl?: string
  readonly apiKeyEnv?: string
  readonly models?: readonly string[]
  readonly local?: boolean
  readonly propagateTrace?: boolean
}

/** Dollars, as a number or as decimal text. */
export type UsdDocument = number | string

export type ModelDocument = {
  readonly provider?: string
  readonly model?: string
  readonly tier?: 'local_nano' | 'local_small' | 'local_medium' | 'local_large' | 'cheap_api' | 'premium_api'
  readonly difficultyMax?: 1 | 2 | 3 | 4 | 5
  readonly parametersBillions?: number
  readonly specialties?: readonly ('code' | 'reasoning' | 'data' | 'creative' | 'general' | 'math')[]
  readonly contextTokens?: number
  readonly outputTokensMax?: number
  readonly capabilities?: {
    readonly tools?: boolean
    readonly vision?: boolean
    readonly jsonSchema?: boolean
    readonly logprobs?: boolean
    readonly streaming?: boolean
  }
  readonly prices?: {
    readonly inputUsdPerMillion: UsdDocument
    readonly outputUsdPerMillion: UsdDocument
    readonly cachedInputUsdPerMillion?: UsdDocument
    readonly cacheWriteUsdPerMillion?: UsdDocument
  }
  readonly aliases?: readonly string[]
  readonly policyAs?: string
}

export type RouterDocument = {
  readonly decompose?: 'auto' | 'never'
  readonly judge?: string
  readonly attemptTimeoutMs?: number
  readonly routeTimeoutMs?: { readonly local?: number; readonly cheap?: number; readonly premium?: number }
  readonly firstPartTimeoutMs?: number
  readonly retries?: { readonly max?: number; readonly waitMsMax?: number }
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>
  readonly hedge?: { readonly afterMs: number; readonly routes?: readonly ('local' | 'cheap' | 'premium')[] }
}

export type PolicyDocument = {
  readonly artefact?: string
  readonly quality?: number
  readonly exploration?: number
  readonly explore?: ExploreDocument
  readonly qualityShare?: 0.9 | 0.95 | 0.99 | 1
  readonly gate?: GateDocument
  readonly rollout?: RolloutDocument
  readonly online?: { readonly everyOutcomes?: number; readonly queueMax?: number }
  readonly pro?: {
    readonly url: string
    readonly apiKeyEnv?: string
    readonly timeoutMs?: number
    readonly requestsPerMinute?: number
  }
  readonly lite?: { readonly model: string; readonly adapter?: string }
}

export type ExploreDocument = {
  readonly method?: 'epsilon' | 'linucb' | 'thompson'
  readonly floor?: number
  readonly contenders?: number
  readonly width?: number
  readonly regretPerDay?: number
  readonly regretUsdPerDay?: number
}

export type GateDocument = {
  readonly qualityMargin?: number
  readonly precisionMax?: number
  readonly costTolerance?: number
  readonly regressionMax?: number
  readonly sliceRegressionMax?: number
  readonly calibrationErrorMax?: number
  readonly rowsMin?: number
}

export type RolloutDocument = {
  readonly shadowShare?: number
  readonly shadowBudgetUsd?: UsdDocument
  readonly shadowBudgetWindow?: 'hour' | 'day' | 'month' | 'total'
  readonly shadowConcurrency?: number
  readonly canarySteps?: readonly number[]
  readonly minCanaryRequests?: number
  readonly minStepMinutes?: number
  readonly minShadowRuns?: number
  readonly autoAdvance?: boolean
  readonly slo?: {
    readonly falseAlarm?: number
    readonly qualityMargin?: number
    readonly errorMargin?: number
    readonly costMargin?: number
    readonly latencyMargin?: number
    readonly driftMargin?: number
    readonly acceptedShareMin?: number | null
    readonly errorShareMax?: number | null
    readonly costUsdMax?: number | null
    readonly latencyMsMax?: number | null
  }
}

export type CacheDocument = {
  readonly enabled?: boolean
  readonly calibration?: string
  readonly ttlHours?: number
  readonly entriesMax?: number
  readonly bytesMax?: number
  readonly embedder?: string
}

export type UntrustedDocument = {
  readonly enabled?: boolean
  readonly model?: string
  readonly user?: 'pass' | 'flag' | 'block'
  readonly document?: 'pass' | 'flag' | 'block'
  readonly tool?: 'pass' | 'flag' | 'block'
  readonly peer?: 'pass' | 'flag' | 'block'
}

export type FirewallDocument = {
  readonly sources?: readonly {
    readonly kind: SourceKind
    readonly prefix: string
    readonly confidentiality: Confidentiality
    readonly integrity: Integrity
  }[]
  readonly sinks?: readonly {
    readonly kind: SinkKind
    readonly prefix: string
    readonly external: boolean
    readonly clearance: Confidentiality
  }[]
}

export type NetworkDocument = {
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly mdns?: boolean
  readonly relay?: boolean
  readonly table?: 'client' | 'server'
  readonly keyFile?: string
}

export type MarketDocument = {
  readonly webhook?: string
  readonly gossip?: boolean
  readonly discover?: boolean
  readonly openCalls?: boolean
  readonly models?: readonly string[]
  readonly artifactBytesMax?: number
  readonly quotas?: {
    readonly peer?: WorkQuotaDocument
    readonly skills?: Readonly<Record<string, WorkQuotaDocument>>
  }
}

export type WorkQuotaDocument = {
  readonly tasksPerMinute?: number
  readonly burst?: number
  readonly atOnce?: number
  readonly workSecondsPerHour?: number
}

export type PeersDocument = {
  readonly enabled?: boolean
  readonly skills?: readonly string[]
  readonly sellers?: readonly string[]
  readonly currency: string
  readonly usdPerCredit: UsdDocument
  readonly priceMaxCredits?: UsdDocument
  readonly custody?: 'C2' | 'C3'
  readonly notarySet?: string
  readonly latencyMs?: number
  readonly minReputation?: number
  readonly tenants: readonly string[]
  readonly risk?: 'low' | 'medium'
  readonly conversations?: boolean
}

export type BudgetDocument = {
  readonly scope: string
  readonly window: 'hour' | 'day' | 'month' | 'total'
  readonly limitUsd: UsdDocument
}

export type KeyDocument = {
  readonly id: string
  readonly sha256?: string
  readonly keyEnv?: string
  readonly role?: 'admin' | 'operator' | 'member' | 'viewer'
  readonly tenant?: string
  readonly organisation?: string
  readonly team?: string
  readonly tiers?: readonly (
    | 'cache'
    | 'deterministic'
    | 'local_nano'
    | 'local_small'
    | 'local_medium'
    | 'local_large'
    | 'peer'
    | 'cheap_api'
    | 'premium_api'
  )[]
}

export type ServerDocument = {
  readonly host?: string
  readonly port?: number
  readonly bodyBytesMax?: number
  readonly concurrentRequestsMax?: number
  readonly requestTimeoutMs?: number
}

export type A2aDocument = {
  readonly enabled?: boolean
  readonly url?: string
  readonly name?: string
  readonly description?: string
  readonly provider?: { readonly organization: string; readonly url: string }
  readonly skills?: readonly string[]
  readonly keepHours?: number
  readonly tasksMax?: number
  readonly runningMax?: number
  readonly taskTimeoutMs?: number
  readonly taskBytesMax?: number
  readonly pushHosts?: readonly string[]
  readonly nodes?: readonly string[]
  readonly payment?: A2aPaymentDocument
  readonly peers?: Readonly<Record<string, A2aPeerDocument>>
}

export type A2aPaymentDocument = {
  readonly currency?: string
  readonly prices: Readonly<Record<string, string>>
  readonly parallelMax?: number
}

export type A2aPeerDocument = {
  readonly card: string
  readonly key?: Readonly<Record<string, string>>
  readonly skills?: readonly string[]
  readonly apiKeyEnv?: string
  readonly timeoutMs?: number
  readonly answerBytesMax?: number
}
