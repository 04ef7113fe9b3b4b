import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assessRisk, createRiskDetector } from '../../../src/core/policy/risk-detection.ts'
import { HIGH_RISK_PROMPTS, PLAIN_PROMPTS } from './risk-prompts.ts'

const PROMPT_DATA = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/prompts/load_prompts.jsonl`

describe('the risk of labelled prompts', () => {
  const detector = createRiskDetector()

  it('has a table worth the name', () => {
    expect(new Set([...HIGH_RISK_PROMPTS, ...PLAIN_PROMPTS]).size).toBe(HIGH_RISK_PROMPTS.length + PLAIN_PROMPTS.length)
    expect(HIGH_RISK_PROMPTS.length + PLAIN_PROMPTS.length).toBeGreaterThanOrEqual(200)
  })

  it('is high wherever an act is asked for that does harm when it goes wrong', () => {
    expect(HIGH_RISK_PROMPTS.filter((prompt) => detector.assess(prompt).risk !== 'high')).toEqual([])
  })

  it('is never high for knowledge, stories, code and everyday writing', () => {
    const raised = PLAIN_PROMPTS.flatMap((prompt) =>
      detector.assess(prompt).risk === 'high' ? [[prompt, ...detector.assess(prompt).findings]] : [],
    )
    expect(raised).toEqual([])
  })

  it('does not depend on which rules were tried, on capitals or on what surrounds the prompt', () => {
    for (const prompt of [...HIGH_RISK_PROMPTS, ...PLAIN_PROMPTS]) {
      expect(detector.assess(prompt)).toEqual(assessRisk(prompt))
      expect(detector.assess(prompt.toUpperCase()).risk).toBe(detector.assess(prompt).risk)
      expect(detector.assess(`Hello.\n\n${prompt}`).risk).toBe(detector.assess(prompt).risk)
    }
  })

  it('reads hostile text in linear time', () => {
    const units = [
      'my ',
      'pay ',
      'a',
      ' ',
      'delete all ',
      'write a ',
      'how many mg ',
      'please\n',
      "i'm ",
      'send email to ',
    ]
    for (const unit of units) {
      const hostile = `transfer ${unit.repeat(8000 / unit.length)} mg dose invoice contract account customer`
      const startedAt = performance.now()
      detector.assess(hostile)
      expect(performance.now() - startedAt).toBeLessThan(250)
    }
  })

  it.skipIf(!existsSync(PROMPT_DATA))('is high for few prompts of public task sets', () => {
    const prompts = readFileSync(PROMPT_DATA, 'utf8')
      .trim()
      .split('\n')
      .map((line) => String(JSON.parse(line).prompt))
    const share = prompts.filter((prompt) => detector.assess(prompt).risk === 'high').length / prompts.length
    console.info(`risk: ${(share * 100).toFixed(2)} % of ${prompts.length} prompts are high`)
    expect(share).toBeLessThan(0.03)
  })
})
