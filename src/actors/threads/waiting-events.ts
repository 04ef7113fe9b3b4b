import type { AnyEventObject } from 'xstate'
import type { DeadLetterReason } from '../delivery/dead-letters.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { unknownEnd } from './actor-service.ts'
import type { ActorKey, ActorRequest, ControlMessage, DrainedNotice } from './protocol.ts'
import { RemoteReply } from './reference-table.ts'
import type { RemoteRef } from './remote-ref.ts'
import type { Salvaged } from './salvage.ts'

/** What is to go to an actor as soon as it is known where that is: an event, or something asked of its thread. */
export type WaitingItem = ActorKey & {
  readonly ref: RemoteRef | undefined
} & (
    | { readonly event: AnyEventObject; readonly request: undefined }
    | { readonly event: undefined; readonly request: ActorRequest | DrainedNotice }
  )

const WAITING_MAX = 65_536

/** Events for actors that move, and for threads that start anew. In order, and bounded. */
export class WaitingEvents {
  private readonly actors = new Map<number, WaitingItem[]>()
  private readonly threads = new Map<number, WaitingItem[]>()
  readonly system: ActorSystem
  readonly thread: number

  constructor(system: ActorSystem, thread: number) {
    this.system = system
    this.thread = thread
  }

  isHeld(ref: RemoteRef): boolean {
    return this.listFor(ref) !== undefined
  }

  isActorHeld(number: number): boolean {
    return this.actors.has(number)
  }

  holdActor(number: number): void {
    if (!this.actors.has(number)) this.actors.set(number, [])
  }

  releaseActor(number: number): readonly WaitingItem[] {
    const items = this.actors.get(number) ?? []
    this.actors.delete(number)
    return items
  }

  holdThread(thread: number): void {
    if (!this.threads.has(thread)) this.threads.set(thread, [])
  }

  releaseThread(thread: number): readonly WaitingItem[] {
    const items = this.threads.get(thread) ?? []
    this.threads.delete(thread)
    return items
  }

  /** What was released for a thread that does not run now. */
  keepFor(thread: number, items: readonly WaitingItem[]): boolean {
    const list = this.threads.get(thread)
    list?.push(...items)
    return list !== undefined
  }

  buryThread(thread: number): void {
    for (const item of this.releaseThread(thread))
      if (item.event !== undefined) this.bury(item, item.event, 'thread-lost')
  }

  /** @returns Whether it was taken; else it has become a dead letter. */
  put(ref: RemoteRef, event: AnyEventObject): boolean {
    const list = this.listFor(ref)
    if (list === undefined || list.length >= WAITING_MAX) return ref.bury(event, 'mailbox-full')
    const { number, home } = ref
    list.push({ ref, number, home, event, request: undefined })
    return true
  }

  putRequest(ref: RemoteRef, request: ActorRequest): void {
    const { number, home } = ref
    this.listFor(ref)?.push({ ref, number, home, event: undefined, request })
  }

  /**
   * What was on the way to a thread that is no more: unread events for actors that are restored wait, all others are dead
   * letters.
   *
   * @returns Numbers of the requests and replies of this thread that are still to be answered.
   */
  putSalvaged(
    thread: number,
    salvaged: readonly Salvaged[],
    find: (number: number, home: number) => RemoteRef | undefined,
  ): ReadonlySet<number> {
    const list = this.threads.get(thread) ?? []
    const kept = new Set<number>()
    for (const { target, incarnation: home, event, isUncertain } of salvaged) {
      if (target === 0) {
        const request = requestOf(event as ControlMessage)
        if (request === undefined) continue
        // What is told twice does no harm there; untold, the actor that moves would wait for ever. All else may have been handled.
        if (isUncertain && request.type !== 'drained') continue
        const { number } = request
        if (request.type !== 'drained') kept.add(request.request)
        list.push({ ref: find(number, 0), number, home: 0, event: undefined, request })
        continue
      }
      const ref = find(target, home)
      const item = { ref, number: target, home, event: event as AnyEventObject, request: undefined }
      if (isUncertain || home !== 0) {
        this.bury(item, item.event, 'thread-lost')
        continue
      }
      list.push(item)
      const { replyTo } = item.event
      if (replyTo instanceof RemoteReply && replyTo.thread === this.thread) kept.add(replyTo.number)
    }
    return kept
  }

  private bury(
    item: ActorKey & { readonly ref: RemoteRef | undefined },
    event: AnyEventObject,
    reason: DeadLetterReason,
  ): void {
    const { address } = item.ref ?? unknownEnd(item, this)
    this.system.deadLetters.put({ address }, event, reason)
  }

  private listFor({ home, number, thread }: RemoteRef): WaitingItem[] | undefined {
    return (home === 0 ? this.actors.get(number) : undefined) ?? this.threads.get(thread)
  }
}

/** Requests that somebody waits for. Others are made again, or are of no use any more. */
function requestOf(message: ControlMessage): Extract<ActorRequest, { request: number }> | DrainedNotice | undefined {
  if (message.type === 'drained') return message
  return (message.type === 'deliver' || message.type === 'stop') && message.home === 0 ? message : undefined
}
