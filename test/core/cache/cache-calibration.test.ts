import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { acceptanceScore } from '../../../src/core/cache/acceptance-model.ts'
import { formatCalibration, parseCalibration } from '../../../src/core/cache/cache-calibration.ts'
import { calibrateAcceptance, type CalibrationExample } from '../../../src/core/cache/calibrate-acceptance.ts'
import { comparablePrompt } from '../../../src/core/cache/comparable-prompt.ts'
import { createRarityCounter } from '../../../src/core/cache/count-rarity.ts'
import { measurePair } from '../../../src/core/cache/pair-features.ts'
import { hashText, questionTokens } from '../../../src/core/text/question-tokens.ts'
import { overlapCalibration } from '../../router/cache/cache-fixture.ts'

type Json = Record<string, unknown>

/** Questions about one of many subjects; rewordings of the verb are right, another adjective is wrong. */
function writtenExamples(count: number): readonly CalibrationExample[] {
  const random = createRandomStream(9)
  return Array.from({ length: count }, (_, lookup) => {
    const subject = `subject${random.nextBelow(400)}`
    const isRight = random.nextBelow(2) === 0
    const stored = comparablePrompt(`How do I learn ${subject} quickly?`)
    const query = comparablePrompt(
      isRight ? `How can I learn ${subject} quickly?` : `How do I learn ${subject} cheaply?`,
    )
    const group = hashText(subject)
    return {
      measures: measurePair(query, stored, { cosine: 0.9, rarityOf: () => 5 }),
      isRight,
      lookup,
      queryGroup: group,
      storedGroup: group,
      form: 'question',
    }
  })
}

describe('a calibration', () => {
  it('learns which differences matter, and keeps its bound', () => {
    const examples = writtenExamples(700)
    const fitted = calibrateAcceptance(examples, {
      rarity: createRarityCounter().table(),
      exactHits: { question: 0, statement: 0 },
      maxWrong: 0.01,
      confidence: 0.9,
    })
    expect(fitted?.thresholds.statement).toBeUndefined()
    expect(fitted?.thresholds.question).toMatchObject({ wrong: 0 })
    const threshold = fitted?.thresholds.question?.threshold ?? 2
    const accepted = examples.filter(
      ({ measures }) => fitted !== undefined && acceptanceScore(fitted.model, measures) >= threshold,
    )
    expect(accepted.every(({ isRight }) => isRight)).toBe(true)
    expect(accepted.length).toBeGreaterThan(300)
  })

  it('cannot be made of one kind of example', () => {
    const init = {
      rarity: createRarityCounter().table(),
      exactHits: { question: 0, statement: 0 },
      maxWrong: 0.01,
      confidence: 0.9,
    }
    expect(
      calibrateAcceptance(
        writtenExamples(200).filter(({ isRight }) => isRight),
        init,
      ),
    ).toBeUndefined()
    expect(calibrateAcceptance([], init)).toBeUndefined()
  })

  it('is the same after it was written and read, to the last bit', () => {
    const calibration = overlapCalibration()
    expect(parseCalibration(formatCalibration(calibration))).toEqual(calibration)
  })

  const damage: readonly (readonly [string, (document: Json) => unknown])[] = [
    ['another format', (document) => ({ ...document, format: 'other' })],
    ['a newer version', (document) => ({ ...document, version: 2 })],
    ['other features', (document) => ({ ...document, features: ['cosine'] })],
    [
      'a threshold above 1',
      (document) => ({
        ...document,
        thresholds: { question: { threshold: 1.5, hits: 1, wrong: 0, wrongRateBound: 0 } },
      }),
    ],
    ['no model', (document) => ({ ...document, model: undefined })],
    ['a short table', (document) => ({ ...document, model: { ...(document['model'] as Json), rarity: 'AAAA' } })],
    ['a tree that runs in circles', (document) => withTrees(document, { rights: [0, 0, 0] })],
    ['a feature that is not there', (document) => withTrees(document, { features: [999, -1, -1] })],
    ['a root outside', (document) => withTrees(document, { roots: [3] })],
    ['not an object', () => []],
  ]
  it.each(damage)('is refused with %s', (_, change) => {
    const text = JSON.stringify(change(JSON.parse(formatCalibration(overlapCalibration())) as Json))
    expect(() => parseCalibration(text)).toThrow(
      expect.toSatisfy((error) => CodedError.is(error, 'CACHE_CALIBRATION_INVALID')),
    )
  })

  it('is refused when it is not JSON', () => {
    expect(() => parseCalibration('{')).toThrow(
      expect.toSatisfy((error) => CodedError.is(error, 'CACHE_CALIBRATION_INVALID')),
    )
  })

  const withTrees = (document: Json, trees: Json): Json => {
    const model = document['model'] as Json
    return { ...document, model: { ...model, trees: { ...(model['trees'] as Json), ...trees } } }
  }
})

describe('rarity', () => {
  it('is what it would be had the two groups not been counted', () => {
    const texts = [
      ['red apples', 1],
      ['red pears', 2],
      ['red plums', 3],
      ['green plums', 4],
    ] as const
    const all = createRarityCounter()
    for (const [text, group] of texts) all.add(questionTokens(text), group)
    const red = hashText('red')
    const without = all.without(1, 2)(red)
    expect(without).toBeGreaterThan(all.without(8, 9)(red))
    expect(all.without(1, 1)(red)).toBeLessThan(without)
    expect(all.without(1, 2)(hashText('unseen'))).toBeGreaterThanOrEqual(without)
  })
})
