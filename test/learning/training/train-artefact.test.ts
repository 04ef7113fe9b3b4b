import { beforeAll, describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { LoggedTask, ObservedOutcome } from '../../../src/core/learning/logged-task.ts'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { PROMPT_FEATURES, createFeatureExtractor } from '../../../src/core/policy/prompt-features.ts'
import {
  trainArtefact,
  type ArtefactTraining,
  type TrainedPolicy,
} from '../../../src/learning/training/train-artefact.ts'
import type {
  TrainingCheckpoints,
  TrainingComponents,
  TrainingOptions,
} from '../../../src/learning/training/training-run.ts'
import { TrainingSetBuilder, type TrainingSet } from '../../../src/learning/training/training-set.ts'
import type { PolicyKernel } from '../../../src/ports/policy-kernel.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'

let wasm: PolicyKernel

beforeAll(async () => {
  wasm = await loadWasmKernel()
})

type Change = (task: LoggedTask, row: number) => LoggedTask

/** Tasks whose outcomes are recorded for all models: compound prompts are failed by the weak model, code is done by the coder. */
function tasks(count: number, change: Change = (task) => task): readonly LoggedTask[] {
  const random = createRandomStream(9)
  return syntheticRows(count, 1).map(({ prompt, outcomes }, row) => {
    const text = `${prompt} (${row})`
    const observed = new Map(
      [...outcomes].map(([model, { score, costUsd }]): [string, ObservedOutcome] => {
        const latencyMs = (model === 'strong' ? 4000 : 500) * (0.5 + random.nextUnit())
        return [model, { success: score, costUsd, latencyMs, source: 'recorded' }]
      }),
    )
    const task: LoggedTask = {
      taskHash: sha256Hex(text),
      timestamp: undefined,
      prompt: text,
      features: undefined,
      risk: 'low',
      policyVersion: undefined,
      candidates: [],
      action: 'weak',
      propensity: 1 / 3,
      outcome: observed.get('weak') ?? { success: 0, costUsd: 0, latencyMs: 0, source: 'recorded' },
      observed,
    }
    return change(task, row)
  })
}

function setOf(rows: readonly LoggedTask[], kernel: PolicyKernel = wasm, bucketBits = 13): TrainingSet {
  const builder = new TrainingSetBuilder({ kernel, bucketBits, seed: 1 })
  for (const row of rows) builder.add(row)
  return builder.finish()
}

const init: ArtefactTraining = { family: 'auto', seed: 1, lineage: { dataCardHash: 'card', codeVersion: '0' } }

type Trial = Partial<TrainingComponents> &
  TrainingOptions &
  Partial<ArtefactTraining> & { readonly kernel?: PolicyKernel }

async function train(
  rows: readonly LoggedTask[],
  { signal, onProgress, checkpoints, pause, ...trial }: Trial = {},
): Promise<TrainedPolicy> {
  const kernel = trial.kernel ?? wasm
  return await trainArtefact(
    { kernel, ...(checkpoints !== undefined && { checkpoints }), ...(pause !== undefined && { pause }) },
    { ...init, ...trial, set: setOf(rows, kernel) },
    { ...(signal !== undefined && { signal }), ...(onProgress !== undefined && { onProgress }) },
  )
}

// As long as nine in ten of the tasks that are learned.
const CODE = 'Write a python function lake(list) that returns an int. assert lake([]) == 0 (123)'
const PLAIN = 'What about the lake?\nA. oxygen\nB. seven miles\nC. a red stone\nD. nobody knows\nAnswer: (123)'
const COMPOUND =
  'What about the lake?\nA. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong\nAnswer: (123)'

describe('training on logged tasks', () => {
  it('learns which model does what, at which cost and how fast, in chances that hold', async () => {
    const { artefact, report } = await train(tasks(1200))
    const scorer = createPolicyScorer({ artefact: parsePolicyArtefact(formatPolicyArtefact(artefact)) })
    expect(artefact.candidates).toEqual(['coder', 'strong', 'weak'])
    expect(scorer.score(CODE).success[0]).toBeGreaterThan(0.8)
    expect(scorer.score(PLAIN).success[0]).toBeLessThan(0.5)
    expect(scorer.score(COMPOUND).success[2]).toBeLessThan(0.4)
    expect([...(scorer.expectedUsd(PLAIN) ?? [])].map((usd) => Math.round(usd * 1000))).toEqual([2, 10, 1])
    const [half, most] = scorer.latencyQuantiles(PLAIN) ?? []
    expect(Math.abs((half?.[1] ?? 0) - 4000)).toBeLessThan(800)
    expect(Math.abs((most?.[1] ?? 0) - 5600)).toBeLessThan(800)
    expect(Math.abs((half?.[2] ?? 0) - 500)).toBeLessThan(100)
    expect(artefact.operatingPoints.length).toBeGreaterThan(0)
    for (const model of report.models) {
      expect(model.log_loss).toBeLessThan(model.base_log_loss + 0.02)
      expect(model.ece_after).toBeLessThan(0.1)
    }
    expect(report).toMatchObject({ rows: 1200, unreadable_rows: 0, left_out: [], folds: 10, has_costs: true })
    expect(artefact.lineage.metrics).toMatchObject({ rows: 1200, models: 3, folds: 10 })
  })

  it('gives the same bytes twice, and with either kernel', async () => {
    const rows = tasks(150)
    const once = formatPolicyArtefact((await train(rows)).artefact)
    expect(formatPolicyArtefact((await train(rows)).artefact)).toBe(once)
    expect(formatPolicyArtefact((await train(rows, { kernel: createTypeScriptKernel() })).artefact)).toBe(once)
    expect(formatPolicyArtefact((await train(rows, { seed: 2 })).artefact)).not.toBe(once)
  })

  it('gives the same bytes when it was stopped after any part and taken up again', async () => {
    const rows = tasks(120)
    const whole = formatPolicyArtefact((await train(rows)).artefact)
    const kept = new Map<string, Uint8Array>()
    let reads = 0
    const checkpoints: TrainingCheckpoints = {
      read: async (name) => {
        const found = kept.get(name)
        if (found !== undefined) reads += 1
        return await Promise.resolve(found)
      },
      write: async (name, bytes) => void (await Promise.resolve(kept.set(name, bytes))),
    }
    for (const steps of [3, 17, 40, 90]) {
      const stopper = new AbortController()
      const onProgress = (): void => {
        if (kept.size >= steps) stopper.abort(new Error('stopped'))
      }
      await expect(train(rows, { checkpoints, signal: stopper.signal, onProgress })).rejects.toThrow('stopped')
    }
    const written = kept.size
    expect(formatPolicyArtefact((await train(rows, { checkpoints })).artefact)).toBe(whole)
    expect(reads).toBeGreaterThanOrEqual(written)
  })

  it('learns the gain where a pair is asked for', async () => {
    const { artefact, report } = await train(tasks(300), { pair: { strong: 'strong', weak: 'weak' } })
    const scorer = createPolicyScorer({ artefact })
    expect(scorer.scoreGain(COMPOUND)).toBeGreaterThan(scorer.scoreGain(PLAIN) + 0.2)
    expect(report.methods.find(({ name }) => name === report.method)?.apgr).toBeGreaterThan(0.6)
  })

  it('serves what similar tasks came to, when that family is asked for', async () => {
    const { artefact, report } = await train(tasks(300), { family: 'neighbours' })
    const scorer = createPolicyScorer({ artefact: parsePolicyArtefact(formatPolicyArtefact(artefact)) })
    expect([artefact.family, report.family]).toEqual(['neighbours', 'neighbours'])
    expect(scorer.score(CODE).success[0]).toBeGreaterThan(0.7)
    expect(scorer.score(COMPOUND).success[2]).toBeLessThan(0.4)
    const raw = createFeatureExtractor().extract(CODE).dense.slice()
    expect(scorer.scoreFeatures(raw).success[0]).toBeGreaterThan(0.6)
  })

  it('says how far it is, and ends at the whole', async () => {
    const seen: number[] = []
    await train(tasks(60), { onProgress: ({ done, total }) => seen.push(done / total) })
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })
})

describe('logs of a policy that chose', () => {
  it('learns each model from the rows that have it', async () => {
    const { artefact, report } = await train(
      tasks(900, (task, row) => {
        const model = ['coder', 'strong', 'weak'][row % 3] ?? ''
        const outcome = task.observed.get(model)
        return {
          ...task,
          action: model,
          observed: new Map(outcome === undefined ? [] : [[model, { ...outcome, source: 'executed' }]]),
        }
      }),
    )
    const scorer = createPolicyScorer({ artefact })
    expect(report.models.map(({ outcomes }) => outcomes)).toEqual([300, 300, 300])
    expect(scorer.score(CODE).success[0]).toBeGreaterThan(0.7)
    expect(scorer.score(COMPOUND).success[2]).toBeLessThan(0.5)
    expect(report.methods.every(({ cost_at_95: cost }) => cost === null)).toBe(true)
  })

  it('learns from features where the text was not kept', async () => {
    const extractor = createFeatureExtractor()
    const { artefact, report } = await train(
      tasks(300, (task) => ({
        ...task,
        prompt: undefined,
        features: Float64Array.from(extractor.extract(task.prompt ?? '').dense),
      })),
    )
    expect(report.rows).toBe(300)
    expect(artefact.family).toBe('linear')
    const raw = extractor.extract(CODE).dense.slice()
    expect(createPolicyScorer({ artefact }).scoreFeatures(raw).success[0]).toBeGreaterThan(0.7)
  })

  it('leaves out models that were hardly seen and rows that nothing is known of', async () => {
    const { artefact, report } = await train(
      tasks(120, (task, row) => ({
        ...task,
        ...(row >= 100 && { prompt: undefined, features: new Float64Array(PROMPT_FEATURES.length - 1) }),
        observed: row < 19 ? task.observed : new Map([...task.observed].filter(([model]) => model !== 'coder')),
      })),
    )
    expect(artefact.candidates).toEqual(['strong', 'weak'])
    expect(report).toMatchObject({ rows: 100, unreadable_rows: 20, left_out: ['coder'] })
  })

  it.each([
    ['too few rows', 19, {}],
    ['a pair that was not seen', 100, { pair: { strong: 'strong', weak: 'other' } }],
  ])('refuses %s', async (_, count, trial) => {
    await expect(async () => await train(tasks(count), trial)).rejects.toMatchObject({ code: 'TRAINING_DATA_INVALID' })
  })

  it('refuses similar tasks without texts', async () => {
    const rows = tasks(100, (task) => ({
      ...task,
      prompt: undefined,
      features: Float64Array.from(createFeatureExtractor().extract(task.prompt ?? '').dense),
    }))
    await expect(train(rows, { family: 'neighbours' })).rejects.toMatchObject({ code: 'TRAINING_DATA_INVALID' })
  })
})
