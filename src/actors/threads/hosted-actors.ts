import type { Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { Terminated } from '../actor-ref.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Cell } from '../cell/cell.ts'
import { putMail } from '../delivery/full-mailbox.ts'
import { describeError } from './describe-error.ts'
import { loadDefinition } from './load-definition.ts'
import type { HostedSystem } from './hosted-system.ts'
import { storeActor, takeMail, turnIntoReference, whyNotMovable } from './leave-thread.ts'
import type { DrainedNotice, HostCommand, HostReport, StoredActor } from './protocol.ts'
import type { ThreadRouter } from './thread-router.ts'

type PlaceCommand = Extract<HostCommand, { type: 'place' }>
type ExtractCommand = Extract<HostCommand, { type: 'extract' }>

type Leaving = { readonly epoch: number; command: ExtractCommand | undefined; readonly drained: Set<number> }

/** The actors that the first thread placed on this worker: how they come, end and leave. */
export class HostedActors {
  private readonly system: HostedSystem
  private readonly router: ThreadRouter
  /** What came for actors whose module is being loaded. */
  private readonly arriving = new Map<number, (() => void)[]>()
  private readonly watches = new Map<number, Subscription>()
  private readonly placing = new Set<Promise<void>>()
  private readonly epochs = new Map<number, number>()
  private readonly leaving = new Map<number, Leaving>()
  /** Threads that are no more: nothing comes from them. */
  private readonly lost = new Set<number>()

  constructor(system: HostedSystem, router: ThreadRouter) {
    this.system = system
    this.router = router
  }

  /** Whether something is here that no actor has yet. */
  get isKeeping(): boolean {
    return this.arriving.size > 0
  }

  /**
   * @see `ThreadRouterInit.onAbsent`. A reference may come from a third thread before the command to place its actor is read
   * here: what is for an unknown actor waits until the first thread has nothing more to say that it had said before.
   */
  keep(number: number, home: number, again: () => void): boolean {
    if (home !== 0 || this.router.references.endOf(number, home) !== undefined) return false
    const waiting = this.arriving.get(number)
    if (waiting !== undefined) {
      waiting.push(again)
      return true
    }
    if (this.epochs.has(number)) return false
    this.arriving.set(number, [again])
    this.router.requests
      .ask(0, (request) => this.router.control(0, { type: 'sync', request }))
      .then(
        () => this.settleUnknown(number),
        () => this.settleUnknown(number),
      )
    return true
  }

  /** Resolves when the actors that are on their way are here. */
  async settled(): Promise<void> {
    while (this.placing.size > 0) await Promise.all(this.placing)
  }

  place(command: PlaceCommand): void {
    const placing = this.load(command).then(
      () => void this.placing.delete(placing),
      (error: unknown) => {
        this.placing.delete(placing)
        this.system.environment.reportError(error)
      },
    )
    this.placing.add(placing)
  }

  private async load(command: PlaceCommand): Promise<void> {
    const { number, epoch } = command
    // A late command must not make a second one of an actor that is elsewhere by now.
    if (epoch <= (this.epochs.get(number) ?? 0)) return
    this.epochs.set(number, epoch)
    this.arriving.set(number, this.arriving.get(number) ?? [])
    try {
      const definition = await loadDefinition(command.module, command.agent)
      if (this.epochs.get(number) === epoch) this.start(command, definition)
    } catch (error: unknown) {
      const { id, address } = command
      const terminated: Terminated = {
        type: 'kernell.terminated',
        id,
        address,
        reason: 'failed',
        error: startError(command, error),
      }
      this.tellEnd(command, terminated, { hasStarted: false, isHeard: false })
    }
    this.giveKept(number)
  }

  /** The actor is to leave as soon as every other thread said that nothing more comes for it. */
  extract(command: ExtractCommand): void {
    const leaving = this.leavingOf(command)
    if (leaving === undefined) return
    leaving.command = command
    this.leaveWhenDrained(command.number)
  }

  drained(notice: DrainedNotice): void {
    this.leavingOf(notice)?.drained.add(notice.from)
    this.leaveWhenDrained(notice.number)
  }

  threadLost(thread: number): void {
    this.lost.add(thread)
    for (const number of this.leaving.keys()) this.leaveWhenDrained(number)
  }

  threadBack(thread: number): void {
    this.lost.delete(thread)
  }

  /** Unless it is on its way: there is no such actor. */
  private settleUnknown(number: number): void {
    if (this.epochs.has(number)) return
    this.epochs.set(number, 0)
    this.giveKept(number)
    this.epochs.delete(number)
  }

  private giveKept(number: number): void {
    const waiting = this.arriving.get(number) ?? []
    this.arriving.delete(number)
    for (const again of waiting) again()
  }

  private start(command: PlaceCommand, definition: AgentDefinition): void {
    const { number, epoch, id, address, input, stored } = command
    const cell = this.system.spawnPlaced(number, definition, { id, input, stored: stored?.snapshot })
    // It keeps the address of the place where it was first.
    if (cell.address !== address) Object.defineProperty(cell, 'address', { value: address })
    this.router.references.addPlaced(number, cell)
    if (stored !== undefined) this.fill(number, cell, stored)
    this.report({ type: 'placed', number, epoch })
    const tell = (terminated: Terminated): void => {
      this.tellEnd(command, terminated, { hasStarted: true, isHeard: this.isHeard(cell, number, listeners) })
    }
    this.watches.set(number, cell.watch(tell))
    const listeners = cell.extras?.endListeners
  }

  /**
   * Whether somebody besides the first thread, which knows for itself, hears of this end.
   *
   * @param listeners  Those of the end, this one among them; when it comes, the cell has them no more.
   */
  private isHeard(cell: Cell, number: number, listeners: ReadonlySet<unknown> | undefined): boolean {
    const { watches, observes } = this.router.service.countsFor(0, { number, home: 0 })
    return (listeners?.size ?? 0) > 1 + watches || (cell.extras?.observers?.size ?? 0) > observes
  }

  private fill(number: number, cell: Cell, { mail, stash, timers, listening }: StoredActor): void {
    for (const { thread, event } of listening) {
      this.router.service.listen(thread, { number, home: 0, event }, cell)
    }
    for (const event of mail) putMail(cell, event)
    if (stash.length > 0) cell.more().stash = [...stash]
    for (const { event, leftMs, id, target } of timers) {
      this.system.scheduler.schedule(cell, target ?? cell, event, leftMs, id)
    }
  }

  /** `undefined` for what belongs to an earlier move, which came to nothing. */
  private leavingOf({ number, epoch }: { number: number; epoch: number }): Leaving | undefined {
    const known = this.leaving.get(number)
    if (known !== undefined && known.epoch >= epoch) return known.epoch === epoch ? known : undefined
    const leaving: Leaving = { epoch, command: undefined, drained: new Set() }
    this.leaving.set(number, leaving)
    return leaving
  }

  private leaveWhenDrained(number: number): void {
    const leaving = this.leaving.get(number)
    if (leaving?.command === undefined) return
    const { command, drained, epoch } = leaving
    const arriving = this.arriving.get(number)
    if (arriving !== undefined) {
      // It is not quite here yet.
      arriving.push(() => this.leaveWhenDrained(number))
      return
    }
    if (!command.threads.every((thread) => drained.has(thread) || this.lost.has(thread))) return
    this.leaving.delete(number)
    const cell = this.router.references.placedCell(number)
    const reason = cell === undefined ? 'it has ended' : whyNotMovable(cell)
    if (cell === undefined || reason !== undefined) {
      this.report({ type: 'extracted', number, epoch, stored: undefined, error: notMovableError(number, reason) })
      return
    }
    const mail = takeMail(cell, this.router.credit)
    try {
      const stored = storeActor(cell, { number, system: this.system, router: this.router }, mail)
      this.report({ type: 'extracted', number, epoch, stored, error: undefined })
    } catch (error: unknown) {
      for (const event of mail) putMail(cell, event)
      this.report({ type: 'extracted', number, epoch, stored: undefined, error })
      return
    }
    this.epochs.set(number, epoch)
    this.forgetWatch(number)
    turnIntoReference(cell, { number, system: this.system, router: this.router })
  }

  private forgetWatch(number: number): void {
    this.watches.get(number)?.unsubscribe()
    this.watches.delete(number)
  }

  private tellEnd(
    { number, epoch }: PlaceCommand,
    terminated: Terminated,
    about: { readonly hasStarted: boolean; readonly isHeard: boolean },
  ): void {
    this.epochs.delete(number)
    this.forgetWatch(number)
    this.router.references.removePlaced(number)
    this.router.references.rememberEnd(number, 0, terminated)
    try {
      this.report({ type: 'ended', number, epoch, terminated, ...about })
    } catch (error: unknown) {
      const { type, id, address, reason } = terminated
      this.report({ type: 'ended', number, epoch, terminated: { type, id, address, reason, error }, ...about })
    }
  }

  private report(report: HostReport): void {
    this.router.control(0, report)
  }
}

/** As `spawn` fails where that is known at once. */
function startError({ id, agent }: PlaceCommand, error: unknown): CodedError {
  if (CodedError.is(error)) return error
  const message = `Actor ${id} of agent ${agent} could not be started: ${describeError(error)}`
  return new CodedError('ACTOR_START_FAILED', { message, cause: error, details: { id, agent } })
}

function notMovableError(number: number, reason: string | undefined): CodedError {
  return new CodedError('ACTOR_NOT_MOVABLE', { message: `Actor ${number} stays where it is: ${reason}` })
}
