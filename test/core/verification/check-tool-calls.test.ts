import { describe, expect, it } from 'vitest'
import { verifyAnswer, type VerificationInput } from '../../../src/core/verification/verify-answer.ts'

const WEATHER = {
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
    required: ['city'],
    additionalProperties: false,
  },
}
const CLOCK = { name: 'clock' }

const verdictOf = (calls: readonly (readonly [name: string, text: string])[], more: Partial<VerificationInput> = {}) =>
  verifyAnswer({
    task: 'How is the weather?',
    answer: '',
    finishReason: 'tool-calls',
    toolCallCount: calls.length,
    toolCalls: calls.map(([name, text]) => ({ name, arguments: text })),
    tools: [WEATHER, CLOCK],
    ...more,
  })

describe('tool calls that the caller can execute', () => {
  it.each([
    ['weather', '{"city":"Oslo","days":2}'],
    ['clock', '{}'],
    ['clock', ''],
  ])('are accepted: %s(%s)', (name, text) => {
    const verdict = verdictOf([[name, text]])
    expect(verdict.valid).toBe(true)
    expect(verdict.checks.find((check) => check.name === 'tool-calls')?.passed).toBe(true)
  })
})

describe('tool calls that the caller cannot execute', () => {
  it.each([
    ['arguments that are cut off', 'weather', '{"city":"Os', 'not JSON'],
    ['a tool that was not offered', 'forecast', '{"city":"Oslo"}', 'no such tool'],
    ['a required argument that is missing', 'weather', '{"days":2}', 'missing'],
    ['no arguments where one is required', 'weather', '', 'missing'],
    ['an argument of the wrong type', 'weather', '{"city":"Oslo","days":"two"}', 'type'],
    ['an argument that the tool does not take', 'weather', '{"city":"Oslo","unit":"C"}', 'not allowed'],
  ])('are refused: %s', (_what, name, text, problem) => {
    const verdict = verdictOf([
      ['clock', '{}'],
      [name, text],
    ])
    expect([verdict.valid, verdict.confidence]).toEqual([false, 0])
    const check = verdict.checks.find(({ passed }) => !passed)
    expect([check?.name, check?.detail]).toEqual(['tool-calls', expect.stringContaining(problem)])
    expect(check?.detail).not.toContain('Oslo')
  })
})

describe('what cannot be judged refuses nothing', () => {
  it('parameters with a keyword outside the subset', () => {
    const tools = [{ name: 'weather', parameters: { type: 'object', dependentRequired: { a: ['b'] } } }]
    expect(verdictOf([['weather', '{"a":1}']], { tools }).valid).toBe(true)
  })

  it('calls whose tools are not known', () => {
    const { tools: _tools, ...input } = { task: 'x', answer: '', toolCallCount: 1, tools: undefined }
    const verdict = verifyAnswer({ ...input, toolCalls: [{ name: 'any', arguments: 'x' }] })
    expect([verdict.valid, verdict.checks.some(({ name }) => name === 'tool-calls')]).toEqual([true, false])
  })
})
