import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runClosedLoop } from '../../../src/node/learning/evaluation/closed-loop.ts'

const file = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/routing/routerbench.jsonl`
const isThere = existsSync(file)
if (!isThere) console.log(`Skipped: no evaluation data at ${file}; set KERNELL_DATA to the folder that holds routing/`)

describe.skipIf(!isThere)('the closed loop on recorded outcomes of eleven models', () => {
  // A few of the fifty runs that `kernell eval loop` makes: the direction, not the figure.
  it('gets cheaper at the same quality than the prior and than a random mix', { timeout: 180_000 }, async () => {
    const { report } = await runClosedLoop({
      train: { name: 'routerbench.jsonl', text: readFileSync(file, 'utf8') },
      test: undefined,
      seeds: 4,
      firstSeed: 1001,
      outcomes: [200, 900],
      method: 'thompson',
    })
    const [prior, early, late] = report.steps.map(({ cost_share: { mean } }) => mean)
    expect(prior).toBeGreaterThan(0.8)
    expect(early).toBeLessThan((prior ?? 0) - 0.1)
    expect(late).toBeLessThan(early ?? 0)
    expect(report.reads).toEqual({ executed: 3600, unexecuted: 0 })
    for (const { name, difference } of report.equal_cost.baselines)
      if (name !== 'best-mix-hindsight') expect(difference.mean, name).toBeGreaterThan(0.02)
  })
})
