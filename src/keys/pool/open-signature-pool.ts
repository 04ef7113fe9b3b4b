import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { CodedError } from '../../base/errors.ts'
import type { SignedBytes, Verifier } from '../../ports/verifier.ts'
import { createNodeVerifier, privateKeyOfSeed, signerOfKey } from '../node-signatures.ts'
import { openFastestVerifier, type VerifierBackend } from '../sodium-signatures.ts'
import type { Signatures } from './inline-signatures.ts'
import { encodeToSign, encodeToVerify, SIGNATURE_BYTES, splitSignatures } from './signature-frames.ts'
import type { SignJob, VerifyJob } from './signature-worker.ts'

export type SignaturePoolInit = {
  /** 1 to 64; absent: one less than the processors, at least two and at most 8. */
  readonly threads?: number
  /** Batches of so many are done at once on the caller's thread, because crossing takes longer. */
  readonly inlineMax?: number
  /** Signatures that wait or are at work, at most; a batch beyond them is refused whole. */
  readonly waitingMax?: number
  /** Absent: libsodium where the optional package `sodium-native` is installed and judges by the same rule, else `node:crypto`. */
  readonly backend?: 'node:crypto'
}

export type SignaturePool = Signatures & {
  /** What verifies here. */
  readonly backend: VerifierBackend
  /** Ends the threads; what waits and what is at work rejects with `KEY_POOL_CLOSED`. Idempotent, and bounded by one signature of each thread. */
  close(): Promise<void>
}

const THREADS_DEFAULT_MIN = 2
const THREADS_DEFAULT_MAX = 8
const THREADS_MAX = 64
/** About as long as a message to a thread and back. */
const INLINE_MAX_DEFAULT = 4
const WAITING_MAX_DEFAULT = 65_536
/**
 * A batch is cut into equal parts for the threads, of no fewer than `PART_MIN`, because crossing has its price, and of no more than `PART_MAX`, about 20 ms,
 * so that none holds up another batch for long.
 */
const PART_MIN = 32
const PART_MAX = 256
const PART_BYTES_MAX = 1_048_576
const PUBLIC_KEY_BYTES = 32

/**
 * Verifies and signs on threads. A thread that ends before it has answered rejects its part, and with it the batch, with `KEY_POOL_WORKER_LOST`; another
 * takes its place. Single calls (`verify`, `sign`) stay on the caller's thread. Threads at rest do not keep the process alive.
 *
 * Throws `RangeError` for numbers out of range.
 */
export function openSignaturePool(init: SignaturePoolInit = {}): SignaturePool {
  return new ThreadedSignatures({
    threads: inRange('threads', init.threads ?? threadsByDefault(), { min: 1, max: THREADS_MAX }),
    inlineMax: inRange('inlineMax', init.inlineMax ?? INLINE_MAX_DEFAULT, { min: 0, max: 1_024 }),
    waitingMax: inRange('waitingMax', init.waitingMax ?? WAITING_MAX_DEFAULT, { min: 1, max: 1_048_576 }),
    ...(init.backend === undefined ? openFastestVerifier() : { backend: init.backend, verifier: createNodeVerifier() }),
  })
}

type ThreadedInit = Required<Omit<SignaturePoolInit, 'backend'>> & ReturnType<typeof openFastestVerifier>

class ThreadedSignatures implements SignaturePool {
  readonly backend: VerifierBackend
  private readonly init: ThreadedInit
  private readonly pool: Piscina
  private readonly inline: Verifier
  private waiting = 0
  private closing: Promise<void> | undefined

  constructor(init: ThreadedInit) {
    this.init = init
    this.backend = init.backend
    this.inline = init.verifier
    const isSource = import.meta.url.endsWith('.ts')
    this.pool = new Piscina({
      filename: new URL(isSource ? './signature-worker.ts' : './signature-worker.js', import.meta.url).href,
      minThreads: init.threads,
      maxThreads: init.threads,
      // The next part is there when the one before is done.
      concurrentTasksPerWorker: 2,
      maxQueue: init.waitingMax,
    })
    // Errors of threads arrive with their jobs.
    this.pool.on('error', () => {})
  }

  verify(signed: SignedBytes): boolean {
    return this.inline.verify(signed)
  }

  async verifyBatch(batch: readonly SignedBytes[]): Promise<readonly boolean[]> {
    this.refuseWhenClosed()
    if (batch.length <= this.init.inlineMax) return batch.map((signed) => this.inline.verify(signed))
    const verdicts = Array.from(batch, () => false)
    // What has another length is no key and no signature; the rest is judged by the thread.
    const judged = [...batch.entries()].filter(
      ([, { publicKey, signature }]) =>
        publicKey.byteLength === PUBLIC_KEY_BYTES && signature.byteLength === SIGNATURE_BYTES,
    )
    await this.inParts(judged, {
      sizeOf: ([, { bytes }]) => bytes.byteLength,
      run: async (part) => {
        const frame = encodeToVerify(part.map(([, signed]) => signed))
        const answer = new Uint8Array(await this.run('verifyFrame', { frame, backend: this.backend }))
        for (const [position, [index]] of part.entries()) verdicts[index] = answer[position] === 1
      },
    })
    return verdicts
  }

  createSigner(seed: Uint8Array): ReturnType<Signatures['createSigner']> {
    const key = privateKeyOfSeed(seed)
    const signer = signerOfKey(key)
    return { ...signer, signBatch: async (batch) => await this.signBatch(batch, key) }
  }

  async close(): Promise<void> {
    this.closing ??= this.pool.destroy()
    await this.closing
  }

  private async signBatch(batch: readonly Uint8Array[], key: KeyObject): Promise<readonly Uint8Array[]> {
    this.refuseWhenClosed()
    if (batch.length <= this.init.inlineMax) {
      const signer = signerOfKey(key)
      return batch.map((bytes) => signer.sign(bytes))
    }
    const parts = await this.inParts(batch, {
      sizeOf: (bytes) => bytes.byteLength,
      run: async (part) => splitSignatures(await this.run('signFrame', { frame: encodeToSign(part), key })),
    })
    return parts.flat()
  }

  private async inParts<Item, Result>(
    items: readonly Item[],
    work: { readonly sizeOf: (item: Item) => number; readonly run: (part: readonly Item[]) => Promise<Result> },
  ): Promise<readonly Result[]> {
    if (this.waiting + items.length > this.init.waitingMax) {
      throw new CodedError('KEY_POOL_OVERLOADED', {
        message: `${this.waiting} signatures wait, and ${items.length} more are too many`,
        details: { waiting: this.waiting, waitingMax: this.init.waitingMax },
      })
    }
    this.waiting += items.length
    try {
      const share = Math.ceil(items.length / this.init.threads)
      const count = Math.min(PART_MAX, Math.max(PART_MIN, share))
      return await Promise.all(partsOf(items, { count, sizeOf: work.sizeOf }).map(work.run))
    } finally {
      this.waiting -= items.length
    }
  }

  private async run(name: 'verifyFrame', job: VerifyJob): Promise<ArrayBuffer>
  private async run(name: 'signFrame', job: SignJob): Promise<ArrayBuffer>
  private async run(name: string, job: VerifyJob | SignJob): Promise<ArrayBuffer> {
    try {
      const answer: unknown = await this.pool.run(job, { name, transferList: [job.frame] })
      if (answer instanceof ArrayBuffer) return answer
      throw new TypeError('A thread answered something else than a buffer')
    } catch (error: unknown) {
      this.refuseWhenClosed()
      throw new CodedError('KEY_POOL_WORKER_LOST', { message: 'A thread ended before it answered', cause: error })
    }
  }

  private refuseWhenClosed(): void {
    if (this.closing !== undefined)
      throw new CodedError('KEY_POOL_CLOSED', { message: 'The pool for signatures is closed' })
  }
}

function partsOf<Item>(
  items: readonly Item[],
  { count, sizeOf }: { readonly count: number; readonly sizeOf: (item: Item) => number },
): readonly (readonly Item[])[] {
  const parts: Item[][] = []
  let sizeBytes = PART_BYTES_MAX
  for (const item of items) {
    const last = parts.at(-1)
    if (last === undefined || last.length === count || sizeBytes + sizeOf(item) > PART_BYTES_MAX) {
      parts.push([item])
      sizeBytes = sizeOf(item)
    } else {
      last.push(item)
      sizeBytes += sizeOf(item)
    }
  }
  return parts
}

/** Two even on two processors: the caller's thread leaves its own idle often enough. */
function threadsByDefault(): number {
  return Math.min(THREADS_DEFAULT_MAX, Math.max(THREADS_DEFAULT_MIN, availableParallelism() - 1))
}

function inRange(name: string, value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} is an integer from ${min} to ${max}, not ${value}`)
  return value
}
