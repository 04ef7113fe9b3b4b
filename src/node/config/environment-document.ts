import { CodedError } from '../../base/errors.ts'
import { checkConfigDocument } from './check-config-document.ts'
import type { ConfigDocument, ProviderDocument } from './config-document.ts'
import { nearestName } from './nearest-name.ts'

/** Variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

type Variable = {
  readonly path: readonly string[]
  readonly kind: 'text' | 'number' | 'boolean'
  readonly meaning: string
}

/** Variables that set one member of the configuration each. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, Variable>> = {
  KERNELL_DATA_DIR: { path: ['dataDir'], kind: 'text', meaning: 'data directory' },
  KERNELL_POWER_LEVEL: { path: ['powerLevel'], kind: 'text', meaning: 'minimal, balanced, powerful or maximum' },
  KERNELL_DISCOVER: { path: ['discover'], kind: 'boolean', meaning: 'look for model servers on this machine' },
  KERNELL_CHEAP_MODEL: { path: ['roles', 'cheap'], kind: 'text', meaning: 'model behind kernell-cheap' },
  KERNELL_PREMIUM_MODEL: { path: ['roles', 'premium'], kind: 'text', meaning: 'model behind kernell-premium' },
  KERNELL_LOCAL_MODEL: { path: ['roles', 'local'], kind: 'text', meaning: 'model behind kernell-local' },
  KERNELL_POLICY: { path: ['policy', 'artefact'], kind: 'text', meaning: 'file of a trained policy' },
  KERNELL_QUALITY: {
    path: ['policy', 'quality'],
    kind: 'number',
    meaning: 'least predicted chance of an accepted answer, 0 to 1',
  },
  KERNELL_ROLLOUT_AUTO_ADVANCE: {
    path: ['policy', 'rollout', 'autoAdvance'],
    kind: 'boolean',
    meaning: 'a promoted policy goes from step to step by itself',
  },
  KERNELL_SHADOW_SHARE: {
    path: ['policy', 'rollout', 'shadowShare'],
    kind: 'number',
    meaning: 'share of the tasks on which a candidate is tried in the shadow, 0 to 1',
  },
  KERNELL_SHADOW_BUDGET_USD: {
    path: ['policy', 'rollout', 'shadowBudgetUsd'],
    kind: 'number',
    meaning: 'dollars a day (or the window of the configuration) that calls in the shadow may cost',
  },
  KERNELL_CACHE: { path: ['cache', 'enabled'], kind: 'boolean', meaning: 'cache on or off' },
  KERNELL_INJECTION_MODEL: { path: ['untrusted', 'model'], kind: 'text', meaning: 'file of an injection model' },
  KERNELL_CACHE_CALIBRATION: { path: ['cache', 'calibration'], kind: 'text', meaning: 'file of a cache calibration' },
  KERNELL_TELEMETRY_CONSENT: { path: ['telemetry', 'consent'], kind: 'boolean', meaning: 'keep records of tasks' },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    path: ['telemetry', 'otlpEndpoint'],
    kind: 'text',
    meaning: 'address that takes traces and metrics',
  },
  KERNELL_LOG_LEVEL: {
    path: ['log', 'level'],
    kind: 'text',
    meaning: 'least level of the log: debug, info, warn, ...',
  },
  KERNELL_LOG_FORMAT: { path: ['log', 'format'], kind: 'text', meaning: 'auto, json or pretty' },
  KERNELL_LOG_ACCESS: { path: ['log', 'access'], kind: 'boolean', meaning: 'a line of the log for each request' },
  KERNELL_HOST: { path: ['server', 'host'], kind: 'text', meaning: 'address to listen on' },
  KERNELL_PORT: { path: ['server', 'port'], kind: 'number', meaning: 'port to listen on' },
}

/** Variables that are read elsewhere: the file itself, the one gateway key, passphrases, and what the project's own tests use. */
const OTHER_VARIABLES = [
  'KERNELL_CONFIG',
  'KERNELL_API_KEY',
  'KERNELL_BACKUP_PASSPHRASE',
  'KERNELL_KEY_PASSPHRASE',
  'KERNELL_DATA',
  'KERNELL_DOCKER_SOCKET',
  'KERNELL_GUEST_KERNEL',
  'KERNELL_REQUIRE',
  'KERNELL_TEST_REPORT',
]

/**
 * The part of a configuration that the environment's `KERNELL_*` variables give. An empty variable counts as not set.
 *
 * Throws `CONFIG_INVALID` for a wrong value, and for a name that is nearly, but not quite, one of ours.
 */
export function readEnvironmentDocument(environment: Environment): ConfigDocument {
  rejectMisspelt(environment)
  const document: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(ENVIRONMENT_VARIABLES)) {
    const text = environment[name]
    if (text !== undefined && text !== '') setMember(document, variable.path, convert(name, text, variable.kind))
  }
  if (environment.KERNELL_API_KEY) document.keys = [{ id: 'environment', keyEnv: 'KERNELL_API_KEY' }]
  return checkConfigDocument(document, { name: 'environment', lineOf: () => undefined })
}

/** Providers that the usual variables of their makers announce. A provider of the same name in the file wins. */
export function readEnvironmentProviders(
  environment: Environment,
): Readonly<Record<string, ProviderDocument & { readonly origin: string }>> {
  const providers: Record<string, ProviderDocument & { readonly origin: string }> = {}
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENROUTER_API_KEY, OLLAMA_HOST } =
    environment
  if (OPENAI_API_KEY || OPENAI_BASE_URL) {
    const origin = OPENAI_API_KEY ? 'OPENAI_API_KEY' : 'OPENAI_BASE_URL'
    providers.openai = {
      kind: 'openai',
      ...(OPENAI_API_KEY && { apiKeyEnv: 'OPENAI_API_KEY' }),
      ...(OPENAI_BASE_URL && { baseUrl: OPENAI_BASE_URL }),
      origin,
    }
  }
  if (ANTHROPIC_API_KEY) {
    const baseUrl = ANTHROPIC_BASE_URL && `${ANTHROPIC_BASE_URL.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`
    providers.anthropic = {
      kind: 'anthropic',
      apiKeyEnv: 'ANTHROPIC_API_KEY',
      ...(baseUrl && { baseUrl }),
      origin: 'ANTHROPIC_API_KEY',
    }
  }
  if (OPENROUTER_API_KEY) {
    providers.openrouter = {
      kind: 'openai',
      baseUrl: 'https://openrouter.ai/api/v1',
      apiKeyEnv: 'OPENROUTER_API_KEY',
      origin: 'OPENROUTER_API_KEY',
    }
  }
  if (OLLAMA_HOST)
    providers.ollama = { kind: 'openai', baseUrl: ollamaBaseUrl(OLLAMA_HOST), local: true, origin: 'OLLAMA_HOST' }
  return providers
}

/** OLLAMA_HOST is a host, a host with port, or an address; 0.0.0.0 is what the server listens on, not where it is reached. */
function ollamaBaseUrl(host: string): string {
  const address = /^https?:\/\//.test(host) ? host : `http://${host}`
  let url: URL
  try {
    url = new URL(address)
  } catch (cause) {
    throw new CodedError('CONFIG_INVALID', {
      message: `OLLAMA_HOST is not a host: ${host}`,
      cause,
      details: { key: 'OLLAMA_HOST' },
    })
  }
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1'
  if (url.port === '' && !/^https?:\/\/.*:\d+/.test(address) && url.protocol === 'http:') url.port = '11434'
  return `${url.origin}/v1`
}

function convert(name: string, text: string, kind: Variable['kind']): string | number | boolean {
  if (kind === 'text') return text
  if (kind === 'number') {
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value)) return value
    throw invalid(name, `must be a number, not ${JSON.stringify(text)}`)
  }
  if (/^(1|true|on|yes)$/i.test(text)) return true
  if (/^(0|false|off|no)$/i.test(text)) return false
  throw invalid(name, `must be true or false, not ${JSON.stringify(text)}`)
}

function invalid(name: string, what: string): CodedError {
  return new CodedError('CONFIG_INVALID', {
    message: `The environment variable ${name} ${what}.`,
    details: { key: name },
  })
}

/** Container platforms set variables of their own that start with a service's name, so only near misses are refused. */
function rejectMisspelt(environment: Environment): void {
  const known = [...Object.keys(ENVIRONMENT_VARIABLES), ...OTHER_VARIABLES]
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('KERNELL_') || known.includes(name)) continue
    const rest = nearestName(
      name.slice('KERNELL_'.length),
      known.map((one) => one.replace('KERNELL_', '')),
    )
    if (rest === undefined) continue
    const nearest = `KERNELL_${rest}`
    throw new CodedError('CONFIG_INVALID', {
      message: `Unknown environment variable ${name}. Did you mean ${nearest}?`,
      details: { key: name, nearest },
    })
  }
}

function setMember(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path
  if (rest.length === 0) {
    target[first] = value
    return
  }
  const existing = target[first]
  const section: Record<string, unknown> = { ...(typeof existing === 'object' && existing !== null ? existing : {}) }
  setMember(section, rest, value)
  target[first] = section
}
