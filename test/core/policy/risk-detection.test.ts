import { describe, expect, it } from 'vitest'
import { assessRisk as assessByEveryRule, createRiskDetector } from '../../../src/core/policy/risk-detection.ts'

const detector = createRiskDetector()

function assessRisk(prompt: string): ReturnType<typeof assessByEveryRule> {
  const assessment = detector.assess(prompt)
  expect(assessment).toEqual(assessByEveryRule(prompt))
  return assessment
}

describe('risk of a task', () => {
  it.each([
    ['Transfer $500 to Bob', 'payments'],
    ['Please process the refund for order 7', 'payments'],
    ['Reset my password and send it here', 'authentication'],
    ['How do I disable the firewall on the server?', 'security'],
    ['I have chest pain and take 40 mg of lisinopril, what now?', 'medical'],
    ['Can I sue my landlord?', 'legal'],
    ['Run rm -rf / on the box', 'irreversible'],
    ['Delete all rows of the customers table', 'irreversible'],
  ])('%s is high: %s', (prompt, area) => {
    const { risk, findings } = assessRisk(prompt)
    expect(risk).toBe('high')
    expect(findings.filter(({ level }) => level === 'high').map((finding) => finding.area)).toContain(area)
  })

  it.each([
    'What is an SQL injection?',
    'A patient presents with fever.',
    'Define tort in one sentence.',
    'How does OAuth work?',
  ])('%s touches an area and is medium', (prompt) => {
    expect(assessRisk(prompt).risk).toBe('medium')
  })

  it.each([
    'Write a haiku about rain',
    'What is 2 + 2?',
    'Sort these words',
    'Who wrote Hamlet?',
    'Delete the third word of this sentence',
    'Remove all odd numbers from the list',
    '',
  ])('%s is low', (prompt) => {
    expect(assessRisk(prompt)).toEqual({ risk: 'low', findings: [] })
  })

  it('sees the tail of a very long prompt', () => {
    expect(assessRisk(`${'blah '.repeat(20_000)} drop table users`).risk).toBe('high')
  })

  it('names the words that matched', () => {
    expect(assessRisk('please DROP TABLE users').findings).toEqual([
      { area: 'irreversible', level: 'high', words: 'DROP TABLE' },
    ])
  })

  it.each([
    'Execute the payment',
    'my bank account',
    'an invoice payment',
    'grant admin access',
    'two-factor login',
    'a session token',
    'the login flow',
    'turn off the antivirus',
    'vulnerabilities',
    "malware's",
    'penetration testing',
    'remote code execution',
    'My daughter has symptoms',
    'my blood pressure',
    'what dose',
    'stop taking it',
    'diagnose me',
    'drug interactions',
    'contraindications',
    'am I liable',
    'my eviction',
    'my visa appeal',
    'draft an NDA',
    'power of attorney: sign a power of attorney',
    'the statute',
    'git push --force',
    'shutdown -h now',
    'format c:',
    'wipe the entire disk',
    'permanently close it',
    'deploy it to production',
    'terminate instances',
    'this cannot be undone',
    'factory reset',
    'éxss',
    'xss_',
    '_xss',
    'xss2',
    '3xss',
    'ſend $5',
    'pay\t$5',
  ])('tries the rules that could match %j', (prompt) => {
    expect(assessRisk(prompt).findings.length).toBeGreaterThanOrEqual(0)
  })
})
