import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAccepted, type CheckName, type Verdict } from '../../../src/core/verification/verdict.ts'
import { verifyAnswer, type VerificationInput } from '../../../src/core/verification/verify-answer.ts'

fc.configureGlobal({ seed: 2026 })

function failedChecks(verdict: Verdict): readonly CheckName[] {
  return verdict.checks.filter(({ passed }) => !passed).map(({ name }) => name)
}

function verify(answer: string, rest: Partial<VerificationInput> = {}): Verdict {
  return verifyAnswer({ task: 'Tell me about tides.', answer, ...rest })
}

describe('defects', () => {
  it('refuses an empty answer, but not one that consists of tool calls', () => {
    expect(failedChecks(verify(' \n'))).toEqual(['non-empty'])
    expect(isAccepted(verify('', { toolCallCount: 1, finishReason: 'tool-calls' }))).toBe(true)
  })

  it.each([
    "I'm sorry, but I can't help with that.",
    'I cannot assist with this request.',
    'I’m sorry, but I cannot provide instructions for that.',
    'As an AI language model, I am unable to browse the internet.',
    'Sorry, I can’t comply with that.',
    'I must respectfully decline to answer.',
    'Unfortunately, I am not able to access external files.',
    'I apologize, but I will not be able to help with that.',
    "I'm sorry, but this request violates the usage policy.",
  ])('recognises a refusal: %s', (answer) => {
    expect(failedChecks(verify(answer))).toEqual(['not-refused'])
  })

  it.each([
    "I can't believe it's not butter, she said.",
    'I am sorry to hear about your loss. Here is what you can do.',
    'Sorry, the capital of Australia is Canberra, not Sydney.',
    'I cannot overstate how important tides are.',
    'Dear Ms. Gray, I am sorry to tell you that the position has been filled.',
    'Unfortunately, the tide was out.',
    'You cannot divide by zero.',
  ])('does not take for a refusal: %s', (answer) => {
    expect(isAccepted(verify(answer))).toBe(true)
  })

  it("takes the provider's word for refusals and filters", () => {
    expect(failedChecks(verify('Well.', { refusal: 'no' }))).toEqual(['not-refused'])
    expect(failedChecks(verify('Well.', { finishReason: 'content-filter' }))).toEqual(['not-refused'])
  })

  it('recognises truncation by the finish reason and by an open code block', () => {
    expect(failedChecks(verify('The tide is', { finishReason: 'length' }))).toEqual(['not-truncated'])
    expect(isAccepted(verify('The tide is', { finishReason: 'length', isOutputCapped: true }))).toBe(true)
    expect(failedChecks(verify('Code:\n```js\nlet a = (1'))).toEqual(['not-truncated'])
    expect(isAccepted(verify('````md\n```js\nx\n```\n````'))).toBe(true)
  })

  it('refuses code blocks that cannot be complete', () => {
    expect(failedChecks(verify('```js\nfunction f() { return [1, 2)\n}\n```'))).toEqual(['code-balanced'])
    expect(failedChecks(verify('```python\nprint("a)\n```'))).toEqual(['code-balanced'])
    expect(failedChecks(verify('```json\n{"a": 1,}\n```'))).toEqual(['code-balanced'])
  })

  it('accepts code whose brackets stand in strings, comments, templates and regular expressions', () => {
    const script = 'const a = "(" // (\n/* [ */ const b = `x ${ { y: `}` }.y } (`\nconst c = /[(]/.test(a)\n'
    expect(isAccepted(verify(`\`\`\`ts\n${script}\`\`\``))).toBe(true)
    expect(isAccepted(verify("```py\ndef f():\n    '''it's ('''\n    return '(' # [\n```"))).toBe(true)
    expect(isAccepted(verify('```json\n{ "a": 1, ... }\n```'))).toBe(true)
  })
})

describe('form', () => {
  const schema = {
    type: 'object',
    properties: { age: { type: 'integer', minimum: 0 } },
    required: ['age'],
    additionalProperties: false,
  }

  it('checks JSON and its schema', () => {
    const expectedFormat = { type: 'json-schema', schema } as const
    expect(isAccepted(verify('{"age": 3}', { expectedFormat }))).toBe(true)
    expect(failedChecks(verify('{"age": -3}', { expectedFormat }))).toEqual(['json-schema'])
    expect(failedChecks(verify('Here it is: {"age": 3}', { expectedFormat }))).toEqual(['json-parses'])
    expect(failedChecks(verify('[1]', { expectedFormat: { type: 'json-object' } }))).toEqual(['json-parses'])
  })

  it('uses the schema check it is given, and adds no check where a schema cannot be judged', () => {
    const expectedFormat = { type: 'json-schema', schema: { if: {} } } as const
    expect(verify('1', { expectedFormat }).checks.map(({ name }) => name)).not.toContain('json-schema')
    const schemaCheck = () => ({ kind: 'invalid', path: '/a', problem: 'wrong' }) as const
    expect(failedChecks(verify('1', { expectedFormat, schemaCheck }))).toEqual(['json-schema'])
  })

  it.each([
    ['Answer in one word: what is the capital of Peru?', 'Lima', 'The capital of Peru is Lima', 'length'],
    [
      'Reply with at most 5 words.',
      'The moon pulls the sea',
      'The moon pulls the sea and the earth below it',
      'length',
    ],
    [
      'Summarize tides in exactly 2 sentences.',
      'The moon pulls. The sea rises.',
      'The moon pulls. The sea rises. It falls.',
      'length',
    ],
    ['Is it wet? Answer with only "Yes" or "No".', 'Yes.', 'It depends on the weather', 'choice'],
    [
      'Pick. Print only a single choice  from "A" or "B" or "C" or "D" without explanation.\nAnswer:',
      'B',
      'E',
      'choice',
    ],
    ['Pick. Answer with only A, B, C or D.', 'C) the sea', 'I think that it is C or D', 'choice'],
    ['The answer must match the pattern `^\\d{3}$`', '123', '12', 'pattern'],
    [
      'Describe tides. Answer in French.',
      'La mer monte et descend avec la lune, et les marées sont plus fortes au printemps.',
      'The sea rises and falls with the moon, and the tides are stronger in the spring of the year.',
      'language',
    ],
    [
      'Translate the following sentence from English to Russian.\n\nThe sea rises.',
      'Море поднимается.',
      'The sea rises.',
      'language',
    ],
    ['List three tides. Respond with valid JSON.', '["a", "b", "c"]', 'a, b and c', 'format'],
    ['Provide your final answer in \\boxed{{}} format.', 'It is \\boxed{7}', 'It is 7', 'format'],
  ] as const)('holds an answer to what the task states: %s', (task, good, bad, name) => {
    expect(failedChecks(verifyAnswer({ task, answer: good }))).toEqual([])
    expect(failedChecks(verifyAnswer({ task, answer: bad }))).toEqual([name])
  })

  it('reads no constraint into tasks that only mention one', () => {
    const tasks = [
      'Write a function that returns strings of at most 5 words.',
      'What is "one word" in Latin?',
      'Yes or no: a history of the phrase',
      'Explain JSON.',
      'Who speaks French?',
    ]
    for (const task of tasks)
      expect(
        verifyAnswer({ task, answer: 'A long answer with many words in it, to be sure.' }).checks,
        task,
      ).toHaveLength(3)
  })
})

describe('confidence', () => {
  it('starts at the prior of the policy', () => {
    expect(verify('The moon.', { priorSuccess: 0.4 }).confidence).toBeCloseTo(0.4)
    expect(verify('The moon.').confidence).toBeCloseTo(0.75)
    expect(verify('The moon.', { priorSuccess: Number.NaN }).confidence).toBeCloseTo(0.75)
  })

  it('falls below acceptance on wrong arithmetic and rises on right arithmetic', () => {
    expect(isAccepted(verify('3 * 4 = 13, so 13.'))).toBe(false)
    expect(verify('3 * 4 = 12, so 12.').confidence).toBeGreaterThan(0.75)
  })

  it('follows the vote of further samples', () => {
    expect(
      verify('42', { samples: ['The answer is 42.', '42', '42.0', '41'], priorSuccess: 0.5 }).confidence,
    ).toBeCloseTo(2 / 3)
    expect(isAccepted(verify('42', { samples: ['41', '41', '41'] }))).toBe(false)
  })

  it('follows the judge, and never accepts beside an inconclusive one', () => {
    const good = { kind: 'accept', confidence: 0.9, reason: '' } as const
    expect(isAccepted(verify('The moon.', { judge: good, priorSuccess: 0.5 }))).toBe(true)
    expect(isAccepted(verify('The moon.', { judge: { ...good, kind: 'reject' } }))).toBe(false)
    expect(
      isAccepted(verify('The moon.', { judge: { kind: 'inconclusive', reason: 'timeout' }, priorSuccess: 0.99 })),
    ).toBe(false)
  })

  it('is zero when the answer is not valid', () => {
    expect(verify('', { priorSuccess: 0.99 })).toMatchObject({ valid: false, confidence: 0 })
  })

  it('is calibrated by the table it is given', () => {
    const calibration = {
      steps: [
        { upTo: 0.5, value: 0.1 },
        { upTo: 1, value: 0.72 },
      ],
    }
    expect(verify('The moon.', { calibration }).confidence).toBe(0.72)
    expect(verify('The moon.', { calibration, priorSuccess: 0.3 }).confidence).toBe(0.1)
  })
})

it('is total on arbitrary strings', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom(
        '1',
        '2',
        ' ',
        '=',
        '+',
        '*',
        '/',
        '(',
        ')',
        '%',
        '.',
        'x',
        'kg',
        '$',
        '\n',
        '```js\n',
        '```\n',
        '{',
        '}',
        '`',
        '"',
      ),
      maxLength: 120,
    }),
  )
  fc.assert(
    fc.property(text, text, fc.option(fc.double(), { nil: undefined }), (task, answer, priorSuccess) => {
      const verdict = verifyAnswer({
        task,
        answer,
        samples: [task],
        expectedFormat: { type: 'json-object' },
        ...(priorSuccess !== undefined && { priorSuccess }),
      })
      expect(verdict.confidence).toBeGreaterThanOrEqual(0)
      expect(verdict.confidence).toBeLessThanOrEqual(1)
      expect(verdict.valid || verdict.confidence === 0).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

const DATA = process.env['KERNELL_DATA'] ?? '../shared/data'

it.skipIf(!existsSync(DATA))('refuses more wrong than right answers of a weak model to word problems', () => {
  const rows = readFileSync(`${DATA}/routing/routellm_gsm8k.jsonl`, 'utf8').trim().split('\n')
  const counts = { rightAccepted: 0, rightRefused: 0, wrongAccepted: 0, wrongRefused: 0 }
  for (const row of rows) {
    const { prompt, models } = JSON.parse(row) as {
      prompt: string
      models: Record<string, { response: string; score_numeric: number }>
    }
    const weak = models['mixtral-8x7b-instruct-v0.1']
    if (weak === undefined) continue
    const right = weak.score_numeric === 1 ? 'right' : 'wrong'
    counts[`${right}${isAccepted(verifyAnswer({ task: prompt, answer: weak.response })) ? 'Accepted' : 'Refused'}`] += 1
  }
  expect(counts.rightRefused / (counts.rightRefused + counts.rightAccepted)).toBeLessThan(0.02)
  expect(counts.wrongRefused / (counts.wrongRefused + counts.wrongAccepted)).toBeGreaterThan(0.15)
})
