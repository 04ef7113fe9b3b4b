import { CodedError } from '../../base/errors.ts'
import type { GatewayContext } from '../exchange.ts'
import { lookAgain } from '../tasks/look-again.ts'
import { pause } from '../tasks/pause.ts'
import { type BatchDocument, findBatch, hasEnded } from './batch-document.ts'
import type { BatchName, BatchQueue } from './batch-queue.ts'
import { BatchRun, CANCELLED } from './batch-run.ts'

/** Batches that are worked on at one time; the others wait in the order in which they came. */
const BATCHES_AT_ONCE = 2
/** How often it looks what others want of a batch that it works on, and tells them how far it is. */
const LOOK_MS = 1_000
/** How often one that wants a batch ended looks whether it has. */
const CANCEL_LOOK_MS = 200

/**
 * The batches that have not ended. In a fleet whichever gateway is free takes the next one, a claim at a time; what one that died had taken another one goes
 * on with.
 */
export class BatchRunner implements BatchQueue {
  readonly #context: () => GatewayContext
  /** In the order in which they came. */
  readonly #runs = new Map<string, BatchRun>()
  readonly #working = new Map<string, Promise<void>>()
  /** Those that are this gateway's to work on. */
  readonly #own = new Set<string>()
  /** Not to be looked at again. */
  #ended: ReadonlySet<string> = new Set()
  #endScans = async (): Promise<void> => await Promise.resolve()
  #isStopped = false

  constructor(context: () => GatewayContext) {
    this.#context = context
  }

  /** Goes on with what a node before this one began. Throws what the store throws. */
  async resume(): Promise<void> {
    const { claims } = this.#context().node
    // What a gateway that died worked on is free behind its lease.
    if (claims !== undefined) this.#endScans = lookAgain(async () => await this.#scan(), claims.leaseMs)
    await this.#scan()
  }

  start(batch: BatchDocument): void {
    const key = keyOf({ tenant: batch.who.caller.tenant, id: batch.body.id })
    if (this.#runs.has(key)) return
    this.#runs.set(key, new BatchRun(this.#context(), batch))
    if (this.#context().node.claims === undefined) this.#own.add(key)
    this.#workOn()
  }

  current(name: BatchName): BatchDocument | undefined {
    const key = keyOf(name)
    return this.#own.has(key) ? this.#runs.get(key)?.batch : undefined
  }

  async cancel(name: BatchName, signal: AbortSignal): Promise<void> {
    const { documents, claims } = this.#context().node
    const key = keyOf(name)
    // Whoever works on it sees that it is wanted no more. Nothing of it is written by others: its end may be there already.
    const wish = await claims?.take(wishOf(key))
    try {
      for (;;) {
        this.#runs.get(key)?.end(CANCELLED)
        // One that waited for its turn has nothing to end.
        if (!this.#working.has(key)) this.#begin(key)
        await this.#working.get(key)
        const batch = claims === undefined ? undefined : await findBatch(documents, name.tenant, name.id)
        if (batch === undefined || hasEnded(batch)) return
        if ((await claims?.isTaken(claimOf(key))) === false) {
          this.start(batch)
          continue
        }
        await pause(CANCEL_LOOK_MS, signal)
        signal.throwIfAborted()
      }
    } finally {
      await wish?.release()
    }
  }

  /** Lets go of all; they go on with the next node. */
  async stop(reason: CodedError): Promise<void> {
    this.#isStopped = true
    await this.#endScans()
    for (const run of this.#runs.values()) run.end(reason)
    await Promise.all(this.#working.values())
  }

  async #scan(): Promise<void> {
    const { documents } = this.#context().node
    const ended = new Set<string>()
    for (const tenant of await documents.tenants('batch')) {
      for (const { id } of await documents.list(tenant, 'batch')) {
        const key = keyOf({ tenant, id })
        if (this.#ended.has(key)) ended.add(key)
        if (this.#ended.has(key) || this.#runs.has(key)) continue
        if (await this.#startOpen({ tenant, id })) continue
        ended.add(key)
      }
    }
    // Of those that are still there.
    this.#ended = ended
  }

  /** Whether there is something left to do. What is wrong with one batch keeps no other from its turn. */
  async #startOpen({ tenant, id }: BatchName): Promise<boolean> {
    try {
      const batch = await findBatch(this.#context().node.documents, tenant, id)
      if (batch === undefined || hasEnded(batch)) return false
      this.start(batch)
      return true
    } catch (error: unknown) {
      if (CodedError.is(error) && error.isRetryable) throw error
      this.#context().onFailure(error, id)
      return false
    }
  }

  #workOn(): void {
    for (const key of this.#runs.keys()) {
      if (this.#isStopped || this.#working.size >= BATCHES_AT_ONCE) return
      if (!this.#working.has(key)) this.#begin(key)
    }
  }

  #begin(key: string): void {
    const run = this.#runs.get(key)
    if (run === undefined) return
    const working = this.#work(key, run)
      .catch((error: unknown) => this.#context().onFailure(error, run.batch.body.id))
      .finally(() => {
        this.#runs.delete(key)
        this.#working.delete(key)
        this.#own.delete(key)
        this.#workOn()
      })
    this.#working.set(key, working)
  }

  async #work(key: string, run: BatchRun): Promise<void> {
    const { claims } = this.#context().node
    if (claims === undefined) return await run.run()
    const claim = await claims.take(claimOf(key))
    if (claim === undefined) return
    claim.lost.addEventListener('abort', () => run.takeAway(claim.lost.reason as CodedError))
    let endLooks = async (): Promise<void> => await Promise.resolve()
    try {
      if (!(await run.readAnew())) return
      this.#own.add(key)
      const look = async (): Promise<void> => {
        if (await claims.isTaken(wishOf(key))) run.end(CANCELLED)
        else await run.tellProgress()
      }
      endLooks = lookAgain(look, LOOK_MS)
      await run.run()
    } finally {
      await endLooks()
      await claim.release()
    }
  }
}

function keyOf({ tenant, id }: BatchName): string {
  return `${tenant}/${id}`
}

function claimOf(key: string): string {
  return `batch/${key}`
}

/** That somebody wants it ended. */
function wishOf(key: string): string {
  return `unwanted/${claimOf(key)}`
}
