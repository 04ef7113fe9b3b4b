import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { durationFromMs } from '../../../src/base/time.ts'
import type { EmbeddingModel } from '../../../src/ports/embedding-model.ts'
import type { CacheOutcome, CacheQuery } from '../../../src/router/semantic-cache.ts'
import {
  answerTo,
  askAndStore,
  openCacheFixture,
  outcomeOf,
  overlapCalibration,
  queryOf,
  tenantOf,
  type AskInit,
} from './cache-fixture.ts'

const QUESTION = 'How do I learn the Spring framework?'
const REWORDED = 'How can I learn the Spring framework?'

describe('the exact tier', () => {
  it('serves an equal request and nothing else when no calibration is loaded', async () => {
    const { cache } = await openCacheFixture({ isCalibrated: false })
    await askAndStore(cache, queryOf(QUESTION))
    expect(await outcomeOf(cache, queryOf(QUESTION))).toBe('exact')
    expect(await outcomeOf(cache, queryOf(REWORDED))).toBe('exact-only')
    expect(cache.statistics().isSimilarityOn).toBe(false)
  })

  it('gives back the answer with its maker and confidence', async () => {
    const { cache } = await openCacheFixture()
    const asked = await cache.lookup(queryOf(QUESTION))
    cache.admit(asked.ticket, {
      answer: answerTo('Read the guide.'),
      modelId: 'big',
      provider: 'openai',
      isAccepted: true,
      confidence: 0.8,
    })
    const found = await cache.lookup(queryOf(QUESTION))
    expect(found).toMatchObject({
      kind: 'hit',
      tier: 'exact',
      entry: { answer: answerTo('Read the guide.'), modelId: 'big', provider: 'openai', confidence: 0.8 },
    })
  })

  it('takes text in parts for the text it is', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    const inParts = { messages: [{ role: 'user', content: [{ type: 'text', text: QUESTION }] }] } as const
    expect(await outcomeOf(cache, queryOf('', { request: inParts }))).toBe('exact')
    const withImage = {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: QUESTION },
            { type: 'image', url: 'https://example.com/a.png' },
          ],
        },
      ],
    } as const
    expect(await outcomeOf(cache, queryOf('', { request: withImage }))).toBe('exact-only')
  })

  it('serves what an answer to tools, images or varied sampling was, only to the same request', async () => {
    const { cache } = await openCacheFixture()
    const varied = { request: { temperature: 1.5 } }
    await askAndStore(cache, queryOf(QUESTION, varied))
    expect(await outcomeOf(cache, queryOf(QUESTION, varied))).toBe('exact')
    expect(await outcomeOf(cache, queryOf(REWORDED, varied))).toBe('exact-only')
  })
})

describe('the similarity tier', () => {
  it('serves another wording of the same question', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    const outcome = await cache.lookup(queryOf(REWORDED))
    expect(outcome).toMatchObject({ kind: 'hit', tier: 'similar' })
  })

  it('serves nothing that the scorer is not certain of', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf('How do I learn the Spring framework in java?'))
    expect(await outcomeOf(cache, queryOf('Which books teach the Spring framework for beginners?'))).toBe('not-certain')
  })

  const different: readonly (readonly [string, string, string])[] = [
    ['another number', 'How do I lose 10 kg in a month?', 'How do I lose 20 kg in a month?'],
    ['a negation', 'Why is it good to eat raw eggs?', 'Why is it not good to eat raw eggs?'],
    ['a symbol', 'What can I build with C as a beginner?', 'What can I build with C# as a beginner?'],
    ['a name', 'How long is the flight from London to Rome?', 'How long is the flight from London to Oslo?'],
    ['another order of the same words', 'Can a lion beat a tiger in a fight?', 'Can a tiger beat a lion in a fight?'],
  ]
  it.each(different)('is not fooled by %s', async (_, stored, asked) => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(stored))
    expect(await outcomeOf(cache, queryOf(asked))).toBe('not-certain')
  })

  const unfit: readonly (readonly [string, string, string])[] = [
    ['the time', 'What is the latest news about Mars?', 'What is the latest news on Mars?'],
    ['the user', 'Where is my order from last Monday?', 'Where is my order of last Monday?'],
  ]
  it.each(unfit)('does not serve a prompt that depends on %s', async (_, stored, asked) => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(stored))
    expect(await outcomeOf(cache, queryOf(asked))).toBe('exact-only')
    expect(await outcomeOf(cache, queryOf(stored))).toBe('exact')
  })

  it('does not serve a request with tools, or one that asks for variety', async () => {
    const { cache } = await openCacheFixture()
    for (const request of [
      { tools: [{ name: 'search' }] },
      { passThrough: { n: 3 } },
      { passThrough: { presence_penalty: 1 } },
    ]) {
      await askAndStore(cache, queryOf(QUESTION, { request }))
      expect(await outcomeOf(cache, queryOf(REWORDED, { request }))).toBe('exact-only')
    }
  })

  it('refuses a calibration that was made with another embedder', async () => {
    const opening = openCacheFixture({ calibration: { ...overlapCalibration(), embedderId: 'other' } })
    await expect(opening).rejects.toSatisfy((error) => CodedError.is(error, 'CACHE_CALIBRATION_INVALID'))
  })
})

describe('isolation', () => {
  const circumstances: readonly (readonly [string, AskInit])[] = [
    ['another tenant', { tenant: tenantOf('other') }],
    ['another model class', { modelClass: 'kernell-premium' }],
    ['other conditions', { conditions: '{"quality":0.9}' }],
    [
      'another system text',
      {
        request: {
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: QUESTION },
          ],
        },
      },
    ],
    [
      'an earlier message',
      {
        request: {
          messages: [
            { role: 'assistant', content: 'Hello' },
            { role: 'user', content: QUESTION },
          ],
        },
      },
    ],
    ['another temperature', { request: { temperature: 0.2 } }],
    ['another answer format', { request: { responseFormat: { type: 'json-object' } } }],
    ['tools', { request: { tools: [{ name: 'search' }] } }],
    ['a stop word', { request: { stop: ['END'] } }],
    ['a member that is passed through', { request: { passThrough: { user: 'u1' } } }],
  ]
  it.each(circumstances)('keeps answers apart: %s', async (_, other) => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    const outcome = await cache.lookup(queryOf(QUESTION, other))
    expect(outcome.kind).toBe('miss')
  })

  it('keeps apart what users of different names asked', async () => {
    const { cache } = await openCacheFixture()
    const asked = (name: string): CacheQuery =>
      queryOf('', { request: { messages: [{ role: 'user', content: QUESTION, name }] } })
    await askAndStore(cache, asked('ada'))
    expect(await outcomeOf(cache, asked('bob'))).toBe('no-entry')
    expect(await outcomeOf(cache, asked('ada'))).toBe('exact')
  })

  it('serves no answer to another text, even if both had the same hash', async () => {
    const { cache } = await openCacheFixture({ isCalibrated: false, sha256Hex: () => 'a'.repeat(64) })
    await askAndStore(cache, queryOf(QUESTION))
    expect(await outcomeOf(cache, queryOf(QUESTION))).toBe('exact')
    expect(await outcomeOf(cache, queryOf('What is a monad?'))).toBe('exact-only')
  })

  it('keeps apart what was asked under different conditions', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION, { conditions: '{"quality":0.9}' }))
    expect(await outcomeOf(cache, queryOf(QUESTION, { conditions: '{"quality":0.5}' }))).toBe('no-entry')
    expect(await outcomeOf(cache, queryOf(QUESTION, { conditions: '{"quality":0.9}' }))).toBe('exact')
  })

  it('never serves across tenants or model classes, whatever was stored', async () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const step = fc.record({
      tenant: name,
      modelClass: name,
      text: fc.constantFrom(QUESTION, REWORDED, 'How should I learn the Spring framework?', ''),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { cache } = await openCacheFixture({ entriesMax: 8 })
        for (const { tenant, modelClass, text } of steps) {
          const query = queryOf(text, { tenant: tenantOf(tenant), modelClass })
          const outcome = await cache.lookup(query)
          const owner = `${tenant}/${modelClass}`
          if (outcome.kind === 'hit') expect(outcome.entry.answer.text).toBe(owner)
          else
            cache.admit(outcome.ticket, {
              answer: answerTo(owner),
              modelId: 'm',
              provider: 'p',
              isAccepted: true,
              confidence: 1,
            })
        }
      }),
      { numRuns: 60, seed: 7 },
    )
  })
})

describe('admission', () => {
  it.each([
    ['not accepted', { isAccepted: false }, 'not-accepted'],
    ['accepted with too little confidence', { confidence: 0.69 }, 'not-confident'],
    ['accepted without a confidence', { confidence: Number.NaN }, 'not-confident'],
    ['cut short', { answer: answerTo('half', { finishReason: 'length' }) }, 'answer-incomplete'],
    ['a refusal', { answer: answerTo('no', { refusal: 'no' }) }, 'answer-incomplete'],
    [
      'a tool call',
      { answer: answerTo('', { toolCalls: [{ id: '1', name: 'search', arguments: '{}' }] }) },
      'answer-incomplete',
    ],
  ] as const)('keeps out an answer that is %s', async (_, admission, expected) => {
    const { cache } = await openCacheFixture()
    const asked = await cache.lookup(queryOf(QUESTION))
    const outcome = cache.admit(asked.ticket, {
      answer: answerTo('fine'),
      modelId: 'm',
      provider: 'p',
      isAccepted: true,
      confidence: 1,
      ...admission,
    })
    expect([outcome, cache.statistics().entries]).toEqual([expected, 0])
  })

  it('takes no ticket that it did not give', async () => {
    const { cache } = await openCacheFixture()
    const admission = { answer: answerTo('fine'), modelId: 'm', provider: 'p', isAccepted: true, confidence: 1 }
    expect(cache.admit({ entryId: '0'.repeat(32) }, admission)).toBe('not-storable')
    expect(cache.admit(undefined, admission)).toBe('not-storable')
  })
})

describe('controls', () => {
  it('reads but does not write under no-store', async () => {
    const { cache } = await openCacheFixture()
    expect(await askAndStore(cache, queryOf(QUESTION, { mode: 'no-store' }))).toMatchObject({
      kind: 'miss',
      reason: 'no-entry',
    })
    expect(cache.statistics().entries).toBe(0)
    await askAndStore(cache, queryOf(QUESTION))
    expect(await cache.lookup(queryOf(QUESTION, { mode: 'no-store' }))).toMatchObject({ kind: 'hit', tier: 'exact' })
  })

  it('neither reads nor writes when it is off', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    const outcome = await askAndStore(cache, queryOf(QUESTION, { mode: 'off' }))
    expect(outcome).toEqual({ kind: 'miss', reason: 'not-read', ticket: undefined })
    expect(cache.statistics().entries).toBe(1)
  })

  it.each(['no-read', 'refresh'] as const)(
    'does not read under %s, but stores the new answer for the next',
    async (mode) => {
      const { cache } = await openCacheFixture()
      await askAndStore(cache, queryOf(QUESTION))
      const outcome = await askAndStore(cache, queryOf(QUESTION, { mode }), { answer: answerTo('newer') })
      expect(outcome).toMatchObject({ kind: 'miss', reason: 'not-read' })
      expect(await cache.lookup(queryOf(QUESTION))).toMatchObject({ kind: 'hit', entry: { answer: { text: 'newer' } } })
      expect(await outcomeOf(cache, queryOf(REWORDED))).toBe('similar')
    },
  )
})

describe('limits', () => {
  it('serves an answer that depends on the time of asking for minutes, not for as long as others', async () => {
    const { cache, time } = await openCacheFixture({ ttlMs: durationFromMs(3_600_000) })
    const query = queryOf('What is the latest news in Oslo today?')
    await askAndStore(cache, query)
    time.advance(299_000)
    expect(await cache.lookup(query)).toMatchObject({ kind: 'hit', tier: 'exact' })
    time.advance(1_000)
    expect(await cache.lookup(query)).toMatchObject({ kind: 'miss' })
  })

  it('serves an answer until it is as old as the limit, not longer, in either tier', async () => {
    const { cache, time } = await openCacheFixture({ ttlMs: durationFromMs(1_000) })
    await askAndStore(cache, queryOf(QUESTION))
    time.advance(999)
    expect([await outcomeOf(cache, queryOf(QUESTION)), await outcomeOf(cache, queryOf(REWORDED))]).toEqual([
      'exact',
      'similar',
    ])
    time.advance(1)
    expect(await outcomeOf(cache, queryOf(REWORDED))).toBe('no-entry')
    expect(await outcomeOf(cache, queryOf(QUESTION))).toBe('no-entry')
    expect(cache.statistics()).toMatchObject({ entries: 0, expired: 1 })
  })

  it('holds no more entries than allowed, and lets the least recently used go', async () => {
    const { cache } = await openCacheFixture({ entriesMax: 2, isCalibrated: false })
    await askAndStore(cache, queryOf('one'))
    await askAndStore(cache, queryOf('two'))
    await cache.lookup(queryOf('one'))
    await askAndStore(cache, queryOf('three'))
    expect(
      await Promise.all(['one', 'two', 'three'].map(async (text) => await outcomeOf(cache, queryOf(text)))),
    ).toEqual(['exact', 'exact-only', 'exact'])
    expect(cache.statistics()).toMatchObject({ entries: 2, evicted: 1 })
  })

  it('holds no more bytes than allowed, and refuses an answer that is larger than all of it', async () => {
    const { cache } = await openCacheFixture({ bytesMax: 8_000 })
    for (const text of ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'])
      await askAndStore(cache, queryOf(text), { answer: answerTo('x'.repeat(500)) })
    expect(cache.statistics().sizeBytes).toBeLessThanOrEqual(8_000)
    expect(cache.statistics().evicted).toBeGreaterThan(0)
    const asked = await cache.lookup(queryOf('nine'))
    expect(
      cache.admit(asked.ticket, {
        answer: answerTo('x'.repeat(5_000)),
        modelId: 'm',
        provider: 'p',
        isAccepted: true,
        confidence: 1,
      }),
    ).toBe('too-large')
  })
})

describe('invalidation', () => {
  it.each([
    ['everything', { kind: 'all' }, 4],
    ['one tenant', { kind: 'tenant', tenant: tenantOf('t1') }, 2],
    ['one model class of a tenant', { kind: 'model-class', tenant: tenantOf('t1'), modelClass: 'kernell' }, 1],
  ] as const)('removes %s, in memory and on disk', async (_, what, removed) => {
    const { cache, store } = await openCacheFixture()
    for (const tenant of ['t1', 't2'])
      for (const modelClass of ['kernell', 'gpt'])
        await askAndStore(cache, queryOf(QUESTION, { tenant: tenantOf(tenant), modelClass }))
    await cache.flush()
    expect(await cache.invalidate(what)).toBe(removed)
    expect([cache.statistics().entries, await store.count()]).toEqual([4 - removed, 4 - removed])
  })

  it('removes one entry by its id from both tiers', async () => {
    const { cache } = await openCacheFixture()
    await askAndStore(cache, queryOf(QUESTION))
    const found = await cache.lookup(queryOf(REWORDED))
    expect(found.kind).toBe('hit')
    if (found.kind === 'hit') expect(await cache.invalidate({ kind: 'entry', entryId: found.entry.entryId })).toBe(1)
    expect([await outcomeOf(cache, queryOf(QUESTION)), await outcomeOf(cache, queryOf(REWORDED))]).toEqual([
      'no-entry',
      'no-entry',
    ])
  })
})

describe('an embedder that has to ask a model', () => {
  const embedderOf = (embed: EmbeddingModel['embed']): EmbeddingModel => ({ id: 'remote', dimensions: 4, embed })
  const calibration = { ...overlapCalibration(), embedderId: 'remote' }

  it('is waited for, and serves similar requests', async () => {
    const vector = Float32Array.of(0.5, 0.5, 0.5, 0.5)
    const embedder = embedderOf(async (texts) => ({ vectors: texts.map(() => vector), tokensIn: 1 }))
    const { cache } = await openCacheFixture({ embedder, calibration })
    const asked = cache.lookup(queryOf(QUESTION))
    expect(asked).toBeInstanceOf(Promise)
    await askAndStore(cache, queryOf(QUESTION))
    expect(await outcomeOf(cache, queryOf(REWORDED))).toBe('similar')
  })

  it('sees no request that may be shown to nobody, unless it runs here; exact repeats are served all the same', async () => {
    const seen: string[] = []
    const embed: EmbeddingModel['embed'] = async (texts) => {
      seen.push(...texts)
      return { vectors: texts.map(() => Float32Array.of(0.5, 0.5, 0.5, 0.5)), tokensIn: 1 }
    }
    const confined = { ...queryOf(QUESTION), isConfined: true }
    const far = await openCacheFixture({ embedder: { ...embedderOf(embed), leavesNode: true }, calibration })
    expect(await far.cache.lookup(confined)).toMatchObject({ kind: 'miss', reason: 'exact-only', detail: 'confined' })
    await askAndStore(far.cache, confined)
    expect([await outcomeOf(far.cache, confined), seen]).toEqual(['exact', []])
    const here = await openCacheFixture({ embedder: embedderOf(embed), calibration })
    await here.cache.lookup(confined)
    expect(seen).toEqual([QUESTION])
  })

  it('makes a miss when it fails, and its caller hears of it', async () => {
    const failures: unknown[] = []
    const failure = new Error('down')
    const embedder = embedderOf(async () => await Promise.reject(failure))
    const { cache } = await openCacheFixture({ embedder, calibration, onError: (error) => failures.push(error) })
    const outcome: CacheOutcome = await cache.lookup(queryOf(QUESTION))
    expect(outcome).toMatchObject({ kind: 'miss', reason: 'exact-only', detail: 'not-embedded' })
    expect(failures).toEqual([failure])
  })

  it('ends the lookup with the caller’s reason when the caller leaves', async () => {
    const embedder = embedderOf(async (_, options) => {
      options?.signal?.throwIfAborted()
      return { vectors: [], tokensIn: 0 }
    })
    const { cache } = await openCacheFixture({ embedder, calibration })
    const gone = new Error('gone')
    await expect(Promise.resolve(cache.lookup(queryOf(QUESTION), { signal: AbortSignal.abort(gone) }))).rejects.toBe(
      gone,
    )
  })
})
