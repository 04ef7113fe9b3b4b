import { fromTransition } from 'xstate'
import type { ActorRef } from '../../actors/actor-ref.ts'
import { defineAgent } from '../../actors/define-agent.ts'
import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { CodedError } from '../../base/errors.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'

/** What is stored or removed reaches the disk at most this long after, plus the time of one write. */
export const CACHE_FLUSH_INTERVAL_MS = 250
/** A batch is written earlier when it has grown to this many entries. */
export const CACHE_FLUSH_ENTRIES = 256
/** Entries waiting at most; beyond it the oldest write is dropped: the entry then lives in memory only. What is to be deleted always is. */
const PENDING_MAX = 16_384

export type EntryWriterComponents = {
  /** The writer is the actor `answer-cache` of this system. */
  readonly actors: ActorSystem
  readonly store: KeyValueStore
  readonly timers: Timers
  /** Told of every failed write that nobody waits for; what was in it is tried again with the next. Told of entries that cannot be encoded. */
  readonly onError: (error: unknown) => void
}

/** Writes entries behind the requests' back, the latest state of each key in batches. Losing the last interval costs a model call, no more. */
export type EntryWriter = {
  /** `encode` runs when the batch is written. `undefined` deletes the key. Never waits, never throws. */
  put(key: string, encode: (() => Uint8Array) | undefined): void
  /** Resolves when everything put before is in the store; rejects with what the store threw, and `ACTOR_STOPPED`. */
  flush(): Promise<void>
  close(): Promise<void>
}

type Encode = () => Uint8Array

/** Keys of one batch: what they are to hold, or that they are to be deleted. */
type Batch = { readonly puts: ReadonlyMap<string, Encode>; readonly deletes: ReadonlySet<string> }

type WriterMessage =
  /** There is something to write, where there was nothing, or enough not to wait. */
  | { readonly type: 'changed' }
  | { readonly type: 'write-due' }
  | { readonly type: 'flush'; readonly waiter: Waiter }
  | { readonly type: 'batch-written' }
  | { readonly type: 'batch-failed'; readonly error: unknown }
  | { readonly type: 'xstate.stop' }

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void }

/** A write under way: the batch at the disk, how many entries follow it, and who waits for the whole. */
type Writing = { readonly batch: Batch; readonly left: number; readonly waiters: readonly Waiter[] }

export function createEntryWriter(components: EntryWriterComponents): EntryWriter {
  return new ActorEntryWriter(components)
}

/**
 * What is to be written waits here instead of in the mailbox, so that an entry that changes often is written once; the
 * actor is told when there is something. When it starts again nothing is lost.
 */
class ActorEntryWriter implements EntryWriter {
  readonly #components: EntryWriterComponents
  readonly #actor: ActorRef
  /** How to encode what each key is to hold, in the order of the last change. A key is in one of the two at most. */
  #puts = new Map<string, Encode>()
  readonly #deletes = new Set<string>()
  #timer: ScheduledTimer | undefined
  #writing: Writing | undefined
  /** They came while a write was under way. */
  #waiters: Waiter[] = []
  /** The actor knows that there is something to write. */
  #isTold = false
  #isClosed = false

  constructor(components: EntryWriterComponents) {
    this.#components = components
    const logic = fromTransition(
      (context: undefined, message: WriterMessage) => {
        this.#handle(message)
        return context
      },
      () => this.#goOn(),
    )
    const definition = defineAgent({ name: 'answer-cache', logic, restart: 'permanent' })
    this.#actor = components.actors.spawn(definition, { id: 'answer-cache' })
  }

  put(key: string, encode: Encode | undefined): void {
    if (this.#isClosed) return
    this.#puts.delete(key)
    if (encode === undefined) this.#deletes.add(key)
    else {
      this.#deletes.delete(key)
      this.#puts.set(key, encode)
      if (this.#puts.size > PENDING_MAX) this.#dropOldest()
    }
    if (this.#isTold && this.#size !== CACHE_FLUSH_ENTRIES) return
    this.#isTold = true
    this.#actor.send(CHANGED)
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#actor.send({ type: 'flush', waiter: { resolve, reject } })) return
      reject(endedError())
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.flush()
    } finally {
      await this.#actor.stop()
    }
  }

  get #size(): number {
    return this.#puts.size + this.#deletes.size
  }

  #handle(message: WriterMessage): void {
    switch (message.type) {
      case 'changed':
        if (this.#size >= CACHE_FLUSH_ENTRIES) this.#write()
        else this.#goOn()
        return
      case 'write-due':
        this.#timer = undefined
        this.#write()
        return
      case 'flush':
        this.#waiters.push(message.waiter)
        this.#write()
        return
      case 'batch-written':
        this.#written()
        return
      case 'batch-failed':
        this.#failed(message.error)
        return
      case 'xstate.stop':
        this.#stopped()
    }
  }

  /** What there is to be done when no write is under way: at once for those who wait, otherwise when it is due. */
  #goOn(): undefined {
    if (this.#writing !== undefined) return
    if (this.#waiters.length > 0) this.#write()
    else if (this.#timer === undefined && this.#size > 0) {
      this.#timer = this.#components.timers.schedule(CACHE_FLUSH_INTERVAL_MS, () => {
        this.#actor.send({ type: 'write-due' })
      })
    }
    this.#isTold = this.#timer !== undefined || this.#writing !== undefined
  }

  /** Begins to write all that is pending now; what comes in meanwhile waits for the next write, or this one might never end. */
  #write(): void {
    if (this.#writing !== undefined) return
    this.#timer?.cancel()
    this.#timer = undefined
    const waiters = this.#waiters
    this.#waiters = []
    this.#writeBatch(this.#size, waiters)
  }

  /** A bounded number at a time: encoding thousands in one go would hold up every request meanwhile. */
  #writeBatch(left: number, waiters: readonly Waiter[]): void {
    const batch = this.#takeFirst(Math.min(left, CACHE_FLUSH_ENTRIES))
    this.#isTold = true
    this.#writing = { batch, left: left - batch.puts.size - batch.deletes.size, waiters }
    const operations = this.#encode(batch)
    if (operations.length === 0) this.#written()
    else
      this.#store(operations).then(
        () => this.#actor.send({ type: 'batch-written' }),
        (error: unknown) => this.#actor.send({ type: 'batch-failed', error }),
      )
  }

  async #store(operations: readonly KeyValueOperation[]): Promise<void> {
    await this.#components.store.batch(operations, { sync: true })
  }

  #written(): void {
    const { left = 0, waiters = [] } = this.#writing ?? {}
    this.#writing = undefined
    const leftNow = Math.min(left, this.#size)
    if (leftNow > 0) {
      this.#writeBatch(leftNow, waiters)
      return
    }
    for (const { resolve } of waiters) resolve()
    this.#goOn()
  }

  #failed(error: unknown): void {
    const { batch, waiters = [] } = this.#writing ?? {}
    this.#writing = undefined
    if (batch !== undefined) this.#putBack(batch)
    if (waiters.length === 0) this.#components.onError(error)
    for (const { reject } of waiters) reject(error)
    this.#goOn()
  }

  #stopped(): void {
    this.#timer?.cancel()
    const error = endedError()
    for (const { reject } of [...(this.#writing?.waiters ?? []), ...this.#waiters.splice(0)]) reject(error)
  }

  #takeFirst(count: number): Batch {
    const batch = { puts: new Map<string, Encode>(), deletes: new Set<string>() }
    for (const key of this.#deletes) {
      if (batch.deletes.size === count) break
      batch.deletes.add(key)
      this.#deletes.delete(key)
    }
    for (const [key, encode] of this.#puts) {
      if (batch.deletes.size + batch.puts.size === count) break
      batch.puts.set(key, encode)
      this.#puts.delete(key)
    }
    return batch
  }

  /** What came in meanwhile is newer than a failed batch and wins. */
  #putBack({ puts, deletes }: Batch): void {
    for (const key of deletes) if (!this.#puts.has(key)) this.#deletes.add(key)
    const older = [...puts].filter(([key]) => !this.#deletes.has(key))
    this.#puts = new Map([...older, ...this.#puts])
  }

  /** An entry that cannot be encoded lives in memory only, and does not keep the others from the disk. */
  #encode({ puts, deletes }: Batch): readonly KeyValueOperation[] {
    const operations: KeyValueOperation[] = Array.from(deletes, (key) => ({ type: 'delete', key }))
    for (const [key, encode] of puts) {
      try {
        operations.push({ type: 'put', key, value: encode() })
      } catch (error: unknown) {
        this.#components.onError(error)
      }
    }
    return operations
  }

  #dropOldest(): void {
    const [oldest] = this.#puts.keys()
    if (oldest !== undefined) this.#puts.delete(oldest)
  }
}

const CHANGED: WriterMessage = Object.freeze({ type: 'changed' })

function endedError(): CodedError {
  return new CodedError('ACTOR_STOPPED', { message: 'The writer of the cache has ended' })
}
