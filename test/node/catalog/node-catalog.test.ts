import { describe, expect, it } from 'vitest'
import type { CivilDate } from '../../../src/core/models/civil-date.ts'
import { costOnDate } from '../../../src/core/models/model-cost.ts'
import type { ModelEntry } from '../../../src/core/models/model-entry.ts'
import type { PriceRow } from '../../../src/core/models/price-lists/price-row.ts'
import { assertRolesServed, createNodeCatalog } from '../../../src/node/catalog/node-catalog.ts'
import { buildServedEntries, type ServedEntries } from '../../../src/node/catalog/served-entries.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import type { NodeConfig } from '../../../src/node/config/node-config.ts'
import { resolveConfig } from '../../../src/node/config/resolve-config.ts'
import type { ModelCatalog } from '../../../src/ports/model-catalog.ts'
import { createScriptedModel } from '../../../src/testing/scripted-model.ts'

const today = '2026-11-25' as CivilDate
const openai = { kind: 'openai', baseUrl: 'https://api.openai.com/v1', apiKeyEnv: 'OPENAI_API_KEY' } as const
const ollama = { kind: 'openai', baseUrl: 'http://127.0.0.1:11434/v1', local: true } as const

type Built = {
  readonly config: NodeConfig
  readonly served: ServedEntries
  readonly catalog: ModelCatalog
  readonly opened: string[]
}
type BuildInit = { readonly listed?: Record<string, readonly string[]>; readonly imported?: readonly PriceRow[] }

function build(document: ConfigDocument, init: BuildInit = {}): Built {
  const config = resolveConfig({
    document,
    environment: { OPENAI_API_KEY: 'k' },
    providerOrigins: {},
    defaultDataDir: '/d',
    baseDir: '/',
    configFile: undefined,
  })
  const served = buildServedEntries({
    config,
    listed: new Map(Object.entries(init.listed ?? {})),
    imported: init.imported ?? [],
    today,
  })
  const opened: string[] = []
  const open = (entry: ModelEntry): ReturnType<typeof createScriptedModel> => {
    opened.push(entry.id)
    return createScriptedModel({ replies: 'x' })
  }
  return { config, served, opened, catalog: createNodeCatalog({ config, served, today, open }) }
}

const idsOf = ({ catalog }: Built): readonly string[] => catalog.available.map(({ id }) => id)

describe('the catalog of a node', () => {
  it('has nothing to call and says what to do when no provider is configured', () => {
    const { catalog } = build({})
    expect([catalog.available, catalog.premiumBaseline]).toEqual([[], undefined])
    expect(catalog.explainAbsence()).toContain('OPENAI_API_KEY')
    expect(catalog.explainAbsence('nonsense')).toContain('nonsense')
    expect(catalog.registry.entries.length).toBeGreaterThan(5)
  })

  it('names the providers that are configured when none of them serves a model', () => {
    const { catalog } = build({ providers: { ollama } })
    expect(catalog.available).toEqual([])
    expect(catalog.explainAbsence()).toContain('providers are configured: ollama (')
    expect(catalog.explainAbsence()).not.toContain('No model is configured')
  })

  it('asks no model for text that only embeds or ranks, whoever listed it', () => {
    const embedders = [
      'nomic-embed-text:latest',
      'bge-m3',
      'all-minilm:22m',
      'BAAI/bge-reranker-v2-m3',
      'text-embedding-3-small',
    ]
    const listed = build({ providers: { ollama } }, { listed: { ollama: [...embedders, 'qwen3:4b'] } })
    const named = build({ providers: { ollama: { ...ollama, models: [...embedders, 'llama3.1:8b'] } } })
    expect([idsOf(listed), idsOf(named)]).toEqual([['ollama/qwen3:4b'], ['ollama/llama3.1:8b']])
    expect(listed.catalog.explainAbsence('ollama/bge-m3')).toContain('is a model of embeddings by its name')
  })

  it('asks one of such a name that the operator says to answer', () => {
    const models = { 'ollama/embed-and-chat': { tier: 'local_small' } } as const
    expect(idsOf(build({ providers: { ollama }, models }))).toEqual(['ollama/embed-and-chat'])
  })

  it('offers what the written table knows of a provider whose models nobody listed', () => {
    const built = build({ providers: { openai } })
    expect(idsOf(built).length).toBeGreaterThan(1)
    expect(idsOf(built).every((id) => id.startsWith('openai/'))).toBe(true)
    expect(built.catalog.premiumBaseline?.tier).toBe('premium_api')
  })

  it('offers what a local server lists, as local tiers by the size in their names and at no price', () => {
    const built = build({ providers: { ollama } }, { listed: { ollama: ['llama3.1:8b', 'qwen2.5:0.5b'] } })
    expect(built.catalog.available.map(({ id, tier }) => [id, tier])).toEqual([
      ['ollama/qwen2.5:0.5b', 'local_nano'],
      ['ollama/llama3.1:8b', 'local_large'],
    ])
    const [first] = built.catalog.available
    expect(first && costOnDate(first, { inputTokens: 10, outputTokens: 10 }, today)).toBe(0n)
  })

  it('lets the operator win over imported prices, and those over the table', () => {
    const price = {
      inputNanosPerMillion: 7n,
      outputNanosPerMillion: 9n,
      contextTiers: [],
      source: 'list',
      checkedOn: today,
    }
    const imported: PriceRow[] = [{ provider: 'openai', model: 'mine', prices: [price] }]
    const providers = { openai: { ...openai, models: ['mine'] } }
    const listed = build({ providers }, { imported }).catalog.registry.find('openai/mine')
    expect(listed?.prices[0]?.inputNanosPerMillion).toBe(7n)
    const own = build(
      { providers, models: { 'openai/mine': { prices: { inputUsdPerMillion: 1, outputUsdPerMillion: '2.5' } } } },
      { imported },
    )
    expect(own.catalog.registry.find('openai/mine')?.prices).toMatchObject([
      { inputNanosPerMillion: 1_000_000_000n, outputNanosPerMillion: 2_500_000_000n, source: 'operator' },
    ])
  })

  it('puts the named model behind a role and offers no other of its tier', () => {
    const built = build({
      providers: { openai: { ...openai, models: ['a', 'b', 'c'] } },
      roles: { premium: 'openai/a', cheap: 'openai/b' },
    })
    expect(built.catalog.available.map(({ id, tier }) => [id, tier])).toEqual([
      ['openai/b', 'cheap_api'],
      ['openai/a', 'premium_api'],
    ])
    expect(built.catalog.registry.find('openai/a')?.tier).toBe('premium_api')
  })

  it('refuses a role that nothing serves', () => {
    const { config, served } = build({
      providers: { openai: { ...openai, models: ['a'] } },
      roles: { premium: 'openai/z' },
    })
    expect(() => assertRolesServed(config, served)).toThrow(/roles.premium/)
  })

  it('opens a model once', () => {
    const { catalog, opened } = build({ providers: { openai: { ...openai, models: ['a'] } } })
    const [entry] = catalog.available
    if (entry !== undefined) expect(catalog.open(entry)).toBe(catalog.open(entry))
    expect(opened).toEqual(['openai/a'])
  })

  it('changes its price version when a price changes', () => {
    const withPrice = (inputUsdPerMillion: number): string =>
      build({
        providers: { openai: { ...openai, models: ['a'] } },
        models: { 'openai/a': { prices: { inputUsdPerMillion, outputUsdPerMillion: 1 } } },
      }).catalog.priceVersion
    expect(withPrice(1)).not.toBe(withPrice(2))
    expect(withPrice(1)).toBe(withPrice(1))
  })
})
