import { describe, expect, it } from 'vitest'
import { answerDeterministically } from '../../../src/core/tools/answer-deterministically.ts'
import {
  arithmeticQuestion,
  countingQuestion,
  createDraw,
  dateQuestion,
  unitQuestion,
  type Draw,
  type GeneratedQuestion,
} from './question-generators.ts'
import {
  baseQuestion,
  casingQuestion,
  extractionQuestion,
  jsonQuestion,
  listQuestion,
  romanQuestion,
  summaryQuestion,
} from './text-question-generators.ts'

const KINDS: Readonly<Record<string, (draw: Draw) => GeneratedQuestion>> = {
  arithmetic: arithmeticQuestion,
  units: unitQuestion,
  dates: dateQuestion,
  counting: countingQuestion,
  json: jsonQuestion,
  regex: extractionQuestion,
  summary: summaryQuestion,
  lists: listQuestion,
  bases: baseQuestion,
  casing: casingQuestion,
  roman: romanQuestion,
}

const QUESTIONS_PER_KIND = 500

describe.each(Object.entries(KINDS))('generated questions: %s', (tool, generate) => {
  it(`answers ${QUESTIONS_PER_KIND} of them exactly`, () => {
    const draw = createDraw(2026)
    const wrong: unknown[] = []
    for (let index = 0; index < QUESTIONS_PER_KIND; index++) {
      const { question, expected } = generate(draw)
      const found = answerDeterministically(question)
      if (found?.answer !== expected || found.tool !== tool)
        wrong.push({ question, expected, tool: found?.tool, answer: found?.answer })
    }
    expect(wrong.slice(0, 12)).toEqual([])
  })
})
