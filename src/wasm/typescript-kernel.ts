import { DEFAULT_HASH_RECIPE, HASHED_BYTES_MAX } from '../core/kernels/hash-recipe.ts'
import {
  checkFeatureBatch,
  checkLinearModel,
  checkUpdateStep,
  scoreBatch,
  updateLogistic,
  updateSoftmax,
} from '../core/kernels/linear-model.ts'
import type { LinearModel } from '../core/kernels/linear-model.ts'
import { checkRouteBatch, expectRoutes } from '../core/kernels/route-expectation.ts'
import { dotFloat32 } from '../core/kernels/similarity.ts'
import { createGramHasher } from '../core/kernels/text-hashing.ts'
import type { LinearScorer, PolicyKernel } from '../ports/policy-kernel.ts'
import type { TextHasher, TextHasherInit, VectorKernel } from '../ports/vector-kernel.ts'
import { checkHasherDims } from './check-vector.ts'
import { padForDot } from './pad-for-dot.ts'
import { TypeScriptLinearTrainer } from './typescript-linear-trainer.ts'
import { TypeScriptVectorIndex } from './typescript-vector-index.ts'

/** Both kernels in plain TypeScript. For hosts without WebAssembly, for single rows, and as the truth that tests compare with. */
export function createTypeScriptKernel(): VectorKernel & PolicyKernel {
  return {
    implementation: 'typescript',
    createTextHasher,
    createVectorIndex: (init) => new TypeScriptVectorIndex(init),
    dot: (a, b) => dotFloat32(padForDot(a, b.length), padForDot(b, a.length), 0),
    loadModel,
    createTrainer: (shape) => new TypeScriptLinearTrainer(shape),
    expectRoutes(routes): Float64Array {
      checkRouteBatch(routes)
      return expectRoutes(routes)
    },
  }
}

function createTextHasher(init: TextHasherInit): TextHasher {
  checkHasherDims(init.dims)
  const hasher = createGramHasher(init.recipe ?? DEFAULT_HASH_RECIPE)
  const encoder = new TextEncoder()
  const bytes = new Uint8Array(HASHED_BYTES_MAX)
  const encode = (text: string): Uint8Array => bytes.subarray(0, encoder.encodeInto(text, bytes).written)
  return {
    dims: init.dims,
    embed(text: string): Float32Array {
      const out = new Float32Array(init.dims)
      hasher.embed(encode(text), out)
      return out
    },
    features: (text, bits) => hasher.features(encode(text), bits),
  }
}

function copyModel(model: LinearModel): LinearModel {
  const { bias, dense, sparse, calibration } = model
  return {
    ...model,
    bias: bias.slice(),
    dense: dense.slice(),
    sparse: sparse.slice(),
    calibration: calibration.slice(),
  }
}

function loadModel(model: LinearModel): LinearScorer {
  checkLinearModel(model)
  const own = copyModel(model)
  return {
    modelCount: own.modelCount,
    score(batch, kind): Float64Array {
      checkFeatureBatch(own, batch)
      const out = new Float64Array(batch.rowCount * own.modelCount)
      scoreBatch(own, batch, { kind, out })
      return out
    },
    updateLogistic(batch, step): number {
      checkFeatureBatch(own, batch)
      checkUpdateStep(own, batch, step)
      return updateLogistic(own, batch, step)
    },
    updateSoftmax(batch, step): Float64Array {
      checkFeatureBatch(own, batch)
      checkUpdateStep(own, batch, { ...step, modelIndex: step.label })
      return updateSoftmax(own, batch, step)
    },
    read: () => copyModel(own),
    release(): void {},
  }
}
