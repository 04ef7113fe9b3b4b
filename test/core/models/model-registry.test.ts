import { describe, expect, test } from 'vitest'
import { applyPriceRows } from '../../../src/core/models/apply-price-rows.ts'
import { builtinModels } from '../../../src/core/models/builtin-models.ts'
import { filterByCapability, missingCapabilities } from '../../../src/core/models/capability-filter.ts'
import {
  civilDateOfDays,
  civilDateOfInstant,
  daysBetween,
  daysSinceEpoch,
  parseCivilDate,
  type CivilDate,
} from '../../../src/core/models/civil-date.ts'
import { scaleDecimal } from '../../../src/core/models/decimal-scaling.ts'
import { entryForServedModel, parametersFromName } from '../../../src/core/models/entry-for-served-model.ts'
import { estimateChatTokens, estimateTokens } from '../../../src/core/models/estimate-tokens.ts'
import { fitModels, POWER_LEVELS, ramBucketOf, type MachineHardware } from '../../../src/core/models/hardware-fit.ts'
import { costOfUsage, costOnDate, priceOnDate } from '../../../src/core/models/model-cost.ts'
import { isLocalTier, localTierOfParameters, type ModelEntry } from '../../../src/core/models/model-entry.ts'
import { createModelRegistry } from '../../../src/core/models/model-registry.ts'
import { findStalePrices, findUnpricedModels } from '../../../src/core/models/price-staleness.ts'

const GIBIBYTE = 2 ** 30

function date(text: string): CivilDate {
  const parsed = parseCivilDate(text)
  if (parsed === undefined) throw new Error(`not a date: ${text}`)
  return parsed
}

const TODAY = date('2026-08-15')
const MODELS = builtinModels()

function model(id: string): ModelEntry {
  const entry = createModelRegistry(MODELS).find(id)
  if (entry === undefined) throw new Error(`no such model: ${id}`)
  return entry
}

describe('civil dates', () => {
  test('agree with the platform on every day of four centuries', () => {
    for (let days = -30_000; days < 120_000; days++) {
      const text = new Date(days * 86_400_000).toISOString().slice(0, 10)
      if (civilDateOfDays(days) !== text || daysSinceEpoch(text as CivilDate) !== days) throw new Error(text)
    }
    expect(civilDateOfInstant(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe('2026-02-28')
  })

  test.each(['2026-02-30', '2025-02-29', '2026-13-01', '2026-00-10', '2026-1-01', '26-01-01', '', 7, null])(
    '%j is not a date',
    (text) => expect(parseCivilDate(text)).toBeUndefined(),
  )

  test('days between', () => {
    expect(daysBetween(date('2024-02-28'), date('2024-03-01'))).toBe(2)
    expect(daysBetween(date('2026-01-01'), date('2025-12-31'))).toBe(-1)
  })
})

describe('decimals', () => {
  test.each([
    ['0.00000015', 15, 150_000_000n],
    [1.5e-7, 15, 150_000_000n],
    ['2.50', 9, 2_500_000_000n],
    [' 3 ', 0, 3n],
    ['.5', 1, 5n],
    ['1e3', 0, 1000n],
    ['-0.1', 1, -1n],
    ['0.5', 0, 0n],
    ['1.5', 0, 2n],
    ['2.5', 0, 2n],
    ['2.51', 0, 3n],
    [0.1 + 0.2, 9, 300_000_000n],
  ])('%s times 10^%i is %s', (value, exponent, expected) => expect(scaleDecimal(value, exponent)).toBe(expected))

  test.each(['', '.', 'abc', '1,5', '1e9999', '0x10', Number.NaN, Number.POSITIVE_INFINITY, '1'.repeat(61), '1e99'])(
    '%s is not one',
    (value) => expect(scaleDecimal(value, 0)).toBeUndefined(),
  )
})

describe('costs', () => {
  test('are exact: plain, cached and written input, and output', () => {
    const cost = costOnDate(
      model('anthropic/claude-opus-5'),
      { inputTokens: 1000, cachedInputTokens: 600, cacheWriteTokens: 100, outputTokens: 10 },
      TODAY,
    )
    expect(cost).toBe(300n * 5000n + 600n * 500n + 100n * 6250n + 10n * 25_000n)
  })

  test('the context tier counts for the whole request, from one token above its threshold', () => {
    const entry = model('gpt-5.4')
    const usage = (inputTokens: number): bigint | undefined =>
      costOnDate(entry, { inputTokens, outputTokens: 1000 }, TODAY)
    expect(usage(272_000)).toBe(272_000n * 2500n + 1000n * 15_000n)
    expect(usage(272_001)).toBe(272_001n * 5000n + 1000n * 22_500n)
  })

  test('are rounded once, half to even, to a nano-dollar', () => {
    const price = { ...(priceOnDate(model('gpt-5-nano'), TODAY) ?? expect.fail()), inputNanosPerMillion: 500_000n }
    const costs = [1, 2, 3, 5].map((inputTokens) => costOfUsage(price, { inputTokens, outputTokens: 0 }))
    expect(costs).toEqual([0n, 1n, 2n, 2n])
  })

  test('cached and written input costs as much as other input where the list names no price of its own', () => {
    const {
      cachedInputNanosPerMillion: _,
      cacheWriteNanosPerMillion: __,
      ...price
    } = priceOnDate(model('anthropic/claude-opus-5'), TODAY) ?? expect.fail()
    const usage = { inputTokens: 1000, outputTokens: 0 }
    expect(costOfUsage(price, { ...usage, cachedInputTokens: 600, cacheWriteTokens: 100 })).toBe(
      costOfUsage(price, usage),
    )
    expect(costOfUsage(price, usage)).toBeGreaterThan(0n)
  })

  test('a local model whose price has ended is unknown, not free', () => {
    const price = priceOnDate(model('gpt-5-nano'), TODAY) ?? expect.fail()
    const usage = { inputTokens: 10, outputTokens: 10 }
    const priced = { tier: 'local_small', prices: [{ ...price, validUntil: TODAY }] } as const
    expect(costOnDate(priced, usage, TODAY)).toBeUndefined()
  })

  test('an unknown price is unknown, a local model is known to be free', () => {
    const usage = { inputTokens: 10, outputTokens: 10 }
    expect(costOnDate({ tier: 'cheap_api', prices: [] }, usage, TODAY)).toBeUndefined()
    expect(costOnDate({ tier: 'local_small', prices: [] }, usage, TODAY)).toBe(0n)
  })

  test('a price counts from its first day to the day before its last', () => {
    const entry = model('claude-sonnet-5')
    const inputOn = (day: string): bigint | undefined => priceOnDate(entry, date(day))?.inputNanosPerMillion
    expect([inputOn('2026-08-31'), inputOn('2026-09-01')]).toEqual([2_000_000_000n, 3_000_000_000n])
    const ended = { ...entry, prices: entry.prices.slice(0, 1) }
    expect(priceOnDate(ended, date('2026-09-01'))).toBeUndefined()
  })

  test.each([
    { inputTokens: -1, outputTokens: 0 },
    { inputTokens: 1.5, outputTokens: 0 },
    { inputTokens: 1, outputTokens: Number.NaN },
    { inputTokens: 1, cachedInputTokens: 2, outputTokens: 0 },
  ])('%j is not usage', (usage) => {
    const price = priceOnDate(model('gpt-5-nano'), TODAY) ?? expect.fail()
    expect(() => costOfUsage(price, usage)).toThrow(RangeError)
  })
})

describe('the registry', () => {
  test('finds by id, alias and model name, and not by a name that two providers share', () => {
    const registry = createModelRegistry(MODELS)
    expect(registry.find('openai/gpt-4o-mini')?.model).toBe('gpt-4o-mini')
    expect(registry.find('gpt-4o-mini')?.id).toBe('openai/gpt-4o-mini')
    expect(registry.find('gpt-5.6')?.id).toBe('openai/gpt-5.6-sol')
    expect(registry.find('nobody')).toBeUndefined()
    const twin = { ...model('gpt-4o-mini'), id: 'azure/gpt-4o-mini', provider: 'azure' }
    expect(registry.with([twin]).find('gpt-4o-mini')).toBeUndefined()
    expect(registry.with([twin]).find('azure/gpt-4o-mini')).toBe(twin)
  })

  test('a later entry of the same id replaces the earlier one', () => {
    const cheaper = { ...model('gpt-4o'), tier: 'cheap_api' as const }
    const registry = createModelRegistry(MODELS).with([cheaper])
    expect(registry.find('gpt-4o')?.tier).toBe('cheap_api')
    expect(registry.entries.length).toBe(MODELS.length)
  })

  test('refuses one alias for two models', () => {
    const thief = { ...model('gpt-4o'), id: 'x/thief', aliases: ['gpt-5.6'] }
    expect(() => createModelRegistry([...MODELS, thief])).toThrow(/gpt-5\.6/)
  })

  test('the built-in table has a source and a day for every price, ids that are unique, and no free API', () => {
    expect(new Set(MODELS.map((entry) => entry.id)).size).toBe(MODELS.length)
    for (const entry of MODELS) {
      for (const price of entry.prices) {
        expect(price.source).toMatch(/list/)
        expect(price.checkedOn).toBe('2026-08-01')
        expect(price.inputNanosPerMillion).toBeGreaterThan(0n)
        expect(price.outputNanosPerMillion).toBeGreaterThan(price.inputNanosPerMillion / 2n)
      }
      expect(entry.prices.length > 0).toBe(!isLocalTier(entry.tier))
    }
  })
})

describe('stale and unknown prices', () => {
  test('a price is stale when it was read more than sixty days ago', () => {
    const entries = [model('gpt-4o'), model('ollama/qwen3:8b')]
    expect(findStalePrices(entries, date('2026-09-30'))).toEqual([])
    expect(findStalePrices(entries, date('2026-10-01'))).toEqual([
      {
        id: 'openai/gpt-4o',
        source: 'LiteLLM and genai-prices lists of 2026-08-01',
        checkedOn: '2026-08-01',
        ageDays: 61,
      },
    ])
  })

  test('models without a price are named, local ones are not', () => {
    const unpriced = { ...model('gpt-4o'), id: 'x/unpriced', prices: [] }
    expect(findUnpricedModels([unpriced, model('ollama/qwen3:8b'), model('gpt-4o')], TODAY)).toEqual(['x/unpriced'])
  })
})

describe('capabilities', () => {
  test('what is missing is named, in a fixed order', () => {
    const needs = {
      tools: true,
      vision: true,
      jsonSchema: true,
      logprobs: true,
      streaming: true,
      contextTokens: 200_000,
      outputTokens: 50_000,
    }
    expect(missingCapabilities(model('groq/llama-3.3-70b-versatile'), needs)).toEqual([
      'vision',
      'json_schema',
      'logprobs',
      'context_length',
      'output_length',
    ])
    expect(missingCapabilities(model('gpt-4.1'), { ...needs, outputTokens: 100 })).toEqual([])
  })

  test('an unknown length passes', () => {
    const { contextTokens: _context, outputTokensMax: _output, ...entry } = model('gpt-4o')
    expect(missingCapabilities(entry, { contextTokens: 10_000_000, outputTokens: 1_000_000 })).toEqual([])
  })

  test('when none is capable, the nearest say what is missing', () => {
    const entries = [model('ollama/mistral:7b'), model('groq/llama-3.3-70b-versatile')]
    const verdict = filterByCapability(entries, { vision: true, contextTokens: 100_000 })
    expect(verdict.capable).toEqual([])
    expect(verdict.missing).toEqual(['vision'])
    expect(verdict.removed.get('ollama/mistral:7b')).toEqual(['vision', 'context_length'])
    expect(filterByCapability(entries, { contextTokens: 100_000 }).capable.map((entry) => entry.id)).toEqual([
      'groq/llama-3.3-70b-versatile',
    ])
  })
})

describe('what fits the machine', () => {
  const machine = (gibibytes: number, gpuGibibytes = 0): MachineHardware => ({
    cpuModel: 'test',
    cpuCores: 8,
    memoryBytes: gibibytes * GIBIBYTE,
    gpus: gpuGibibytes === 0 ? [] : [{ name: 'gpu', memoryBytes: gpuGibibytes * GIBIBYTE }],
  })

  test('the models together stay within the share of the power level', () => {
    for (const gibibytes of [1, 2, 4, 8, 16, 64]) {
      let before = 0
      for (const power of ['minimal', 'balanced', 'powerful', 'maximum'] as const) {
        const fit = fitModels(MODELS, machine(gibibytes), power)
        const used = fit.fitted.reduce((sum, fitted) => sum + fitted.memoryBytes, 0)
        expect(used).toBe(fit.usedBytes)
        expect(used).toBeLessThanOrEqual(gibibytes * GIBIBYTE * POWER_LEVELS[power])
        expect(fit.usedBytes).toBeGreaterThanOrEqual(before)
        before = fit.usedBytes
      }
    }
  })

  test('the largest tier that fits comes first, and each tier once', () => {
    const fit = fitModels(MODELS, machine(16), 'maximum')
    expect(fit.fitted.map((fitted) => model(fitted.id).tier)).toEqual(['local_large', 'local_medium'])
    expect(fit.rejected).toContain('ollama/llama3.1:8b')
    expect(fitModels(MODELS, machine(1), 'minimal').fitted).toEqual([])
  })

  test('GPU memory counts where there is more of it', () => {
    const withGpu = fitModels(MODELS, machine(4, 24), 'balanced')
    expect(withGpu.budgetBytes).toBe(Math.floor(24 * GIBIBYTE * 0.4))
  })

  test.each([
    [3, '4gb'],
    [7.6, '8gb'],
    [15.5, '16gb'],
    [31, '32gb'],
    [62, '64gb+'],
    [512, '64gb+'],
  ])('%s GiB is in the bucket %s', (gibibytes, bucket) => expect(ramBucketOf(gibibytes * GIBIBYTE)).toBe(bucket))
})

describe('models that a provider serves', () => {
  test('a known model keeps what is known but for the price of another provider', () => {
    const entry = entryForServedModel({ provider: 'openrouter', model: 'openai/gpt-4o-mini', isLocal: false }, MODELS)
    expect(entry).toMatchObject({
      id: 'openrouter/openai/gpt-4o-mini',
      tier: 'cheap_api',
      prices: [],
      contextTokens: 128_000,
      capabilities: { vision: true, tools: true },
    })
  })

  test('the very entry of the registry is returned as it is', () => {
    expect(entryForServedModel({ provider: 'openai', model: 'gpt-4o', isLocal: false }, MODELS)).toBe(model('gpt-4o'))
  })

  test('an unknown API model is premium without a price; an unknown local one goes by the size in its name', () => {
    const unknown = entryForServedModel({ provider: 'acme', model: 'wonder-1', isLocal: false }, MODELS)
    expect([unknown.tier, unknown.prices]).toEqual(['premium_api', []])
    const local = entryForServedModel({ provider: 'ollama', model: 'smollm2:360m', isLocal: true }, MODELS)
    expect([local.tier, local.parametersBillions]).toEqual(['local_nano', 0.36])
  })

  test.each([
    ['llama3.1:8b', 8],
    ['Qwen2.5-0.5B-Instruct-GGUF', 0.5],
    ['smollm-135m', 0.135],
    ['gpt-4o', undefined],
    ['mixtral-8x7b', undefined],
    ['bge-m3', undefined],
  ])('the name %s states %s billion parameters', (name, expected) => expect(parametersFromName(name)).toBe(expected))

  test.each([
    [0.5, 'local_nano'],
    [1, 'local_nano'],
    [1.5, 'local_small'],
    [3, 'local_medium'],
    [5, 'local_medium'],
    [7, 'local_large'],
    [70, 'local_large'],
  ])('%s billion parameters are %s', (size, tier) => expect(localTierOfParameters(size)).toBe(tier))
})

test('imported prices replace those of the same model under any spelling, and add the others', () => {
  const price = { ...(priceOnDate(model('gpt-4o'), TODAY) ?? expect.fail()), source: 'imported' }
  const dear = { ...price, inputNanosPerMillion: 10_000_000_000n }
  const entries = applyPriceRows(MODELS, [
    { provider: 'x-ai', model: 'xai/Grok_4.3', prices: [price] },
    { provider: 'ollama', model: 'qwen3:8b', prices: [price] },
    { provider: 'acme', model: 'acme/wonder', prices: [dear], contextTokens: 1000, supports: { tools: true } },
  ])
  const registry = createModelRegistry(entries)
  expect(registry.find('xai/grok-4.3')?.prices).toEqual([price])
  expect(registry.find('ollama/qwen3:8b')?.prices).toEqual([])
  expect(registry.find('acme/wonder')).toMatchObject({
    tier: 'premium_api',
    contextTokens: 1000,
    capabilities: { tools: true },
  })
  expect(entries.length).toBe(MODELS.length + 1)
})

describe('estimated tokens', () => {
  test.each([
    ['', 0],
    ['Hello', 1],
    ['Hello, world!', 4],
    ['12345678', 3],
    ['   ', 0],
    ['internationalisation', 3],
  ])('%j is about %i', (text, expected) => expect(estimateTokens(text)).toBe(expected))

  test('a chat adds four tokens per message and three for the answer', () => {
    expect(estimateChatTokens(['Hello', 'Hello'])).toBe(2 * 5 + 3)
  })
})
