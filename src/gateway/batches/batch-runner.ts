import type { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { GatewayContext } from '../exchange.ts'
import { type BatchDocument, findBatch, hasEnded } from './batch-document.ts'
import type { BatchQueue } from './batch-queue.ts'
import { BatchRun, CANCELLED } from './batch-run.ts'

/** Batches that are worked on at one time; the others wait in the order in which they came. */
const BATCHES_AT_ONCE = 2

/** The batches of a node that have not ended. */
export class BatchRunner implements BatchQueue {
  readonly #context: () => GatewayContext
  /** In the order in which they came. */
  readonly #runs = new Map<string, BatchRun>()
  readonly #working = new Map<string, Promise<void>>()
  #isStopped = false

  constructor(context: () => GatewayContext) {
    this.#context = context
  }

  /** Goes on with what a node before this one began. Throws what the store throws. */
  async resume(): Promise<void> {
    const { documents } = this.#context().node
    for (const tenant of await documents.tenants('batch')) {
      for (const { id } of await documents.list(tenant, 'batch')) {
        const batch = await findBatch(documents, tenant, id)
        if (batch !== undefined && !hasEnded(batch)) this.start(batch)
      }
    }
  }

  start(batch: BatchDocument): void {
    this.#runs.set(keyOf(batch.who.caller.tenant, batch.body.id), new BatchRun(this.#context(), batch))
    this.#workOn()
  }

  /** A batch that has not ended, as it is now. */
  current(tenant: TenantId, id: string): BatchDocument | undefined {
    return this.#runs.get(keyOf(tenant, id))?.batch
  }

  /** Ends one, and waits until it has. */
  async cancel(tenant: TenantId, id: string): Promise<void> {
    const key = keyOf(tenant, id)
    this.#runs.get(key)?.end(CANCELLED)
    // One that waited for its turn has nothing to end.
    if (!this.#working.has(key)) this.#begin(key)
    await this.#working.get(key)
  }

  /** Lets go of all; they go on with the next node. */
  async stop(reason: CodedError): Promise<void> {
    this.#isStopped = true
    for (const run of this.#runs.values()) run.end(reason)
    await Promise.all(this.#working.values())
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
    const working = run
      .run()
      .catch((error: unknown) => this.#context().onFailure(error, run.batch.body.id))
      .finally(() => {
        this.#runs.delete(key)
        this.#working.delete(key)
        this.#workOn()
      })
    this.#working.set(key, working)
  }
}

function keyOf(tenant: TenantId, id: string): string {
  return `${tenant}/${id}`
}
