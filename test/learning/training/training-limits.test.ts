import { describe, expect, it } from 'vitest'
import type { LoggedTask, ObservedOutcome } from '../../../src/core/learning/logged-task.ts'
import { MODELS_MAX, TrainingSetBuilder } from '../../../src/learning/training/training-set.ts'
import type { PolicyKernel } from '../../../src/ports/policy-kernel.ts'
import { readCoreBytes } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { WasmCore, createSharedMemory } from '../../../src/wasm/wasm-core.ts'
import { compileCore } from '../../../src/wasm/wasm-kernel.ts'
import { WasmLinearTrainer } from '../../../src/wasm/wasm-linear-trainer.ts'
import { PAGE_BYTES } from '../../../src/wasm/web-assembly.ts'

const SEEN: ObservedOutcome = { success: 1, costUsd: undefined, latencyMs: undefined, source: 'recorded' }

function taskOf(row: number, models: readonly string[]): LoggedTask {
  return {
    taskHash: `task-${row}`,
    timestamp: undefined,
    prompt: `${'words of a task '.repeat(50)} ${row}`,
    features: undefined,
    risk: 'low',
    policyVersion: undefined,
    candidates: [],
    action: models[0] ?? '',
    propensity: 1,
    outcome: SEEN,
    observed: new Map(models.map((model) => [model, SEEN])),
  }
}

/** A kernel whose memory ends after some megabytes. */
async function smallKernel(megabytes: number): Promise<Pick<PolicyKernel, 'createTrainer'>> {
  const pages = (megabytes * 1024 * 1024) / PAGE_BYTES
  const memory = createSharedMemory(pages)
  const module = await compileCore(await readCoreBytes('core.shared.wasm'))
  const core = new WasmCore(module, { memory, from: 0, to: pages * PAGE_BYTES })
  return { createTrainer: (shape) => new WasmLinearTrainer(core, shape) }
}

describe('what a training set holds at most', () => {
  it('is what the kernel has room for, and it says how far it came', async () => {
    const builder = new TrainingSetBuilder({ kernel: await smallKernel(4), bucketBits: 14, seed: 1 })
    const fill = (): void => {
      for (let row = 0; row < 100_000; row += 1) builder.add(taskOf(row, ['one']))
    }
    expect(fill).toThrowError(
      expect.objectContaining({
        code: 'TRAINING_DATA_TOO_LARGE',
        details: { rows: expect.any(Number) as number, bytes: expect.any(Number) as number },
      }) as Error,
    )
    expect(builder.rowCount).toBeGreaterThan(500)
  })

  it('is a number of models', () => {
    const builder = new TrainingSetBuilder({ kernel: createTypeScriptKernel(), bucketBits: 12, seed: 1 })
    const names = Array.from({ length: MODELS_MAX }, (_, index) => `model-${index}`)
    builder.add(taskOf(1, names))
    expect(() => builder.add(taskOf(2, ['one more']))).toThrowError(
      expect.objectContaining({ code: 'TRAINING_DATA_INVALID' }) as Error,
    )
  })

  it('is buckets enough for the exact solver, and few enough for an artefact', () => {
    for (const bucketBits of [11, 21, 13.5])
      expect(() => new TrainingSetBuilder({ kernel: createTypeScriptKernel(), bucketBits, seed: 1 })).toThrow(
        RangeError,
      )
  })
})
