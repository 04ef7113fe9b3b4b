import type { FeatureBatch, LinearModel } from '../../core/kernels/linear-model.ts'
import type { PolicyKernel } from '../../ports/policy-kernel.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

const isRangeError = (error: unknown): boolean => error instanceof RangeError

/** Every promise of the VectorKernel port that is not one of the index it makes. Results are pinned: kernels agree to the last bit. */
export const VECTOR_KERNEL_CASES: readonly ConformanceCase<VectorKernel>[] = [
  {
    name: 'the hash of a text never changes',
    run: async (kernel) => {
      const { indices, values } = kernel.createTextHasher({ dims: 2 }).features('Hello, wörld', 16)
      expectSame([...indices].slice(0, 6), [9257, 47936, 25981, 17418, 39305, 27288], 'indices')
      expectSame([...values].slice(0, 6), [1, -1, -1, 1, 1, -1], 'values')
      expectSame(indices.length, 27, 'length')
    },
  },
  {
    name: 'a text is embedded as a unit vector, one without words as zero',
    run: async (kernel) => {
      const hasher = kernel.createTextHasher({ dims: 64 })
      const vector = hasher.embed('one text among many')
      expectSame(vector.length, 64, 'length')
      expectSame(Math.abs(kernel.dot(vector, vector) - 1) < 1e-6, true, 'unit length')
      expectSame(
        hasher.embed(' ?!').every((x) => x === 0),
        true,
        'no words',
      )
    },
  },
  {
    name: 'a dot product takes any length and refuses two',
    run: async (kernel) => {
      expectSame(kernel.dot(Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)), 32, '3 entries')
      expectSame(kernel.dot(new Float32Array(0), new Float32Array(0)), 0, 'none')
      await expectRejection(
        async () => kernel.dot(new Float32Array(2), new Float32Array(3)),
        isRangeError,
        'two lengths',
      )
    },
  },
  {
    name: 'dimensions, capacities, recipes and bits out of range are refused',
    run: async (kernel) => {
      const wrong: (() => unknown)[] = [
        () => kernel.createTextHasher({ dims: 1 }),
        () => kernel.createTextHasher({ dims: 4097 }),
        () => kernel.createTextHasher({ dims: 8, recipe: { seed: -1, charWeights: [1], wordWeights: [] } }),
        () => kernel.createTextHasher({ dims: 8 }).features('a', 25),
        () => kernel.createVectorIndex({ dims: 0, capacityMax: 1 }),
        () => kernel.createVectorIndex({ dims: 4097, capacityMax: 1 }),
        () => kernel.createVectorIndex({ dims: 8, capacityMax: 0 }),
      ]
      for (const call of wrong) await expectRejection(async () => call(), isRangeError, call.toString())
    },
  },
]

const model = (): LinearModel => ({
  modelCount: 2,
  denseCount: 1,
  sparseCount: 2,
  sparseLayout: 'by-model',
  bias: Float32Array.of(1, -1),
  dense: Float32Array.of(2, 4),
  sparse: Float32Array.of(0, 8, 0, 16),
  calibration: Float64Array.of(0, 0, 1, 0),
})

const batch: FeatureBatch = {
  rowCount: 2,
  dense: Float64Array.of(0.5, -0.5),
  offsets: Uint32Array.of(0, 1, 1),
  indices: Uint32Array.of(1),
  values: Float64Array.of(0.25),
}

/** Every promise of the PolicyKernel port. */
export const POLICY_KERNEL_CASES: readonly ConformanceCase<PolicyKernel>[] = [
  {
    name: 'scores are bias plus dense plus hashed parts, row by row',
    run: async (kernel) => expectSame([...kernel.loadModel(model()).score(batch, 'raw')], [4, 5, 0, -3], 'scores'),
  },
  {
    name: 'sigmoid calibrates each candidate, softmax shares one among them',
    run: async (kernel) => {
      const scorer = kernel.loadModel(model())
      const [first, second] = scorer.score(batch, 'sigmoid')
      expectSame([first, second], [0.5, 1 / (1 + 0.006737946999085467)], 'sigmoid')
      const shares = scorer.score(batch, 'softmax')
      expectSame(Math.abs((shares[0] ?? 0) + (shares[1] ?? 0) - 1) < 1e-15, true, 'softmax')
    },
  },
  {
    name: 'the arrays of a model are copied in and out',
    run: async (kernel) => {
      const mine = model()
      const scorer = kernel.loadModel(mine)
      mine.bias.fill(100)
      expectSame(scorer.score(batch, 'raw')[0], 4, 'after changing what was loaded')
      scorer.read().bias.fill(100)
      expectSame(scorer.score(batch, 'raw')[0], 4, 'after changing what was read')
    },
  },
  {
    name: 'an update moves one candidate towards its label and leaves the others',
    run: async (kernel) => {
      const scorer = kernel.loadModel({
        ...model(),
        bias: new Float32Array(2),
        dense: new Float32Array(2),
        sparse: new Float32Array(4),
      })
      const before = scorer.updateLogistic(batch, { row: 0, modelIndex: 1, label: 1, rate: 1, decay: 0 })
      expectSame(before, 0.5, 'probability before')
      const { bias, dense, sparse } = scorer.read()
      expectSame(
        [[...bias], [...dense], [...sparse]],
        [
          [0, 0.5],
          [0, 0.25],
          [0, 0, 0, 0.125],
        ],
        'weights',
      )
    },
  },
  {
    name: 'a route pays for a later call only when the earlier answer was refused',
    run: async (kernel) => {
      const stages = Float64Array.of(0.5, 0.25, 8, 2, 1, 0.75, 32, 4)
      expectSame(
        [...kernel.expectRoutes({ stages, offsets: Uint32Array.of(0, 2, 2) })],
        [24, 4, 0.625, 0, 0, 0, 0, 1],
        'routes',
      )
    },
  },
  {
    name: 'models, batches, steps and routes that do not fit are refused',
    run: async (kernel) => {
      const scorer = kernel.loadModel(model())
      const step = { row: 0, modelIndex: 0, label: 1, rate: 1, decay: 0 }
      const wrong: (() => unknown)[] = [
        () => kernel.loadModel({ ...model(), bias: new Float32Array(1) }),
        () => scorer.score({ ...batch, indices: Uint32Array.of(2) }, 'raw'),
        () => scorer.score({ ...batch, dense: Float64Array.of(1) }, 'raw'),
        () => scorer.score({ ...batch, offsets: Uint32Array.of(0, 1, 2) }, 'raw'),
        () => scorer.updateLogistic(batch, { ...step, row: 2 }),
        () => scorer.updateLogistic(batch, { ...step, modelIndex: 2 }),
        () => scorer.updateSoftmax(batch, { ...step, label: 2 }),
        () => kernel.expectRoutes({ stages: new Float64Array(4), offsets: Uint32Array.of(0, 2) }),
      ]
      for (const call of wrong) await expectRejection(async () => call(), isRangeError, call.toString())
      expectSame([...scorer.score(batch, 'raw')], [4, 5, 0, -3], 'scores afterwards')
    },
  },
]
