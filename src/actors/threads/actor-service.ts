import type { AnyEventObject, Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { ActorRef, Terminated } from '../actor-ref.ts'
import { Cell } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { formatAddress } from '../system/address.ts'
import type { ActorKey, ActorRequest, ControlMessage, Listening } from './protocol.ts'
import type { ReferenceTable } from './reference-table.ts'

export type ActorServiceInit = {
  readonly thread: number
  readonly system: ActorSystem
  readonly references: Pick<ReferenceTable, 'find' | 'endOf'>
  readonly control: (thread: number, message: ControlMessage) => void
  /** As `control`; false when there is no room, which is bounded for this. */
  readonly tryControl: (thread: number, message: ControlMessage) => boolean
}

/** Does on this thread what others ask of its actors. */
export class ActorService {
  private readonly init: ActorServiceInit
  /** By asking thread and actor. */
  private readonly watching = new Map<string, Subscription>()
  private readonly observing = new Map<string, Subscription>()
  /** By asking thread, type of event and actor. */
  private readonly listening = new Map<string, Listener>()

  constructor(init: ActorServiceInit) {
    this.init = init
  }

  serve(peer: number, request: ActorRequest): void {
    const actor = this.init.references.find(request.number, request.home)
    switch (request.type) {
      case 'watch':
        this.watch(peer, request, actor)
        break
      case 'observe':
        this.observe(peer, request, actor)
        break
      case 'unobserve':
        this.forget(this.observing, formatKey(peer, request))
        break
      case 'listen':
        this.listen(peer, request, actor)
        break
      case 'unlisten':
        this.forget(this.listening, formatKey(peer, request, request.event))
        break
      case 'look':
        if (actor !== undefined) this.show(peer, request, actor)
        break
      case 'stop':
        this.answer(peer, request.request, actor?.stop({ drain: request.isDrained }))
        break
      case 'deliver':
        if (actor === undefined) {
          this.bury(request)
          this.answer(peer, request.request, Promise.reject(this.stoppedError(request)))
        } else {
          const { event, key } = request
          this.answer(peer, request.request, actor.deliver(event, key === undefined ? {} : { key }))
        }
        break
    }
  }

  /** How many subscriptions of an actor, to its end and its snapshots, are there for another thread. */
  countsFor(peer: number, key: ActorKey): { readonly watches: number; readonly observes: number } {
    const own = formatKey(peer, key)
    return { watches: this.watching.has(own) ? 1 : 0, observes: this.observing.has(own) ? 1 : 0 }
  }

  /** Who on other threads listens to what an actor emits. */
  listeningTo({ number, home }: ActorKey): readonly Listening[] {
    const all = [...this.listening.values()]
    return all.flatMap(({ key, thread }) => {
      return key.number === number && key.home === home ? [{ thread, event: key.event }] : []
    })
  }

  /** The other thread is no more, or a new one took its place. */
  losePeer(peer: number): void {
    for (const all of [this.watching, this.observing, this.listening]) {
      for (const key of all.keys()) if (key.startsWith(`${peer}|`)) this.forget(all, key)
    }
  }

  /** The actor leaves this thread: others ask again where it goes. */
  leave({ number, home }: ActorKey): void {
    for (const all of [this.watching, this.observing, this.listening]) {
      for (const key of all.keys()) if (key.endsWith(`|${home}:${number}`)) this.forget(all, key)
    }
  }

  private watch(peer: number, key: ActorKey, actor: ActorRef | undefined): void {
    const tell = (terminated: Terminated): void => {
      this.forget(this.watching, formatKey(peer, key))
      this.tellEnd(peer, key, terminated)
    }
    if (actor === undefined) tell(this.endOf(key))
    else {
      this.forget(this.watching, formatKey(peer, key))
      this.watching.set(formatKey(peer, key), actor.watch(tell))
    }
  }

  private tellEnd(peer: number, { number, home }: ActorKey, terminated: Terminated): void {
    const { control } = this.init
    try {
      control(peer, { type: 'terminated', number, home, terminated })
    } catch (error: unknown) {
      // Its output, or what it failed with, cannot be sent: the end itself is told all the same.
      const { type, id, address, reason } = terminated
      control(peer, { type: 'terminated', number, home, terminated: { type, id, address, reason, error } })
    }
  }

  private observe(peer: number, key: ActorKey, actor: ActorRef | undefined): void {
    if (actor === undefined) return
    this.forget(this.observing, formatKey(peer, key))
    const subscription = actor.subscribe({ next: () => this.show(peer, key, actor), error: () => {} })
    this.observing.set(formatKey(peer, key), subscription)
  }

  private show(peer: number, { number, home }: ActorKey, actor: ActorRef): void {
    const { control } = this.init
    try {
      const snapshot = actor instanceof Cell ? actor.getPersistedSnapshot() : actor.getSnapshot()
      control(peer, { type: 'snapshot', number, home, snapshot })
    } catch (error: unknown) {
      this.forget(this.observing, formatKey(peer, { number, home }))
      control(peer, { type: 'unobservable', number, home, error })
    }
  }

  listen(peer: number, key: ListenKey, actor: ActorRef | undefined): void {
    if (actor === undefined) return
    const { number, home, event: heardAs } = key
    const own = formatKey(peer, key, heardAs)
    this.forget(this.listening, own)
    const tell = (event: AnyEventObject): void => {
      const { tryControl, system } = this.init
      if (tryControl(peer, { type: 'emitted', number, home, heardAs, event })) return
      system.deadLetters.put(actor, event, 'mailbox-full')
    }
    const heard = actor.on(heardAs, tell)
    this.listening.set(own, { key, thread: peer, unsubscribe: () => heard.unsubscribe() })
  }

  private answer(peer: number, request: number, done: Promise<void> = Promise.resolve()): void {
    const { control } = this.init
    done.then(
      () => control(peer, { type: 'answered', request, error: undefined }),
      (error: unknown) => control(peer, { type: 'answered', request, error }),
    )
  }

  private bury(request: Extract<ActorRequest, { type: 'deliver' }>): void {
    this.init.system.deadLetters.put({ address: this.endOf(request).address }, request.event, 'stopped')
  }

  private stoppedError(key: ActorKey): CodedError {
    const { id } = this.endOf(key)
    return new CodedError('ACTOR_STOPPED', { message: `Actor ${id} has ended`, details: { id } })
  }

  /** What is known of an actor that is not here: it ended here, in whatever way. */
  private endOf({ number, home }: ActorKey): Terminated {
    return this.init.references.endOf(number, home) ?? unknownEnd({ number, home }, this.init)
  }

  private forget(all: Map<string, Subscription>, key: string): void {
    all.get(key)?.unsubscribe()
    all.delete(key)
  }
}

/** For an actor that nobody here remembers. */
export function unknownEnd(
  { number }: ActorKey,
  { system, thread }: { readonly system: ActorSystem; readonly thread: number },
): Terminated {
  const id = `${number}`
  const address = formatAddress({ node: system.nodeName, worker: thread, path: id, incarnation: number })
  return { type: 'kernell.terminated', id, address, reason: 'stopped' }
}

/** @param heard  Type of emitted events; absent for all else. */
function formatKey(peer: number, { number, home }: ActorKey, heard?: string): string {
  return heard === undefined ? `${peer}|${home}:${number}` : `${peer}|${heard}|${home}:${number}`
}

type ListenKey = ActorKey & { readonly event: string }

type Listener = Subscription & { readonly key: ListenKey; readonly thread: number }
