import type { EventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { ReplyTarget } from '../actor-ref.ts'
import { describeError } from './describe-error.ts'

type Waiting = { readonly peer: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }

export type ReplyEnds = {
  readonly onAnswer: (event: EventObject) => void
  readonly onFailure: (error: unknown) => void
  /** What the asker is told when the actor failed with this over the question. */
  readonly failureOf: (error: unknown) => unknown
}

/** Where the answer to an `ask` of this thread for an actor of another comes in. */
export class OpenReply implements ReplyTarget {
  /** The thread that the question went to; the answer may come from another. */
  readonly peer: number
  /** Who was asked. */
  readonly asked: object | undefined
  private readonly onAnswer: (event: EventObject) => void
  private readonly onFailure: (error: unknown) => void
  private readonly failureOf: (error: unknown) => unknown
  isOpen = true
  /** What other threads call it; 0 until it is known to them. */
  number = 0

  constructor(peer: number, { onAnswer, onFailure, failureOf }: ReplyEnds, asked?: object) {
    this.peer = peer
    this.asked = asked
    this.onAnswer = onAnswer
    this.onFailure = onFailure
    this.failureOf = failureOf
  }

  send(event: EventObject): boolean {
    if (!this.isOpen) return false
    this.isOpen = false
    this.onAnswer(event)
    return true
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: EventObject): void {
    this.send(event)
  }

  fail(error: unknown): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.onFailure(error)
  }

  /** The actor failed over the question. */
  failed(error: unknown): void {
    this.fail(this.failureOf(error))
  }
}

/**
 * What this thread waits for from others: answers to what it asked of their hosts, and replies to events. Numbers are this
 * thread's own and are never used again.
 */
export class Requests {
  private readonly waiting = new Map<number, Waiting>()
  private readonly replies = new Map<number, OpenReply>()
  /** Reply targets of this thread that events took elsewhere; whoever waits holds them. */
  private readonly targets = new Map<number, WeakRef<ReplyTarget>>()
  private readonly numbers = new WeakMap<ReplyTarget, number>()
  private readonly collected = new FinalizationRegistry<number>((number) => void this.targets.delete(number))
  private last = 0

  /** Resolves when the other thread answers to the number that `send` is given. */
  ask(peer: number, send: (request: number) => void): Promise<void> {
    this.last += 1
    const request = this.last
    return new Promise((resolve, reject) => {
      this.waiting.set(request, { peer, resolve, reject })
      try {
        send(request)
      } catch (error: unknown) {
        this.answer(request, error)
      }
    })
  }

  answer(request: number, error: unknown): void {
    const waiting = this.waiting.get(request)
    this.waiting.delete(request)
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(error)
  }

  openReply(reply: OpenReply): number {
    this.last += 1
    this.replies.set(this.last, reply)
    reply.number = this.last
    return this.last
  }

  closeReply(reply: number): void {
    this.replies.delete(reply)
  }

  /** The number under which another thread may answer to a reply target of this one. */
  numberOf(target: ReplyTarget): number {
    if (target instanceof OpenReply && this.replies.get(target.number) === target) return target.number
    const known = this.numbers.get(target)
    if (known !== undefined) return known
    this.last += 1
    this.numbers.set(target, this.last)
    this.targets.set(this.last, new WeakRef(target))
    this.collected.register(target, this.last)
    return this.last
  }

  /** The target that `number` stands for, while somebody waits there. */
  targetOf(number: number): ReplyTarget | undefined {
    return this.replies.get(number) ?? this.targets.get(number)?.deref()
  }

  reply(number: number, event: EventObject): void {
    this.targetOf(number)?.send(event)
  }

  refuse(number: number, error: unknown): void {
    this.replies.get(number)?.fail(error)
  }

  /** Who was asked failed over the question. */
  failed(number: number, error: unknown): void {
    const target: (ReplyTarget & { readonly failed?: (error: unknown) => void }) | undefined = this.targetOf(number)
    target?.failed?.(error)
  }

  /** Who was asked may have lost the question. */
  interrupt(asked: object, error: unknown): void {
    for (const reply of this.replies.values()) if (reply.asked === asked) reply.fail(error)
  }

  /**
   * The thread is no more.
   *
   * @param kept  Numbers of what it had not read, and will be sent again.
   */
  lose(peer: number, kept: ReadonlySet<number>, error: unknown): void {
    for (const [request, waiting] of this.waiting) {
      if (waiting.peer === peer && !kept.has(request)) this.answer(request, error)
    }
    for (const [number, reply] of this.replies) if (reply.peer === peer && !kept.has(number)) reply.fail(error)
  }
}

/** @param cause  What ended it. */
export function workerLostError(thread: number, cause: unknown): CodedError {
  const message = `Worker ${thread} ended while it had this to do: ${describeError(cause)}`
  return new CodedError('ACTOR_WORKER_LOST', { message, details: { worker: thread }, cause })
}
