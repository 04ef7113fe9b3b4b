import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import { sha256Hex } from '../base/sha256.ts'
import type { EmbeddingModel } from '../ports/embedding-model.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'

/** A node as far as its vector is concerned. */
export type ShelvedNode = { readonly id: string; readonly text: string }

/** Length may be off by this much where a model normalises in low precision. */
const NORM_TOLERANCE = 1e-3
const HEADER_END = '\n'

/**
 * Where vectors come from and where they are kept: an embedding model, and a store for what that model charged for. Vectors
 * that cost microseconds are not kept. A stored vector says which model made it of which text, so that one that is left over
 * from an earlier text, or from another model, is never taken for the node's own.
 *
 * ```text
 * TENANT/ID -> model id \n digest of the text \n 32-bit floats
 * ```
 */
export class VectorShelf {
  readonly embedder: EmbeddingModel
  readonly #store: KeyValueStore | undefined

  constructor(embedder: EmbeddingModel, store: KeyValueStore | undefined) {
    this.embedder = embedder
    this.#store = embedder.embedNow === undefined ? store : undefined
  }

  /** Whether vectors are made at once, at the cost of computing. */
  get isImmediate(): boolean {
    return this.embedder.embedNow !== undefined
  }

  /** The vector of a text, where `isImmediate`. */
  embedNow(text: string): Float32Array {
    const vector = this.embedder.embedNow?.(text)
    assert(vector !== undefined, 'an embedder that answers at once is asked at once')
    return vector
  }

  /** Whether vectors outlive the process. */
  get isKept(): boolean {
    return this.#store !== undefined
  }

  /**
   * Vectors of texts, in order. Throws what the model throws, and `MODEL_ANSWER_MALFORMED` for vectors of another length than
   * it says, or not of length 1.
   */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    if (this.isImmediate) return texts.map((text) => this.embedNow(text))
    const { vectors } = await this.embedder.embed(texts, { signal })
    if (vectors.length !== texts.length || !vectors.every((vector) => this.#isUsable(vector))) {
      throw new CodedError('MODEL_ANSWER_MALFORMED', {
        message: `${this.embedder.id} gave vectors that cannot be compared`,
        details: { embedder: this.embedder.id, dimensions: this.embedder.dimensions },
      })
    }
    return vectors
  }

  /** Stores vectors; resolves when they are on stable storage. */
  async keep(
    tenant: TenantId,
    vectors: readonly { readonly node: ShelvedNode; readonly vector: Float32Array }[],
  ): Promise<void> {
    await this.#store?.batch(
      vectors.map(({ node, vector }) => ({
        type: 'put',
        key: keyOf(tenant, node.id),
        value: encodeVector(this.#headerOf(node.text), vector),
      })),
      { sync: true },
    )
  }

  async drop(tenant: TenantId, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#store?.batch(ids.map((id) => ({ type: 'delete', key: keyOf(tenant, id) })))
  }

  async dropAll(tenant: TenantId): Promise<void> {
    if (this.#store === undefined) return
    const ids: string[] = []
    for await (const { key } of this.#store.iterate(rangeOf(tenant))) ids.push(key.slice(tenant.length + 1))
    await this.drop(tenant, ids)
    await this.#store.compact()
  }

  /** Gives every kept vector that is its node's own to `onVector`, and deletes the others. */
  async load(
    tenant: TenantId,
    textOf: (id: string) => string | undefined,
    onVector: (id: string, vector: Float32Array) => void,
  ): Promise<void> {
    if (this.#store === undefined) return
    const strays: string[] = []
    for await (const { key, value } of this.#store.iterate(rangeOf(tenant), {
      onDamaged: (damaged) => strays.push(damaged.slice(tenant.length + 1)),
    })) {
      const id = key.slice(tenant.length + 1)
      const text = textOf(id)
      const vector = text === undefined ? undefined : decodeVector(this.#headerOf(text), value)
      if (vector !== undefined && this.#isUsable(vector)) onVector(id, vector)
      else strays.push(id)
    }
    await this.drop(tenant, strays)
  }

  #headerOf(text: string): string {
    return `${this.embedder.id}${HEADER_END}${sha256Hex(text).slice(0, 32)}${HEADER_END}`
  }

  #isUsable(vector: Float32Array): boolean {
    if (vector.length !== this.embedder.dimensions) return false
    let squares = 0
    for (const value of vector) squares += value * value
    return squares === 0 || Math.abs(Math.sqrt(squares) - 1) <= NORM_TOLERANCE
  }
}

/** A tenant's alphabet has no slash. */
function keyOf(tenant: TenantId, id: string): string {
  return `${tenant}/${id}`
}

/** `0` is the character after the slash. */
function rangeOf(tenant: TenantId): { readonly gte: string; readonly lt: string } {
  return { gte: `${tenant}/`, lt: `${tenant}0` }
}

function encodeVector(header: string, vector: Float32Array): Uint8Array {
  const head = new TextEncoder().encode(header)
  const bytes = new Uint8Array(head.byteLength + 4 * vector.length)
  bytes.set(head)
  const view = new DataView(bytes.buffer, head.byteLength)
  for (const [index, value] of vector.entries()) view.setFloat32(4 * index, value, true)
  return bytes
}

/** `undefined` when the bytes do not begin with `header`. */
function decodeVector(header: string, bytes: Uint8Array): Float32Array | undefined {
  const head = new TextEncoder().encode(header)
  const isOwn = bytes.byteLength >= head.byteLength && head.every((byte, at) => bytes[at] === byte)
  if (!isOwn || (bytes.byteLength - head.byteLength) % 4 !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + head.byteLength, bytes.byteLength - head.byteLength)
  return Float32Array.from({ length: view.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true))
}
