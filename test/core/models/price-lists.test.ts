import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseCivilDate, type CivilDate } from '../../../src/core/models/civil-date.ts'
import { priceOnDate } from '../../../src/core/models/model-cost.ts'
import {
  canonicalModelName,
  mergePriceLists,
  OPERATOR_SOURCE,
} from '../../../src/core/models/price-lists/merge-price-lists.ts'
import { parsePriceList } from '../../../src/core/models/price-lists/parse-price-list.ts'
import type {
  ParsedPriceList,
  PriceListFormat,
  PriceListOrigin,
} from '../../../src/core/models/price-lists/price-row.ts'

const CHECKED_ON = date('2026-08-01')
const ORIGIN: PriceListOrigin = { source: 'a list', checkedOn: CHECKED_ON }
const DOLLAR = 1_000_000_000n

function date(text: string): CivilDate {
  const parsed = parseCivilDate(text)
  if (parsed === undefined) throw new Error(`not a date: ${text}`)
  return parsed
}

function parse(format: PriceListFormat, document: unknown, origin: PriceListOrigin = ORIGIN): ParsedPriceList {
  const parsed = parsePriceList(format, document, origin)
  if (parsed === undefined) throw new Error('not of this format')
  return parsed
}

describe('litellm', () => {
  test('reads costs per token, cached and tiered ones, lengths and capabilities', () => {
    const list = parse('litellm', {
      sample_spec: { input_cost_per_token: 0 },
      'gemini/gemini-2.5-pro': {
        litellm_provider: 'gemini',
        mode: 'chat',
        input_cost_per_token: 1.25e-6,
        output_cost_per_token: 1e-5,
        cache_read_input_token_cost: 1.25e-7,
        input_cost_per_token_above_200k_tokens: 2.5e-6,
        output_cost_per_token_above_200k_tokens: 1.5e-5,
        max_input_tokens: 1_048_576,
        max_output_tokens: 65_535,
        supports_function_calling: true,
        supports_vision: true,
      },
      'whisper-1': { litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_second: 0.0001 },
    })
    expect(list).toEqual({
      rows: [
        {
          provider: 'gemini',
          model: 'gemini/gemini-2.5-pro',
          prices: [
            {
              inputNanosPerMillion: 1_250_000_000n,
              outputNanosPerMillion: 10n * DOLLAR,
              cachedInputNanosPerMillion: 125_000_000n,
              contextTiers: [
                {
                  aboveTokens: 200_000,
                  inputNanosPerMillion: 2_500_000_000n,
                  outputNanosPerMillion: 15n * DOLLAR,
                  cachedInputNanosPerMillion: 125_000_000n,
                },
              ],
              source: 'a list',
              checkedOn: CHECKED_ON,
            },
          ],
          contextTokens: 1_048_576,
          outputTokensMax: 65_535,
          supports: { tools: true, vision: true, jsonSchema: false },
        },
      ],
      refused: [],
      skippedCount: 2,
    })
  })

  test('refuses absent, negative, absurd, non-numeric and zero prices, each with its reason', () => {
    const priced = (input: unknown, provider = 'openai'): unknown => ({
      litellm_provider: provider,
      mode: 'chat',
      input_cost_per_token: input,
      output_cost_per_token: input,
    })
    const list = parse('litellm', {
      absent: { litellm_provider: 'openai', mode: 'chat' },
      negative: priced(-1e-6),
      absurd: priced(0.0032),
      text: priced('cheap'),
      nan: priced(Number.NaN),
      infinite: priced(Number.POSITIVE_INFINITY),
      list: priced([1]),
      zero: priced(0),
      local: priced(0, 'ollama'),
      row: 7,
    })
    expect(list.refused.map((row) => `${row.name}: ${row.reason}`)).toEqual([
      'absent: price-missing',
      'negative: price-negative',
      'absurd: price-absurd',
      'text: price-not-a-number',
      'nan: price-not-a-number',
      'infinite: price-not-a-number',
      'list: price-not-a-number',
      'zero: price-zero',
      'row: not-an-object',
    ])
    expect(list.rows.map((row) => row.model)).toEqual(['local'])
  })
})

test('openrouter: decimal strings are read exactly, variable prices refused, free variants known to be free', () => {
  const list = parse('openrouter', {
    data: [
      {
        id: 'openai/gpt-5-mini',
        context_length: 400_000,
        pricing: { prompt: '0.00000025', completion: '0.000002', input_cache_read: '0.000000025' },
        architecture: { input_modalities: ['text', 'image'] },
        supported_parameters: ['tools', 'structured_outputs'],
        top_provider: { max_completion_tokens: 128_000 },
      },
      { id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' } },
      { id: 'google/gemma-3-27b-it:free', pricing: { prompt: '0', completion: '0' } },
      { pricing: {} },
    ],
  })
  expect(list.rows.map((row) => [row.model, row.prices[0]?.inputNanosPerMillion])).toEqual([
    ['openai/gpt-5-mini', 250_000_000n],
    ['google/gemma-3-27b-it:free', 0n],
  ])
  expect(list.rows[0]).toMatchObject({
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    supports: { tools: true, vision: true, jsonSchema: true },
  })
  expect(list.refused).toEqual([
    { name: 'openrouter/auto', reason: 'price-negative' },
    { name: '#3', reason: 'no-name' },
  ])
})

test('genai-prices: dated versions follow each other, tiers and times of day are understood', () => {
  const list = parse('genai-prices', [
    {
      id: 'anthropic',
      models: [
        {
          id: 'claude-sonnet-4-6',
          context_window: 1_000_000,
          prices: [
            { prices: { input_mtok: { base: 3, tiers: [{ start: 200_000, price: 6 }] }, output_mtok: 15 } },
            {
              constraint: { start_date: '2026-03-13' },
              prices: { input_mtok: 3, output_mtok: 15, cache_read_mtok: 0.3 },
            },
          ],
        },
        {
          id: 'night-only',
          prices: [
            {
              constraint: { start_time: '00:30:00Z', end_time: '16:30:00Z' },
              prices: { input_mtok: 1, output_mtok: 2 },
            },
          ],
        },
      ],
    },
  ])
  expect(list.refused).toEqual([{ name: 'anthropic/night-only', reason: 'price-missing' }])
  const prices = list.rows[0]?.prices ?? []
  expect(prices.map((price) => [price.validFrom, price.validUntil, price.contextTiers.length])).toEqual([
    [undefined, '2026-03-13', 1],
    ['2026-03-13', undefined, 0],
  ])
  const tiered = priceOnDate({ prices, tier: 'premium_api' }, date('2026-03-12'))
  expect(tiered?.contextTiers[0]).toEqual({
    aboveTokens: 200_000,
    inputNanosPerMillion: 6n * DOLLAR,
    outputNanosPerMillion: 15n * DOLLAR,
  })
  expect(priceOnDate({ prices, tier: 'premium_api' }, date('2026-03-13'))?.cachedInputNanosPerMillion).toBe(
    300_000_000n,
  )
})

test('portkey: cents per token, one provider per file or many in one map', () => {
  const file = {
    default: { pricing_config: { pay_as_you_go: { request_token: { price: 0 }, response_token: { price: 0 } } } },
    'claude-haiku-4-5': {
      pricing_config: {
        pay_as_you_go: {
          request_token: { price: 0.0001 },
          response_token: { price: 0.0005 },
          cache_read_input_token: { price: 0.00001 },
          cache_write_input_token: { price: 0 },
        },
        currency: 'USD',
      },
    },
    'image-only': { pricing_config: { pay_as_you_go: { image: { standard: { price: 4 } } } } },
  }
  const single = parse('portkey', file, { ...ORIGIN, provider: 'anthropic' })
  expect(single.rows).toEqual([
    {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      prices: [
        {
          inputNanosPerMillion: DOLLAR,
          outputNanosPerMillion: 5n * DOLLAR,
          cachedInputNanosPerMillion: 100_000_000n,
          contextTiers: [],
          source: 'a list',
          checkedOn: CHECKED_ON,
        },
      ],
    },
  ])
  expect(single.skippedCount).toBe(2)
  expect(parse('portkey', { anthropic: file }).rows).toEqual(single.rows)
})

test('a document of another form is not read as an empty list', () => {
  expect(parsePriceList('litellm', [1, 2], ORIGIN)).toBeUndefined()
  expect(parsePriceList('openrouter', { models: [] }, ORIGIN)).toBeUndefined()
  expect(parsePriceList('genai-prices', 'text', ORIGIN)).toBeUndefined()
  expect(parsePriceList('portkey', null, ORIGIN)).toBeUndefined()
})

describe('merging', () => {
  const row = (input: number, source = ORIGIN.source): ParsedPriceList =>
    parse(
      'litellm',
      [{ provider: 'x-ai', model: 'xai/Grok-3 Mini', input_usd_per_mtok: input, output_usd_per_mtok: 1 }],
      { ...ORIGIN, source },
    )

  test('lists prices that differ by more than one percent and lets the operator win', () => {
    const merged = mergePriceLists([
      { source: 'first', rows: row(1).rows },
      { source: OPERATOR_SOURCE, rows: row(0.5).rows },
    ])
    expect(merged.rows[0]?.prices[0]?.inputNanosPerMillion).toBe(DOLLAR / 2n)
    expect(merged.conflicts).toMatchObject([
      { provider: 'xai', model: 'grok3mini', chosen: OPERATOR_SOURCE, prices: { first: {}, operator: {} } },
    ])
  })

  test('a difference within one percent is no conflict, and the first list wins', () => {
    const merged = mergePriceLists([
      { source: 'first', rows: row(1).rows },
      { source: 'second', rows: row(1.01).rows },
    ])
    expect(merged).toMatchObject({ conflicts: [], overlapCount: 1 })
    expect(merged.rows[0]?.prices[0]?.inputNanosPerMillion).toBe(DOLLAR)
  })

  test('names meet without owner, case and punctuation, but versions stay apart', () => {
    expect(canonicalModelName('meta-llama/Llama-3.1-8B_Instruct')).toBe('llama3.18binstruct')
    expect(canonicalModelName('llama-31-8b-instruct')).not.toBe(canonicalModelName('llama-3.1-8b-instruct'))
  })
})

const DATA = join(process.env['KERNELL_DATA'] ?? '../shared/data', 'prices')

describe.skipIf(!existsSync(DATA))('the public lists of August 2026', () => {
  /** Providers whose names the published comparison knows; it found 229 disputed prices among 866 shared models. */
  const COMPARED =
    'openai anthropic google mistral cohere deepseek fireworks groq openrouter perplexity together xai deepinfra cerebras ai21 moonshot'.split(
      ' ',
    )
  const read = (file: string): unknown => JSON.parse(readFileSync(join(DATA, `${file}.json`), 'utf8'))
  const lists = (['litellm', 'openrouter', 'genai-prices', 'portkey'] as const).map((format) => ({
    source: format.replace('-', '_'),
    ...parse(format, read(format.replace('-', '_'))),
  }))

  test('are read whole but for rows with a stated fault', () => {
    const summary = lists.map((list) => {
      const reasons: Record<string, number> = {}
      for (const { reason } of list.refused) reasons[reason] = (reasons[reason] ?? 0) + 1
      return [list.source, list.rows.length, reasons]
    })
    expect(summary).toMatchInlineSnapshot(`
      [
        [
          "litellm",
          2167,
          {
            "price-absurd": 16,
            "price-zero": 44,
          },
        ],
        [
          "openrouter",
          329,
          {
            "price-zero": 2,
          },
        ],
        [
          "genai_prices",
          1245,
          {},
        ],
        [
          "portkey",
          2576,
          {
            "price-absurd": 1,
          },
        ],
      ]
    `)
  })

  test('disagree exactly where the published comparison says', () => {
    const wanted = read('disagreements') as { provider: string; model: string }[]
    const merged = mergePriceLists(lists)
    const compared = merged.conflicts.filter((conflict) => COMPARED.includes(conflict.provider))
    const name = (conflict: { provider: string; model: string }): string => `${conflict.provider}/${conflict.model}`
    const found = new Set(compared.map(name))
    const missing = wanted.map(name).filter((key) => !found.has(key))
    expect({ missing, found: found.size, wanted: wanted.length, all: merged.conflicts.length }).toMatchInlineSnapshot(`
      {
        "all": 274,
        "found": 229,
        "missing": [],
        "wanted": 229,
      }
    `)
  })
})
