import { describe, expect, it } from 'vitest'
import type { Amount } from '../../src/base/money.ts'
import type { CivilDate } from '../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import { boundCall, type CallPlan } from '../../src/router/call-cost.ts'

const today = '2026-06-01' as CivilDate
const DOLLAR = 1_000_000_000n
const nanos = (amount: bigint): Amount => amount as Amount

/** Every token costs 1,000 nano-dollars: a dollar a million. */
const priced = (perMillion: bigint | undefined): ModelEntry => ({
  id: 'p/m',
  provider: 'p',
  model: 'm',
  tier: 'cheap_api',
  difficultyMax: 5,
  specialties: [],
  prices:
    perMillion === undefined
      ? []
      : [
          {
            inputNanosPerMillion: perMillion,
            outputNanosPerMillion: perMillion,
            contextTiers: [],
            source: 'test',
            checkedOn: today,
          },
        ],
  capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
  aliases: [],
})

const plan = (change: Partial<CallPlan> = {}): CallPlan => ({
  entry: priced(DOLLAR),
  tokensIn: 1_000,
  outputTokensAsked: undefined,
  capNanos: undefined,
  hasBudget: false,
  today,
  ...change,
})

describe('the most that a call can cost', () => {
  it('counts a fifth more input than was estimated, and the longest answer', () => {
    expect(boundCall(plan({ outputTokensAsked: 500 }))).toEqual({
      costNanosMax: nanos(1_200_000n + 500_000n),
      outputTokensMax: 500,
    })
  })

  it.each<[string, Partial<CallPlan>, number | undefined]>([
    ['nothing bounds it', {}, undefined],
    ['a budget does', { hasBudget: true }, 4_096],
    ['a cap does', { capNanos: nanos(DOLLAR) }, 4_096],
    ['the caller said how long', { hasBudget: true, outputTokensAsked: 20_000 }, 20_000],
    ['the model writes less', { hasBudget: true, entry: { ...priced(DOLLAR), outputTokensMax: 100 } }, 100],
    ['it is free', { hasBudget: true, entry: priced(0n) }, undefined],
  ])('sends the model the length that room was taken for: %s', (_what, change, outputTokensMax) => {
    const bounds = boundCall(plan(change))
    expect(bounds?.outputTokensMax).toBe(outputTokensMax)
    if (outputTokensMax !== undefined) expect(bounds?.costNanosMax).toBe(1_200_000n + BigInt(outputTokensMax) * 1_000n)
  })

  it('needs room for sixteen tokens of answer within a cap', () => {
    const roomFor = (tokens: bigint): Partial<CallPlan> => ({ capNanos: nanos(1_200_000n + tokens * 1_000n) })
    expect(boundCall(plan(roomFor(16n)))).toEqual({ costNanosMax: 1_216_000n, outputTokensMax: 16 })
    expect(boundCall(plan(roomFor(15n)))).toBeUndefined()
  })

  it('is unknown where the price is, and then no cap holds it', () => {
    const unpriced = { entry: priced(undefined) }
    expect(boundCall(plan(unpriced))).toEqual({ costNanosMax: undefined, outputTokensMax: undefined })
    expect(boundCall(plan({ ...unpriced, capNanos: nanos(100n * DOLLAR) }))).toBeUndefined()
  })
})
