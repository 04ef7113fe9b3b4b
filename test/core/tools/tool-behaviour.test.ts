import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { answerDeterministically } from '../../../src/core/tools/answer-deterministically.ts'
import { evaluateExpression } from '../../../src/core/tools/evaluate-expression.ts'
import { parseJsonDocument } from '../../../src/core/tools/json-document.ts'
import { readNumberWords } from '../../../src/core/tools/number-words.ts'
import { formatRounded, rationalOf } from '../../../src/core/tools/rational.ts'

fc.configureGlobal({ seed: 2026 })

/** 2026-11-25T23:30:00Z, a Wednesday. */
const NOW = timestampFromMs(Date.UTC(2026, 10, 25, 23, 30))

function answer(task: string, timeZone?: string): string | undefined {
  return answerDeterministically(task, { now: NOW, ...(timeZone !== undefined && { timeZone }) })?.answer
}

describe('questions about today', () => {
  it('are answered when the present is given', () => {
    expect(answer('What is the date today?')).toBe('2026-11-25')
    expect(answer('What day is it today?')).toBe('Wednesday')
    expect(answer('How many days until December 25, 2026?')).toBe('30 days')
    expect(answer('What date is 10 days from today?')).toBe('2026-12-05')
    expect(answer('What was the date 3 weeks ago?')).toBe('2026-11-04')
  })

  it('follow a fixed offset and are declined under a named zone', () => {
    expect(answer('What is the date today?', '+02:00')).toBe('2026-11-26')
    expect(answer('What is the date today?', 'Europe/Paris')).toBeUndefined()
  })

  it('are declined without the present', () => {
    expect(answerDeterministically('What is the date today?')).toBeUndefined()
  })
})

describe('exactness', () => {
  it('drops the unit when only the number is asked for', () => {
    expect(answer('How many feet are in 3 miles? Answer with only the number.')).toBe('15840')
  })

  it('answers with confidence 1 and an explanation', () => {
    expect(answerDeterministically('What is 0.1 + 0.2?')).toEqual({
      tool: 'arithmetic',
      answer: '0.3',
      confidence: 1,
      explanation: 'Evaluated exactly as a fraction: 3/10.',
    })
  })

  it('agrees with BigInt on whole-number expressions of any size', () => {
    const integer = fc.bigInt({ min: 0n, max: 10n ** 30n })
    fc.assert(
      fc.property(integer, integer, integer, (a, b, c) => {
        expect(evaluateExpression(`(${a} + ${b}) * ${c} - ${b}`)?.value).toEqual({
          numerator: (a + b) * c - b,
          denominator: 1n,
        })
      }),
    )
  })

  it('agrees with BigInt on quotients', () => {
    const integer = fc.bigInt({ min: 1n, max: 10n ** 15n })
    fc.assert(
      fc.property(integer, integer, integer, (a, b, c) => {
        const value = evaluateExpression(`${a} / ${b} + ${c}`)?.value
        expect(value !== undefined && value.numerator * b === (a + c * b) * value.denominator).toBe(true)
      }),
    )
  })

  it('refuses to round an exact tie', () => {
    expect(formatRounded(rationalOf(5n, 2n), 0)).toBeUndefined()
    expect(formatRounded(rationalOf(-7n, 3n), 2)).toBe('-2.33')
    expect(formatRounded(rationalOf(-1n, 1000n), 2)).toBe('0.00')
  })

  it('bounds powers and depth', () => {
    expect(evaluateExpression('9^999999')).toBeUndefined()
    expect(evaluateExpression(`${'('.repeat(60)}1${')'.repeat(60)}`)).toBeUndefined()
    expect(evaluateExpression('1^999999999999')?.value).toEqual(rationalOf(1n))
  })

  it('reads number words', () => {
    expect(readNumberWords('two hundred and five')).toBe(205n)
    expect(readNumberWords('three million forty-two thousand one')).toBe(3_042_001n)
    for (const odd of ['twenty ten', 'five six', 'hundred', 'two thousand million', 'and five', 'zero one']) {
      expect(readNumberWords(odd), odd).toBeUndefined()
    }
  })
})

describe('JSON documents', () => {
  it('accept exactly what JSON.parse accepts, but for repeated keys', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string({
        unit: fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '1',
          '-',
          '.',
          'e',
          'a',
          '\\',
          't',
          'true',
          'null',
          ' ',
        ),
      }),
    )
    fc.assert(
      fc.property(text, (source) => {
        if (/"([^"]*)"[^]*"\1"/.test(source)) return
        let isJson = true
        try {
          JSON.parse(source)
        } catch {
          isJson = false
        }
        expect(parseJsonDocument(source) !== undefined, source).toBe(isJson)
      }),
      { numRuns: 2000 },
    )
  })

  it('keep numbers as they were written', () => {
    expect(answer('Minify this JSON: {"a": 1.0, "b": 12345678901234567890, "c": 1e2}')).toBe(
      '{"a":1.0,"b":12345678901234567890,"c":1e2}',
    )
  })
})

it('is total on arbitrary strings', () => {
  const openings = fc.constantFrom(
    '',
    'What is ',
    'How many ',
    'Convert ',
    'Extract all ',
    'Sort ',
    'Count the words in ',
    'Is ',
    'Calculate ',
  )
  fc.assert(
    fc.property(openings, fc.string({ unit: 'binary', maxLength: 200 }), fc.boolean(), (opening, tail, isTwice) => {
      const found = answerDeterministically(opening + tail + (isTwice ? `: ${tail}` : ''))
      expect(found === undefined || typeof found.answer === 'string').toBe(true)
    }),
    { numRuns: 3000 },
  )
})

const DATA = process.env['KERNELL_DATA'] ?? '../shared/data'

describe.skipIf(!existsSync(DATA))('prompts written by others', () => {
  it('are answered only where the answer equals the reference', () => {
    const files = [
      'prompts/load_prompts.jsonl',
      'routing/ulab_llmrouter.jsonl.gz',
      'routing/routellm_gsm8k.jsonl',
      'routing/routerarena.jsonl',
      'routing/routellm_mtbench.jsonl',
      'routing/alpacaeval_v1.jsonl',
      'routing/mmlu_pro.jsonl.gz',
    ]
    let answered = 0
    for (const file of files) {
      const bytes = readFileSync(`${DATA}/${file}`)
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
      for (const line of text.split('\n')) {
        if (line === '') continue
        const { prompt, reference } = JSON.parse(line) as { prompt: string; reference?: string }
        const found = answerDeterministically(prompt)
        if (found === undefined) continue
        answered += 1
        const boxed = /\\boxed\{(.+)\}/
          .exec(reference ?? '')?.[1]
          ?.replace(/\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?/, '$1/$2')
        if (boxed === undefined) continue
        const expected = evaluateExpression(boxed)?.value
        expect(evaluateExpression(found.answer.replace(/ ≈.*/, ''))?.value, prompt).toEqual(expected)
      }
    }
    expect(answered).toBeGreaterThanOrEqual(10)
  })
})
