import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createRandomStream, shuffle } from '../../../src/base/random-stream.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { evaluateCost, readCostRows, trainCost } from '../../../src/learning/evaluation/cost.ts'
import { evaluateRouting, type RoutingEvaluation } from '../../../src/learning/evaluation/routing.ts'
import { readRoutingFile, trainRouting, type RoutingFile } from '../../../src/learning/evaluation/train-routing.ts'

const folder = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/routing`
const isThere = existsSync(folder)
if (!isThere)
  console.log(`Skipped: no evaluation data at ${folder}; set KERNELL_DATA to the folder that holds routing/`)

const PAIR = { strong: 'gpt-4-1106-preview', weak: 'mixtral-8x7b-instruct-v0.1' } as const
const TIMEOUT_MS = 180_000

function linesOf(name: string): readonly string[] {
  const bytes = readFileSync(`${folder}/${name}`)
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').filter((line) => line !== '')
}

/** Two halves of the lines; lines with the same group go to one side. */
function halves(
  lines: readonly string[],
  groupOf: (line: string, index: number) => string,
  seed: number,
): readonly [RoutingFile, RoutingFile] {
  const groups = lines.map(groupOf)
  const sizes = new Map<string, number>()
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  const sides = new Map<string, number>()
  const filled = [0, 0]
  for (const group of shuffle([...sizes.keys()].toSorted(), createRandomStream(seed))) {
    const side = (filled[0] ?? 0) <= (filled[1] ?? 0) ? 0 : 1
    sides.set(group, side)
    filled[side] = (filled[side] ?? 0) + (sizes.get(group) ?? 0)
  }
  const half = (side: number): RoutingFile => ({
    name: `half-${side}`,
    text: lines.filter((_, index) => sides.get(groups[index] ?? '') === side).join('\n'),
  })
  return [half(0), half(1)]
}

function judge(train: RoutingFile, test: RoutingFile): RoutingEvaluation {
  const artefact = trainRouting({ files: [train], ...PAIR, label: 'score', seed: 1, codeVersion: 'test' })
  return evaluateRouting(
    {
      clock: { monotonicMs: () => performance.now() },
      openScorer: (opened) => createPolicyScorer({ artefact: opened }),
    },
    { artefact, test: readRoutingFile(test, 'score'), ...PAIR, seed: 1 },
  )
}

function figure(report: RoutingEvaluation, name: string, field: 'apgr' | 'cpt50'): number {
  return report.routers.find((router) => router.name === name)?.[field] ?? Number.NaN
}

describe.skipIf(!isThere)('routing on real questions', () => {
  it('recovers more than prompt length on subjects that it was not trained on', { timeout: TIMEOUT_MS }, () => {
    const lines = linesOf('routellm_mmlu.jsonl.gz')
    const split = halves(lines, (line) => (JSON.parse(line) as { readonly subject: string }).subject, 1)
    const reports = [judge(split[0], split[1]), judge(split[1], split[0])]
    const mean = (name: string): number => reports.reduce((sum, report) => sum + figure(report, name, 'apgr') / 2, 0)
    expect(mean('kernell')).toBeGreaterThanOrEqual(0.61)
    expect(mean('kernell')).toBeGreaterThan(mean('prompt-length') + 0.03)
  })

  it('recovers most of the gap on sums, and more when it sees the cheap answer', { timeout: TIMEOUT_MS }, () => {
    // Three hundred questions a side: one split says little, so four are averaged, both directions each.
    const lines = linesOf('routellm_gsm8k.jsonl')
    const reports = [1, 2, 3, 4].flatMap((seed) => {
      const [a, b] = halves(lines, (_, index) => String(index), seed)
      return [judge(a, b), judge(b, a)]
    })
    const mean = (name: string, field: 'apgr' | 'cpt50'): number =>
      reports.reduce((sum, report) => sum + figure(report, name, field), 0) / reports.length
    expect(mean('kernell', 'apgr')).toBeGreaterThanOrEqual(0.62)
    expect(mean('kernell-cascade', 'apgr')).toBeGreaterThanOrEqual(0.82)
    expect(mean('kernell-cascade', 'cpt50')).toBeLessThanOrEqual(0.16)
  })

  it('costs less than the best random mix among eleven models', { timeout: TIMEOUT_MS }, () => {
    const [train, test] = halves(linesOf('routerbench.jsonl'), (_, index) => String(index), 3)
    const training = { train, test, seed: 1, codeVersion: 'test' }
    const rows = readCostRows(training)
    const artefact = trainCost(rows, training)
    const { points } = evaluateCost(
      { openScorer: (opened) => createPolicyScorer({ artefact: opened }) },
      { artefact, rows, seed: 1 },
    )
    // Eight hundred rows measure a share to about one per cent, so the share itself is not asserted to the point.
    for (const { quality_share: share, kernell, achieved, best_random_mix: mix } of points.slice(0, 3)) {
      expect(achieved, `quality ${share}`).toBeGreaterThanOrEqual(share - 0.025)
      if (kernell !== null) expect(kernell, `quality ${share}`).toBeLessThan(mix ?? 0)
    }
  })
})
