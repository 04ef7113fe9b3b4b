import { GRAM_KINDS, HASHED_BYTES_MAX, gramWeightBits, weightsOf } from '../core/kernels/hash-recipe.ts'
import type { HashRecipe } from '../core/kernels/hash-recipe.ts'
import type { SparseFeatures } from '../core/kernels/text-hashing.ts'
import type { TextHasher } from '../ports/vector-kernel.ts'
import type { WasmCore } from './wasm-core.ts'

const SEED_AT = 128
const GRAM_BITS_AT = 132

/** Text hashing in WebAssembly: the text is encoded straight into the kernel's memory. */
export class WasmTextHasher implements TextHasher {
  readonly dims: number
  private readonly core: WasmCore
  private readonly hasher: number
  private readonly sums: number
  private readonly out: number
  private readonly encoder = new TextEncoder()

  constructor(core: WasmCore, init: { readonly dims: number; readonly recipe: HashRecipe }) {
    const { recipe, dims } = init
    const weights = weightsOf(recipe)
    const gramBits = gramWeightBits(recipe)
    this.core = core
    this.dims = dims
    this.hasher = core.allocate(core.exports.hasherBytes(gramBits))
    this.sums = core.allocate(dims * 8)
    this.out = core.allocate(dims * 4)
    core.float64(this.hasher, GRAM_KINDS).set(weights)
    core.uint32(this.hasher + SEED_AT, 1)[0] = recipe.seed
    core.int32(this.hasher + GRAM_BITS_AT, 1)[0] = gramBits
    if (recipe.gramWeights !== undefined && gramBits > 0) {
      core.float32(this.hasher + core.exports.hasherGramWeightsAt(), 1 << gramBits).set(recipe.gramWeights)
    }
  }

  embed(text: string): Float32Array {
    this.collect(text)
    this.core.exports.embedGrams(this.hasher, this.sums, this.out, this.dims)
    return this.core.float32(this.out, this.dims).slice()
  }

  features(text: string, bits: number): SparseFeatures {
    if (!Number.isInteger(bits) || bits < 1 || bits > 24) throw new RangeError(`bits must be 1 to 24, not ${bits}`)
    const { core } = this
    const grams = this.collect(text)
    const tableBytes = core.exports.gramTableSize(grams) * 4
    const values = core.scratch(tableBytes + grams * 12)
    const indices = values + grams * 8
    const table = indices + grams * 4
    const count = core.exports.mergeGrams(this.hasher, table, indices, values, bits)
    return { indices: core.uint32(indices, count).slice(), values: core.float64(values, count).slice() }
  }

  private collect(text: string): number {
    const { core, hasher } = this
    const from = hasher + core.exports.hasherTextAt()
    const { written } = this.encoder.encodeInto(text, core.u8.subarray(from, from + HASHED_BYTES_MAX))
    return core.exports.collectGrams(hasher, written)
  }
}
