import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { trainPolicy } from '../../../src/core/learning/train-policy.ts'
import type { RoutingRow } from '../../../src/core/learning/routing-rows.ts'
import { createPolicyScorer, type PolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import type { PolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import { evaluateRouting, type RoutingEvaluation } from '../../../src/learning/evaluation/routing.ts'
import { describeSharedPrompts } from '../../../src/learning/evaluation/order-rows.ts'
import { readRoutingFile, trainRouting } from '../../../src/learning/evaluation/train-routing.ts'
import { createPolicyService } from '../../../src/router/policy-service.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'

const clock = { monotonicMs: (): number => performance.now() }
const train = syntheticRows(400, 1)
const test = syntheticRows(300, 2)
const artefact = trainPolicy(train, {
  candidates: ['strong', 'weak'],
  pair: { strong: 'strong', weak: 'weak' },
  withCosts: false,
  lineage: { dataCardHash: 'card', codeVersion: '0.0.0' },
  seed: 1,
})

function openServed(opened: PolicyArtefact): PolicyScorer {
  const { scorer } = createPolicyService({ artefact: opened, quality: 0.7, explorationRate: 0 })
  if (scorer === undefined) throw new Error('no scorer')
  return scorer
}

function judge(
  rows: readonly RoutingRow[],
  openScorer: (opened: PolicyArtefact) => PolicyScorer = openServed,
): RoutingEvaluation {
  return evaluateRouting({ clock, openScorer }, { artefact, test: rows, strong: 'strong', weak: 'weak', seed: 1 })
}

function figures({ routers, ...rest }: RoutingEvaluation): unknown {
  return {
    ...rest,
    routers: routers
      .filter(({ name }) => name !== 'random')
      .map(({ name, apgr, cpt50, cpt80 }) => ({ name, apgr, cpt50, cpt80 })),
    vs_prompt_length: rest.vs_prompt_length.difference,
  }
}

describe('the evaluation of a router', () => {
  const report = judge(test)
  const router = (name: string, from = report): number =>
    from.routers.find((found) => found.name === name)?.apgr ?? Number.NaN

  it('reports every router, the cascade where answers exist', () => {
    expect(report.routers.map(({ name }) => name)).toEqual([
      'random',
      'prompt-length',
      'kernell',
      'kernell-cascade',
      'oracle',
    ])
    expect(report.n).toBe(300)
    const withoutAnswers = test.map((row) => ({
      ...row,
      outcomes: new Map([...row.outcomes].map(([name, { score }]) => [name, { score }])),
    }))
    expect(judge(withoutAnswers).routers.map(({ name }) => name)).not.toContain('kernell-cascade')
  })

  it('puts chance near one half, the policy above it, what sees the answer above that, and the oracle on top', () => {
    expect(Math.abs(router('random') - 0.5)).toBeLessThan(0.12)
    expect(router('kernell')).toBeGreaterThan(0.6)
    expect(router('kernell-cascade')).toBeGreaterThan(router('kernell'))
    expect(router('oracle')).toBe(report.oracle_apgr)
    expect(report.oracle_apgr).toBeGreaterThan(router('kernell-cascade'))
  })

  it('holds each figure inside its interval and pairs the difference to prompt length', () => {
    for (const {
      apgr,
      apgr_ci95: [low, high],
    } of report.routers) {
      expect(low).toBeLessThanOrEqual(apgr)
      expect(high).toBeGreaterThanOrEqual(apgr)
    }
    const { difference, ci95 } = report.vs_prompt_length
    expect(difference).toBeCloseTo(router('kernell') - router('prompt-length'), 12)
    expect(ci95[0]).toBeLessThan(difference)
    expect(ci95[1]).toBeGreaterThan(difference)
  })

  it('gives all the same figures, chance and intervals included, for rows in another order', () => {
    const untimed = ({ routers, ...rest }: RoutingEvaluation): unknown => ({
      ...rest,
      routers: routers.map(({ us_per_decision: _decision, us_scoring: _scoring, ...router }) => router),
    })
    // Some prompts twice, with other outcomes: their order must not count either.
    const rows = [
      ...test,
      ...test.slice(0, 40).map((row, index) => ({ ...row, outcomes: test[index + 40]?.outcomes ?? row.outcomes })),
    ]
    const random = createRandomStream(7)
    const shuffled = rows
      .map((row) => ({ row, place: random.nextUnit() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ row: { prompt, isContaminated, outcomes } }) => ({ prompt, isContaminated, outcomes }))
    expect(untimed(judge(shuffled))).toEqual(untimed(judge(rows)))
  })

  it('gives the same figures for rows in another order, stripped of all but prompt, scores and the weak answer', () => {
    const stripped = test.toReversed().map(({ prompt, isContaminated, outcomes }) => ({
      prompt,
      isContaminated,
      outcomes: new Map(
        [...outcomes].map(([name, { score, response }]) => [
          name,
          name === 'weak' && response !== undefined ? { score, response } : { score },
        ]),
      ),
    }))
    const again = judge(stripped)
    for (const name of ['kernell', 'kernell-cascade', 'prompt-length', 'oracle'])
      expect(router(name, again)).toBeCloseTo(router(name), 12)
  })

  it('leaves out contaminated rows', () => {
    const poisoned = [...test, ...test.map((row) => ({ ...row, isContaminated: true }))]
    expect(figures(judge(poisoned))).toEqual(figures(report))
  })

  it.each([
    ['answers one number', (scorer: PolicyScorer) => ({ ...scorer, scoreGain: () => 0.5 })],
    [
      'answers the opposite',
      (scorer: PolicyScorer) => ({ ...scorer, scoreGain: (prompt: string) => -scorer.scoreGain(prompt) }),
    ],
    ['forgets the prompt', (scorer: PolicyScorer) => ({ ...scorer, scoreGain: () => scorer.scoreGain('') })],
  ])('turns bad when the served scorer %s', (_, breakScorer) => {
    const broken = judge(test, (opened) => breakScorer(openServed(opened)))
    expect(router('kernell', broken)).toBeLessThanOrEqual(0.5)
  })
})

describe('reading and training', () => {
  const line = (index: number, contaminated = false): string =>
    JSON.stringify({
      id: index,
      prompt: `question ${index}`,
      contaminated,
      models: { a: { score: 1 }, b: { score: index % 2 } },
    })
  const file = {
    name: 'f.jsonl',
    text: `${Array.from({ length: 30 }, (_, index) => line(index)).join('\n')}\n\n${line(30, true)}`,
  }

  it('skips blank lines and contaminated rows', () => {
    expect(readRoutingFile(file, 'score')).toHaveLength(30)
  })

  it('names the line of a broken row', () => {
    expect(() => readRoutingFile({ name: 'f.jsonl', text: `${line(0)}\n{` }, 'score')).toThrow(/f\.jsonl:2/)
  })

  it('trains on rows that have both models, and says when there are too few', () => {
    const training = { files: [file], label: 'score', seed: 1, codeVersion: '0' } as const
    expect(trainRouting({ ...training, strong: 'a', weak: 'b' }).candidates).toEqual(['a', 'b'])
    expect(() => trainRouting({ ...training, strong: 'a', weak: 'c' })).toThrowError(
      expect.objectContaining({ code: 'TRAINING_DATA_INVALID' }) as Error,
    )
  })

  it('keeps the same scorer for the same rows in another file order', () => {
    const training = { files: [file], label: 'score', seed: 1, codeVersion: '0', strong: 'a', weak: 'b' } as const
    const prompt = 'question 7'
    expect(createPolicyScorer({ artefact: trainRouting(training) }).scoreGain(prompt)).toBe(
      createPolicyScorer({ artefact: trainRouting({ ...training, files: [{ ...file, name: 'other' }] }) }).scoreGain(
        prompt,
      ),
    )
  })
})

describe('prompts of the training rows among the test rows', () => {
  const row = (prompt: string): RoutingRow => ({ prompt, isContaminated: false, outcomes: new Map() })

  it('are counted, and told', () => {
    const learnt = [row('a'), row('b'), row('b')]
    expect(describeSharedPrompts(learnt, [row('c'), row('d')])).toEqual([])
    expect(describeSharedPrompts(learnt, [row('b'), row('c'), row('b')])).toEqual([
      expect.stringContaining('2 of 3 test rows have a prompt of the training files'),
    ])
  })
})
