import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import type { PolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import { readLoggedTasks } from '../../../src/learning/dataset/dataset-row.ts'
import { evaluateCost, readCostRows, trainCost } from '../../../src/learning/evaluation/cost.ts'
import { evaluateRouting } from '../../../src/learning/evaluation/routing.ts'
import { readRoutingFile, trainRouting, type RoutingFile } from '../../../src/learning/evaluation/train-routing.ts'
import { trainArtefact, type ArtefactTraining } from '../../../src/learning/training/train-artefact.ts'
import { TrainingSetBuilder } from '../../../src/learning/training/training-set.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'

const folder = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/routing`
const isThere = existsSync(folder)
if (!isThere)
  console.log(`Skipped: no evaluation data at ${folder}; set KERNELL_DATA to the folder that holds routing/`)

const PAIR = { strong: 'gpt-4-1106-preview', weak: 'mixtral-8x7b-instruct-v0.1' } as const
const TIMEOUT_MS = 180_000

/** Odd and even lines. */
function halvesOf(name: string): readonly [RoutingFile, RoutingFile] {
  const lines = readFileSync(`${folder}/${name}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const half = (rest: number): RoutingFile => ({
    name: `half-${rest}`,
    text: lines.filter((_, index) => index % 2 === rest).join('\n'),
  })
  return [half(0), half(1)]
}

async function train(file: RoutingFile, pair: ArtefactTraining['pair']): Promise<PolicyArtefact> {
  const kernel = await loadWasmKernel()
  const builder = new TrainingSetBuilder({ kernel, bucketBits: 18, seed: 1 })
  for (const task of readLoggedTasks(file)) builder.add(task)
  const lineage = { dataCardHash: 'test', codeVersion: 'test' }
  const init: ArtefactTraining = { family: 'auto', seed: 1, lineage, ...(pair !== undefined && { pair }) }
  return (await trainArtefact({ kernel }, { ...init, set: builder.finish() })).artefact
}

const openScorer = (artefact: PolicyArtefact): ReturnType<typeof createPolicyScorer> => createPolicyScorer({ artefact })

/** APGR of an artefact on a file. */
function recovered(artefact: PolicyArtefact, test: RoutingFile): number {
  const report = evaluateRouting(
    { clock: { monotonicMs: () => performance.now() }, openScorer },
    { artefact, test: readRoutingFile(test, 'score'), ...PAIR, seed: 1 },
  )
  return report.routers.find(({ name }) => name === 'kernell')?.apgr ?? Number.NaN
}

describe.skipIf(!isThere)('training by choice among methods, on real questions', () => {
  it('recovers no less than ridge regression alone does', { timeout: TIMEOUT_MS }, async () => {
    const [first, second] = halvesOf('routellm_gsm8k.jsonl')
    for (const [trained, judged] of [
      [first, second],
      [second, first],
    ] as const) {
      const ridge = trainRouting({ files: [trained], ...PAIR, label: 'score', seed: 1, codeVersion: 'test' })
      expect(recovered(await train(trained, PAIR), judged)).toBeGreaterThan(recovered(ridge, judged) - 0.01)
    }
  })

  it(
    'costs no more than ridge regression alone does at 95 % of the best quality',
    { timeout: TIMEOUT_MS },
    async () => {
      const [trained, judged] = halvesOf('routerbench.jsonl')
      const rows = readCostRows({ train: trained, test: judged })
      const costOf = (artefact: PolicyArtefact): number =>
        evaluateCost({ openScorer }, { artefact, rows, seed: 1 }).points.find(
          ({ quality_share: share }) => share === 0.95,
        )?.kernell ?? Number.POSITIVE_INFINITY
      const ridge = trainCost(rows, { train: trained, test: judged, seed: 1, codeVersion: 'test' })
      expect(costOf(await train(trained, undefined))).toBeLessThan(costOf(ridge) + 0.03)
    },
  )
})
