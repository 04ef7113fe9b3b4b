import type { CodedError } from '../../base/errors.ts'
import type { GatewayContext } from '../exchange.ts'
import { lookAgain } from '../tasks/look-again.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { pause } from '../tasks/pause.ts'
import { type BatchDocument, findBatch, hasEnded, keepBatch } from './batch-document.ts'
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
  readonly #ended = new Set<string>()
  #endScans = (): void => undefined
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
    for (;;) {
      this.#runs.get(key)?.end(CANCELLED)
      // One that waited for its turn has nothing to end.
      if (!this.#working.has(key)) this.#begin(key)
      await this.#working.get(key)
      const batch = claims === undefined ? undefined : await findBatch(documents, name.tenant, name.id)
      if (batch === undefined || hasEnded(batch)) return
      const body = { ...batch.body, status: 'cancelling', cancelling_at: batch.body.cancelling_at ?? nowS() } as const
      // Whoever works on it sees it, or writes over it, and then sees it the next time.
      if (batch.body.cancelling_at === null) await keepBatch(documents, { ...batch, body })
      if ((await claims?.isTaken(claimOf(key))) === false) this.start({ ...batch, body })
      await pause(CANCEL_LOOK_MS, signal)
      signal.throwIfAborted()
    }
  }

  /** Lets go of all; they go on with the next node. */
  async stop(reason: CodedError): Promise<void> {
    this.#isStopped = true
    this.#endScans()
    for (const run of this.#runs.values()) run.end(reason)
    await Promise.all(this.#working.values())
  }

  async #scan(): Promise<void> {
    const { documents } = this.#context().node
    for (const tenant of await documents.tenants('batch')) {
      for (const { id } of await documents.list(tenant, 'batch')) {
        const key = keyOf({ tenant, id })
        if (this.#ended.has(key) || this.#runs.has(key)) continue
        const batch = await findBatch(documents, tenant, id)
        if (batch !== undefined && !hasEnded(batch)) this.start(batch)
        else this.#ended.add(key)
      }
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
    claim.lost.addEventListener('abort', () => run.end(claim.lost.reason as CodedError))
    let endLooks = (): void => undefined
    try {
      if (!(await run.readAnew())) return
      this.#own.add(key)
      endLooks = lookAgain(async () => await run.exchange(), LOOK_MS)
      await run.run()
    } finally {
      endLooks()
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
