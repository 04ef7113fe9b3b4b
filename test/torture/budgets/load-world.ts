import { sha256Hex } from '../../../src/base/sha256.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'

/** Nano-dollars of a token, as the configuration prices every model here. */
export const NANOS_PER_TOKEN = { input: 150n, output: 600n } as const

/** Models that everybody asks, the one that claims more than it was allowed, and the one whose breaker is watched. */
export const STORM_MODELS = ['steady-1', 'steady-2', 'steady-3'] as const
export const LIAR_MODEL = 'liar-1'
export const TRIAL_MODEL = 'trial-1'

/** Calls of a minute that `rated` may make at once; the rest are refused until time has passed. */
export const QUOTA = { perMinute: 6, burst: 5 } as const

type LoadKey = { readonly tenant: string; readonly team?: string; readonly scopes: readonly string[] }

/** Who asks, and the budgets that bind each, outermost first. */
export const KEYS: Readonly<Record<string, LoadKey>> = {
  'acme-1': { tenant: 'acme', scopes: ['tenant:acme'] },
  'acme-2': { tenant: 'acme', scopes: ['tenant:acme'] },
  'red-1': { tenant: 'ruby', team: 'red', scopes: ['team:red'] },
  'red-2': { tenant: 'rose', team: 'red', scopes: ['team:red'] },
  solo: { tenant: 'lone', scopes: ['key:solo'] },
  nest: { tenant: 'inner', team: 'outer', scopes: ['team:outer', 'tenant:inner', 'key:nest'] },
  liar: { tenant: 'liar', scopes: ['tenant:liar'] },
  rated: { tenant: 'rated', scopes: ['tenant:rated'] },
  torn: { tenant: 'torn', scopes: ['tenant:torn'] },
  calm: { tenant: 'calm', scopes: ['tenant:calm'] },
}

/** Keys whose requests come by the hundred. */
export const STORM_KEYS = ['acme-1', 'acme-2', 'red-1', 'red-2', 'solo', 'nest', 'liar'] as const

/** What a request costs at most on average, so that limits can be set of which a storm uses up all. */
const NANOS_PER_REQUEST = 20_000n
const AMPLE_NANOS = 900_000_000n

/** Limits in nano-dollars, odd to the last digit. */
export function limitsFor(requests: number, nanosPerRequest = NANOS_PER_REQUEST): Readonly<Record<string, bigint>> {
  const share = (BigInt(requests) / BigInt(STORM_KEYS.length)) * nanosPerRequest
  return {
    'tenant:acme': 2n * share + 7n,
    'team:red': 2n * share + 1n,
    'key:solo': share + 3n,
    'team:outer': 2n * share + 9n,
    'tenant:inner': share + 11n,
    'key:nest': share + 5n,
    'tenant:liar': share + 13n,
    'tenant:rated': AMPLE_NANOS,
    'tenant:torn': AMPLE_NANOS,
    'tenant:calm': AMPLE_NANOS,
  }
}

export function secretOf(key: string): string {
  return `kernell-load-${key}-0123456789`
}

export type LoadConfigInit = {
  readonly upstreamUrl: string
  readonly limits: Readonly<Record<string, bigint>>
  /** Longest that a silent call may last. */
  readonly attemptTimeoutMs: number
}

export function loadConfig({ upstreamUrl, limits, attemptTimeoutMs }: LoadConfigInit): ConfigDocument {
  const models = [...STORM_MODELS, LIAR_MODEL, TRIAL_MODEL]
  const prices = { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 }
  return {
    discover: false,
    providers: { up: { kind: 'openai', baseUrl: upstreamUrl, models } },
    models: Object.fromEntries(models.map((model) => [`up/${model}`, { tier: 'cheap_api' as const, prices }])),
    router: { attemptTimeoutMs },
    cache: { enabled: false },
    budgets: Object.entries(limits).map(([scope, nanos]) => ({ scope, window: 'total', limitUsd: usdOf(nanos) })),
    quotas: [{ scope: 'tenant:rated', ...QUOTA }],
    keys: Object.entries(KEYS).map(([id, { tenant, team }]) => ({
      id,
      sha256: sha256Hex(secretOf(id)),
      tenant,
      ...(team !== undefined && { team }),
    })),
  }
}

/** Decimal dollars, exact. */
export function usdOf(nanos: bigint): string {
  return `${nanos / 1_000_000_000n}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}`
}
