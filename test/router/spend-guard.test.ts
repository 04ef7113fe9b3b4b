import { expect, it } from 'vitest'
import type { Amount } from '../../src/base/money.ts'
import { estimateTokens } from '../../src/core/models/estimate-tokens.ts'
import type { CivilDate } from '../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import { SpendGuard } from '../../src/router/spend-guard.ts'

const today = '2026-06-01' as CivilDate
const NANOS_PER_TOKEN = 1_000n
const TOKENS_MAX = 1_000
/** What was set aside, and the quarter by which an estimate may be off. */
const TOKENS_TOLERATED = 1_250

const price = {
  inputNanosPerMillion: 0n,
  outputNanosPerMillion: NANOS_PER_TOKEN * 1_000_000n,
  contextTiers: [],
  source: 'test',
  checkedOn: today,
}
const entry: ModelEntry = {
  id: 'p/m',
  provider: 'p',
  model: 'm',
  tier: 'cheap_api',
  difficultyMax: 5,
  specialties: [],
  prices: [price],
  capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
  aliases: [],
}

/** Writes a part again and again until it is stopped: the text before the last part and with it, and how often the whole was counted. */
function written(part: string): { readonly before: string; readonly after: string; readonly counts: number } {
  const run = { facts: { tokensIn: 5 }, today } as unknown as ConstructorParameters<typeof SpendGuard>[0]
  const costNanosMax = (NANOS_PER_TOKEN * BigInt(TOKENS_MAX)) as Amount
  const guard = new SpendGuard(run, { entry, costNanosMax, request: { messages: [], maxOutputTokens: TOKENS_MAX } })
  let text = ''
  let counts = 0
  for (;;) {
    const before = text
    text += part
    try {
      guard.take({ type: 'text-delta', text: part }, () => {
        counts += 1
        return text
      })
    } catch {
      return { before, after: text, counts }
    }
  }
}

// Words in pieces of every kind; a single letter counts as a token by itself and as a ninth of one within a word.
it.each(['word ', 'a', 'ab', ' one two three four five', '!', '12', 'ä', '深'])(
  'a stream of parts %j is stopped at the first part that passes what is tolerated, after few counts',
  (part) => {
    const { before, after, counts } = written(part)
    expect(estimateTokens(before)).toBeLessThanOrEqual(TOKENS_TOLERATED)
    expect(estimateTokens(after)).toBeGreaterThan(TOKENS_TOLERATED)
    expect(counts).toBeLessThan(120)
  },
)
