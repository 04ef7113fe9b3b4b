import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { DEFAULT_TENANT } from '../../../src/base/identifiers.ts'
import { durationFromMs } from '../../../src/base/time.ts'
import { parseCalibration } from '../../../src/core/cache/cache-calibration.ts'
import { judgeCache, type JudgedCache } from '../../../src/learning/evaluation/cache.ts'
import { linkQuestions, parseQuestionPairs } from '../../../src/learning/evaluation/question-pairs.ts'
import { evaluateCache, openJudgedCache } from '../../../src/node/evaluation/evaluate-cache.ts'
import { createHashedEmbedder } from '../../../src/router/cache/hashed-embedder.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { answerTo, openCacheFixture, overlapCalibration, queryOf } from '../../router/cache/cache-fixture.ts'

const line = (a: string, b: string, duplicate: boolean): string => JSON.stringify({ a, b, duplicate })

/** A cache of the test's own making: exact texts, and whatever `alike` says. */
function scriptedCache(alike: Readonly<Record<string, string>>): JudgedCache {
  const stored = new Set<string>()
  return {
    store: (text) => void stored.add(text),
    lookup: (text) => {
      if (stored.has(text)) return { tier: 'exact', text }
      const other = alike[text]
      return other !== undefined && stored.has(other) ? { tier: 'similar', text: other } : undefined
    },
    scorePair: (query, other) => (alike[query] === other ? 1 : 0),
    close: async () => {},
  }
}

describe('question pairs', () => {
  it('name the line that is wrong', () => {
    expect(() => parseQuestionPairs(`${line('a', 'b', true)}\n\n{"a":1}`, 'f.jsonl')).toThrow(
      expect.toSatisfy((error) => CodedError.is(error, 'TRAINING_DATA_INVALID') && error.message.includes('line 3')),
    )
  })

  it('are linked by chains of duplicates', () => {
    const links = linkQuestions(
      parseQuestionPairs([line('a', 'b', true), line('c', 'b', true), line('c', 'd', false)].join('\n'), 'f'),
    )
    expect(links.answerOf('a')).toBe(links.answerOf('c'))
    expect(links.answerOf('d')).not.toBe(links.answerOf('c'))
    expect(links.groupOf('d')).toBe(links.groupOf('a'))
    expect(links.answerOf('unknown')).toBe(-1)
  })
})

describe('judging a cache', () => {
  it('counts hits as the evaluation defines them', async () => {
    const test = parseQuestionPairs(
      [
        line('a1', 'b1', true),
        line('a2', 'b2', false),
        line('a3', 'a1', false),
        line('a4', 'b4', true),
        line('a5', 'b5', true),
        line('a6', 'b5', true),
      ].join('\n'),
      'f',
    )
    const openCache = async (): Promise<JudgedCache> => scriptedCache({ b1: 'a1', b2: 'a2', b5: 'a6' })
    const figures = await judgeCache(
      { clock: { monotonicMs: () => 0 }, openCache },
      { calibration: overlapCalibration(), test },
    )
    // b1 is right, b2 wrong, a1 the same text, b4 missed, b5 right twice.
    expect(figures).toEqual({
      requests: 6,
      hits: 5,
      wrong: 1,
      hit_rate: 5 / 6,
      wrong_rate: 1 / 5,
      recall: 4 / 5,
      exact_hits: 1,
      similar_hits: 4,
      similar_wrong: 1,
      similar_recall: 3 / 4,
      us_per_lookup: 0,
      pair_auc: expect.closeTo(0.5 + 0.5 * (2 / 4 - 1 / 2), 6),
    })
  })
})

describe('the evaluated cache', () => {
  it('gives the same hits as a cache that a node opens', async () => {
    const calibration = overlapCalibration()
    const texts = [
      'How do I learn to cook?',
      'How do I learn to sing?',
      'What is a monad?',
      'What is a monad in category theory?',
      'Who are you?',
    ]
    const asked = [
      ...texts,
      'How can I learn to cook?',
      'How can I sing?',
      'what is a monad',
      'What are monads?',
      'Who were you?',
    ]
    const judged = await openJudgedCache({ kernel: createTypeScriptKernel(), calibration, entries: texts.length })
    const { cache } = await openCacheFixture({ calibration, ttlMs: durationFromMs(1e9) })
    for (const text of texts) {
      await judged.store(text)
      const { ticket } = await cache.lookup(queryOf(text, { tenant: DEFAULT_TENANT, mode: 'no-read' }))
      cache.admit(ticket, { answer: answerTo(text), modelId: 'm', provider: 'p', isAccepted: true, confidence: 1 })
    }
    const served = await Promise.all(asked.map(async (text) => await judged.lookup(text)))
    const expected = await Promise.all(
      asked.map(async (text) => {
        const outcome = await cache.lookup(queryOf(text))
        return outcome.kind === 'hit' ? { tier: outcome.tier, text: outcome.entry.answer.text } : undefined
      }),
    )
    expect(served).toEqual(expected)
    expect(served.filter((hit) => hit?.tier === 'similar').length).toBeGreaterThan(0)
    await judged.close()
  })
})

const dataDir = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/cache`
const pairsFile = `${dataDir}/qqp.jsonl.gz`
const HAS_DATA = existsSync(pairsFile)
if (!HAS_DATA) console.log(`skipped: the bound on real pairs, because ${pairsFile} is not there (set KERNELL_DATA)`)

describe.runIf(HAS_DATA)('on real question pairs', () => {
  it('keeps the bound on pairs that were not trained on, and finds more than equal text', async () => {
    const lines = gunzipSync(readFileSync(pairsFile)).toString('utf8').trim().split('\n')
    const links = linkQuestions(parseQuestionPairs(lines.join('\n'), 'qqp'))
    const halves: readonly string[][] = [[], []]
    for (const text of lines) {
      const { a } = JSON.parse(text) as { a: string }
      const digest = createHash('sha256')
        .update(String(links.groupOf(a)))
        .digest()
      if ((digest[1] ?? 0) < 96) halves[(digest[0] ?? 0) % 2]?.push(text)
    }
    const [train = [], test = []] = halves
    const kernel = createTypeScriptKernel()
    const { report, artefact } = await evaluateCache(
      { kernel, embedder: createHashedEmbedder({ kernel }) },
      {
        train: [{ name: 'train', text: train.join('\n') }],
        test: { name: 'test', text: test.join('\n') },
        maxWrong: 0.01,
      },
    )
    expect(report.wrong_rate).toBeLessThanOrEqual(0.01)
    expect(report.similar_hits).toBeGreaterThan(0)
    expect(report.exact_hits).toBeGreaterThan(0)
    expect(report.pair_auc).toBeGreaterThan(0.7)
    expect(parseCalibration(artefact).lineage.sources).toMatchObject([{ name: 'train', pairs: train.length }])
  }, 240_000)
})
