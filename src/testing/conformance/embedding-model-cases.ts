import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** How far from 1 the length of a vector in 32-bit floats may be. */
const LENGTH_TOLERANCE = 1e-3

const lengthOf = (vector: Float32Array): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))

/** Every promise of the EmbeddingModel port that needs no knowledge of the model. An implementation runs all of them. */
export const EMBEDDING_MODEL_CASES: readonly ConformanceCase<EmbeddingModel>[] = [
  {
    name: 'one vector per text, in order, as long as it says',
    run: async (model) => {
      const { vectors } = await model.embed(['one text', 'another one', 'one text'])
      expectSame(vectors.length, 3, 'vectors')
      for (const vector of vectors) expectSame(vector.length, model.dimensions, 'dimensions')
      expectSame(vectors[0], vectors[2], 'the same text twice')
      if (JSON.stringify(vectors[0]) === JSON.stringify(vectors[1])) throw new Error('Two texts have the same vector')
    },
  },
  {
    name: 'vectors have length 1',
    run: async (model) => {
      const { vectors } = await model.embed(['How do I learn to cook?', 'x'])
      for (const vector of vectors) {
        if (Math.abs(lengthOf(vector) - 1) > LENGTH_TOLERANCE)
          throw new Error(`A vector has length ${lengthOf(vector)}`)
      }
    },
  },
  {
    name: 'tokens are counted or 0, never anything else',
    run: async (model) => {
      const { tokensIn } = await model.embed(['some words'])
      if (!Number.isInteger(tokensIn) || tokensIn < 0) throw new Error(`Tokens are ${tokensIn}`)
    },
  },
  {
    name: 'what is embedded at once is what is embedded',
    run: async (model) => {
      if (model.embedNow === undefined) return
      const { vectors } = await model.embed(['some words'])
      expectSame(model.embedNow('some words'), vectors[0], 'the vector')
    },
  },
  {
    name: 'an aborted call rejects with the reason',
    run: async (model) => {
      const reason = new Error('no longer wanted')
      const call = async (): Promise<unknown> =>
        await model.embed(['some words'], { signal: AbortSignal.abort(reason) })
      await expectRejection(call, (error) => error === reason, 'an aborted call')
    },
  },
]
