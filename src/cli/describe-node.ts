import type { KernellNode } from '../node/kernell-node.ts'
import { defaultConfigFile } from '../node/config/load-config.ts'
import type { Terminal } from './terminal.ts'

/** What is in force and what is missing, for the start text and the `ready` line. */
export type NodeDescription = {
  readonly version: string
  readonly dataDir: string
  readonly configFile: string | null
  readonly providers: readonly { readonly name: string; readonly origin: string; readonly models: number }[]
  readonly models: { readonly available: number; readonly known: number }
  readonly roles: { readonly cheap: string | null; readonly premium: string | null; readonly local: string | null }
  readonly policy: 'priors' | 'trained'
  readonly cache: { readonly exact: boolean; readonly similar: boolean }
  readonly telemetry: boolean
  /** Where records, budgets and answers are kept. */
  readonly storage: 'level' | 'postgresql'
  readonly keys: number
  /** Whether keys were created beside those of the configuration. */
  readonly hasOwnKeys: boolean
  /** Where the admin token is; `null` where no keys are managed. */
  readonly adminTokenFile: string | null
  readonly budgets: number
  readonly missing: readonly string[]
}

export function describeNode(node: KernellNode): NodeDescription {
  const { config } = node
  const models = node.listModels()
  const available = models.filter((model) => model.isAvailable)
  const countOf = (name: string): number => available.filter((model) => model.entry.provider === name).length
  const names = new Set([...Object.keys(config.providers), ...available.map((model) => model.entry.provider)])
  return {
    version: node.health().version,
    dataDir: config.dataDir,
    configFile: config.configFile ?? null,
    providers: [...names].map((name) => ({
      name,
      origin: config.providers[name]?.origin ?? 'found on this machine',
      models: countOf(name),
    })),
    models: { available: available.length, known: models.length },
    roles: {
      cheap: config.roles.cheap ?? null,
      premium: config.roles.premium ?? null,
      local: config.roles.local ?? null,
    },
    policy: isTrained(node) ? 'trained' : 'priors',
    cache: { exact: config.cache.isEnabled, similar: config.cache.isEnabled && config.cache.calibration !== undefined },
    telemetry: config.telemetry.consent,
    storage: config.storage?.kind ?? 'level',
    keys: config.keys.length,
    hasOwnKeys: node.access?.door.hasKeys === true,
    adminTokenFile: node.access?.adminTokenFile ?? null,
    budgets: config.budgets.length,
    missing: available.length === 0 ? ['model'] : [],
  }
}

/** What serves: a policy that was promoted, or the one of the configuration. */
function isTrained(node: KernellNode): boolean {
  const check = node.health().checks.find(({ name }) => name === 'policy')
  return check === undefined ? node.config.policy.artefact !== undefined : check.state === 'ok'
}

/** A dozen lines: where it listens, what is configured, what is missing and how to add it. */
export function formatStartText(
  { url, dashboard }: { readonly url: string; readonly dashboard: string | null },
  node: NodeDescription,
  terminal: Terminal,
): string {
  const rows: (readonly [string, string])[] = [
    ['models', node.models.available === 0 ? 'none configured' : describeProviders(node)],
    ['policy', node.policy === 'trained' ? 'trained artefact' : 'documented priors (no trained policy)'],
    ['cache', describeCache(node)],
    ['records', describeRecords(node)],
    ['callers', describeCallers(node)],
    ...(node.adminTokenFile === null ? [] : [['admin', `token in ${node.adminTokenFile}`] as const]),
    ['data', node.dataDir],
    ...(node.configFile === null ? [] : [['config', node.configFile] as const]),
  ]
  const lines = rows.map(([name, value]) => `  ${terminal.style('dim', name.padEnd(8))} ${value}`)
  const title = `kernell ${node.version} is listening on ${terminal.style('bold', url)}`
  return [
    title,
    '',
    ...lines,
    '',
    ...(node.missing.length > 0 ? adviceWithoutModel() : []),
    ...(dashboard === null ? [] : [`Look: ${dashboard} (works once; \`kernell dashboard\` prints another)`]),
    ...tryIt(url, node),
    'Ctrl-C stops it. `kernell help` shows the other commands.',
  ].join('\n')
}

function describeCallers({ keys, hasOwnKeys }: NodeDescription): string {
  const configured = `${keys} API ${keys === 1 ? 'key' : 'keys'}`
  if (hasOwnKeys)
    return keys === 0 ? 'API keys (`kernell access key list`)' : `${configured}, and those of \`kernell access\``
  return keys === 0 ? 'this machine only, no key needed' : configured
}

function describeProviders(node: NodeDescription): string {
  const parts = node.providers.map(({ name, origin, models }) => `${name} ${models} (${origin})`)
  return `${node.models.available} callable: ${parts.join(', ')}`
}

function describeCache(node: NodeDescription): string {
  if (!node.cache.exact) return 'off'
  return node.cache.similar ? 'equal and similar requests' : 'equal requests (no calibration for similar ones)'
}

function adviceWithoutModel(): readonly string[] {
  return [
    'No model is configured: exact tools (arithmetic, units, dates, counting, extraction) and the cache answer,',
    'everything else is refused with ROUTER_NO_MODEL. To add models, do one of these and start again:',
    '  export OPENAI_API_KEY=...     or ANTHROPIC_API_KEY, or OPENROUTER_API_KEY',
    '  ollama serve                  or LM Studio, llama-server, vLLM: found on this machine at start',
    '  export OPENAI_BASE_URL=...    any other server with the OpenAI interface',
    `  kernell init                  writes ${defaultConfigFile()}, where GGUF files can be named`,
    '`kernell doctor` says what works.',
    '',
  ]
}

function tryIt(url: string, node: NodeDescription): readonly string[] {
  const prompt = node.missing.length > 0 ? 'What is 17% of 2340?' : 'Say hello.'
  const body = JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: prompt }] })
  return [`Try: curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`]
}

function describeRecords({ telemetry, storage }: NodeDescription): string {
  if (!telemetry) return 'not kept (telemetry.consent is false)'
  return storage === 'postgresql' ? 'kept in PostgreSQL' : 'kept on this machine'
}
