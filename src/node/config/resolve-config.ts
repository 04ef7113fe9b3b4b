import { parseHostPattern } from '../../core/egress/host-pattern.ts'
import { withDefaults } from '../../core/firewall/firewall-policy.ts'
import type { TokenPrices } from '../../core/models/model-entry.ts'
import { DEFAULT_TEXT_RULES } from '../../core/injection/text-report.ts'
import type {
  ConfigDocument,
  ModelDocument,
  ProviderDocument,
  FirewallDocument,
  RouterDocument,
  TelemetryDocument,
  UntrustedDocument,
} from './config-document.ts'
import { absolute, contradiction, toAmount } from './config-values.ts'
import { resolveA2a, rulesOfPeers } from './resolve-a2a.ts'
import { resolveKey } from './resolve-key.ts'
import { resolveMarket } from './resolve-market.ts'
import { resolveMcp, rulesOfTools } from './resolve-mcp.ts'
import { resolveNetwork } from './resolve-network.ts'
import { resolvePeers } from './resolve-peers.ts'
import { resolvePolicy } from './resolve-policy.ts'
import { resolveSandbox } from './resolve-sandbox.ts'
import { resolveStorage } from './resolve-storage.ts'
import type { Environment } from './environment-document.ts'
import {
  OTLP_SIGNALS,
  type CacheConfig,
  type ModelOverride,
  type NodeConfig,
  type ProviderConfig,
  type RouterConfig,
  type TelemetryConfig,
} from './node-config.ts'

const GIBIBYTE = 1_073_741_824
const HOUR_MS = 3_600_000

const DEFAULT_BASE_URL = { openai: 'https://api.openai.com/v1', anthropic: 'https://api.anthropic.com/v1' } as const

/** Addresses without a provider's help: this machine. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

export type ResolveConfigInit = {
  readonly document: ConfigDocument
  /** Origin of each provider, by name; the configuration file where absent. */
  readonly providerOrigins: Readonly<Record<string, string>>
  readonly environment: Environment
  /** Used when neither flag, environment nor file names one. */
  readonly defaultDataDir: string
  /** Relative paths of the document are relative to this folder. */
  readonly baseDir: string
  readonly configFile?: string | undefined
}

/** Fills in the defaults and turns text into typed values. Throws `CONFIG_INVALID` where parts of the configuration contradict each other. */
export function resolveConfig(init: ResolveConfigInit): NodeConfig {
  const { document } = init
  const host = document.server?.host ?? '127.0.0.1'
  const storage = resolveStorage(document.storage, (path) => absolute(path, init.baseDir))
  const config: NodeConfig = {
    dataDir: absolute(document.dataDir ?? init.defaultDataDir, init.baseDir),
    ...(init.configFile !== undefined && { configFile: init.configFile }),
    powerLevel: document.powerLevel ?? 'balanced',
    isDiscovering: document.discover ?? true,
    providers: mapValues(document.providers ?? {}, (provider, name) => resolveProvider(provider, init, name)),
    models: mapValues(document.models ?? {}, (model, id) => resolveModel(model, id)),
    roles: document.roles ?? {},
    policy: resolvePolicy(document.policy ?? {}, init.baseDir),
    router: resolveRouter(document.router),
    cache: resolveCache(document, init.baseDir),
    untrusted: resolveUntrusted(document.untrusted ?? {}, init.baseDir),
    firewall: resolveFirewall(document.firewall ?? {}, document),
    telemetry: resolveTelemetry(document.telemetry ?? {}),
    log: { level: 'info', format: 'auto', access: false, ...document.log },
    outbound: { privateHosts: document.outbound?.privateHosts ?? [] },
    sandbox: resolveSandbox(document.sandbox ?? {}, {
      userDataDir: init.defaultDataDir,
      absolute: (path) => absolute(path, init.baseDir),
    }),
    ...(document.privacy?.hideSecrets === true && { privacy: { hidesSecrets: true } }),
    network: resolveNetwork(document.network, init.baseDir),
    market: resolveMarket(document.market),
    ...resolvePeers(document.peers),
    a2a: resolveA2a(document.a2a),
    budgets: (document.budgets ?? []).map(({ scope, window, limitUsd }, index) => {
      return { scope, window, limitNanos: toAmount(limitUsd, `budgets.${index}.limitUsd`) }
    }),
    ...((document.quotas ?? []).length > 0 && {
      quotas: (document.quotas ?? []).map(({ scope, perMinute, burst }) => ({
        scope,
        perMinute,
        burst: burst ?? perMinute,
      })),
    }),
    ...(Object.keys(document.mcp?.servers ?? {}).length > 0 && {
      toolServers: resolveMcp(document.mcp ?? {}, { absolute: (path) => absolute(path, init.baseDir) }),
    }),
    keys: (document.keys ?? []).map((key, index) =>
      resolveKey(key, `keys.${index}`, { environment: init.environment, isExposed: !LOOPBACK.test(host) }),
    ),
    server: {
      host,
      port: document.server?.port ?? 8787,
      bodyBytesMax: document.server?.bodyBytesMax ?? 20 * 1_048_576,
      concurrentRequestsMax: document.server?.concurrentRequestsMax ?? 1_024,
      requestTimeoutMs: document.server?.requestTimeoutMs ?? 600_000,
    },
    ...(storage !== undefined && { storage }),
  }
  checkConsistency(config)
  return config
}

function resolveTelemetry(telemetry: TelemetryDocument): TelemetryConfig {
  const { otlpEndpoint } = telemetry
  return {
    consent: telemetry.consent ?? false,
    keepText: telemetry.keepText ?? false,
    recordsMax: telemetry.recordsMax ?? 100_000,
    usageDays: telemetry.usageDays ?? 400,
    ...(otlpEndpoint !== undefined && { otlpEndpoint }),
    otlpSignals: telemetry.otlpSignals ?? OTLP_SIGNALS,
    traceContent: telemetry.traceContent ?? false,
  }
}

function resolveProvider(provider: ProviderDocument, init: ResolveConfigInit, name: string): ProviderConfig {
  const { kind, apiKeyEnv } = provider
  const baseUrl = kind === 'gguf' ? undefined : (provider.baseUrl ?? DEFAULT_BASE_URL[kind]).replace(/\/+$/, '')
  if (baseUrl !== undefined) refuseCredentials(baseUrl, `providers.${name}.baseUrl`)
  const models = provider.models ?? []
  return {
    kind,
    ...(baseUrl !== undefined && { baseUrl }),
    ...(apiKeyEnv !== undefined && { apiKeyEnv }),
    models: kind === 'gguf' ? models.map((file) => absolute(file, init.baseDir)) : models,
    isLocal: provider.local ?? (baseUrl === undefined || LOOPBACK.test(new URL(baseUrl).hostname)),
    ...(provider.propagateTrace === true && { propagatesTrace: true }),
    origin: init.providerOrigins[name] ?? init.configFile ?? 'configuration',
  }
}

/** Addresses are shown and written to logs. The value is named nowhere: it may be a secret. */
function refuseCredentials(url: string, key: string): void {
  const parsed = URL.parse(url)
  if (parsed === null) throw contradiction(key, 'is not an address')
  if (parsed.username !== '' || parsed.password !== '')
    throw contradiction(key, 'must not hold a name or a password; name the variable of the key in `apiKeyEnv`')
}

function resolveModel(model: ModelDocument, id: string): ModelOverride {
  const { prices, ...rest } = model
  return { ...rest, ...(prices !== undefined && { prices: resolvePrices(prices, `models.${id}.prices`) }) }
}

function resolvePrices(prices: NonNullable<ModelDocument['prices']>, key: string): TokenPrices {
  const { inputUsdPerMillion, outputUsdPerMillion, cachedInputUsdPerMillion, cacheWriteUsdPerMillion } = prices
  return {
    inputNanosPerMillion: toAmount(inputUsdPerMillion, `${key}.inputUsdPerMillion`),
    outputNanosPerMillion: toAmount(outputUsdPerMillion, `${key}.outputUsdPerMillion`),
    ...(cachedInputUsdPerMillion !== undefined && {
      cachedInputNanosPerMillion: toAmount(cachedInputUsdPerMillion, `${key}.cachedInputUsdPerMillion`),
    }),
    ...(cacheWriteUsdPerMillion !== undefined && {
      cacheWriteNanosPerMillion: toAmount(cacheWriteUsdPerMillion, `${key}.cacheWriteUsdPerMillion`),
    }),
  }
}

function resolveRouter({ retries, hedge, ...router }: RouterDocument = {}): RouterConfig {
  return {
    decompose: 'auto',
    attemptTimeoutMs: 120_000,
    ...router,
    ...(retries !== undefined && { retries: { max: 2, waitMsMax: 2_000, ...retries } }),
    ...(hedge !== undefined && { hedge: { routes: ['cheap', 'premium'], ...hedge } }),
  }
}

function resolveUntrusted({ enabled, model, ...rules }: UntrustedDocument, baseDir: string): NodeConfig['untrusted'] {
  return {
    isEnabled: enabled ?? true,
    ...(model !== undefined && { model: absolute(model, baseDir) }),
    rules: { ...DEFAULT_TEXT_RULES, ...rules },
  }
}

function resolveFirewall(
  { sources = [], sinks = [] }: FirewallDocument,
  { mcp = {}, a2a }: Pick<ConfigDocument, 'mcp' | 'a2a'>,
): NodeConfig['firewall'] {
  const [ofTools, ofPeers] = [rulesOfTools(mcp), rulesOfPeers(a2a)]
  return withDefaults({
    sources: [...sources, ...ofTools.sources, ...ofPeers.sources],
    sinks: [
      ...sinks.map(({ external: isExternal, ...rule }) => ({ ...rule, isExternal })),
      ...ofTools.sinks,
      ...ofPeers.sinks,
    ],
  })
}

function resolveCache(document: ConfigDocument, baseDir: string): CacheConfig {
  const cache = document.cache ?? {}
  return {
    isEnabled: cache.enabled ?? true,
    ...(cache.calibration !== undefined && { calibration: absolute(cache.calibration, baseDir) }),
    ttlMs: Math.round((cache.ttlHours ?? 7 * 24) * HOUR_MS),
    entriesMax: cache.entriesMax ?? 100_000,
    bytesMax: cache.bytesMax ?? GIBIBYTE,
    embedder: cache.embedder ?? 'builtin',
  }
}

function checkConsistency(config: NodeConfig): void {
  for (const [id, model] of Object.entries(config.models)) {
    if (
      model.provider !== undefined &&
      model.model !== undefined &&
      config.providers[model.provider] === undefined &&
      !config.isDiscovering
    ) {
      throw contradiction(`models.${id}.provider`, `names the provider \`${model.provider}\`, which is not configured`)
    }
  }
  if (config.telemetry.keepText && !config.telemetry.consent)
    throw contradiction('telemetry.keepText', 'needs `telemetry.consent`')
  if (config.policy.online !== undefined && !config.telemetry.consent)
    throw contradiction('policy.online', 'learns from records, and needs `telemetry.consent`')
  if (config.peers !== undefined && config.router.judge === undefined)
    throw contradiction('peers', 'needs `router.judge`: what strangers sell is checked before it is believed')
  for (const host of config.outbound.privateHosts)
    if (parseHostPattern(host) === undefined)
      throw contradiction(
        'outbound.privateHosts',
        `names ${JSON.stringify(host)}, which is neither a host nor *.domain`,
      )
  const { webhook } = config.market
  if (webhook !== undefined && !webhook.startsWith('https:') && !LOOPBACK.test(new URL(webhook).hostname))
    throw contradiction('market.webhook', 'must be an https address, or one on this machine')
  const ids = new Set<string>()
  const places = new Map<string, number>()
  for (const [index, key] of config.keys.entries()) {
    if (ids.has(key.id)) throw contradiction(`keys.${index}.id`, `repeats the id \`${key.id}\``)
    ids.add(key.id)
    const same = places.get(key.sha256)
    if (same !== undefined) throw contradiction(`keys.${index}`, `has the same secret as \`keys.${same}\``)
    places.set(key.sha256, index)
  }
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  convert: (value: In, name: string) => Out,
): Readonly<Record<string, Out>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, convert(value, name)]))
}
