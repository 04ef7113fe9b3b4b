import { CodedError } from '../../base/errors.ts'
import type { Placement, Placements } from './placements.ts'
import type { HostCommand, HostReport } from './protocol.ts'
import type { ThreadRouter } from './thread-router.ts'
import type { WorkerRuns } from './worker-runs.ts'

export type ActorMovesInit = {
  readonly runs: WorkerRuns
  readonly router: ThreadRouter
  readonly placements: Placements
  readonly command: (thread: number, command: HostCommand) => void
}

/**
 * Moves actors from one worker to another:
 *
 * ```
 *  first thread        every thread             old worker              new worker
 *  hold ------------>  keeps what is for it
 *                      drained ---------------> has all of its mail
 *  extract ------------------------------------>
 *       <------------------------- extracted    the cell becomes a reference
 *  place -------------------------------------------------------------> placed
 *  moved ----------->  sends what it kept
 * ```
 *
 * Each thread sends `drained` the way its events go, so nothing of it comes later; and it sends what it kept only when the
 * actor is at its new place. So what one sender sends arrives in order, and there is one copy at any time.
 */
export class ActorMoves {
  private readonly init: ActorMovesInit

  constructor(init: ActorMovesInit) {
    this.init = init
  }

  start(placement: Placement, to: number): Promise<void> {
    const { number, thread: at, id } = placement
    if (placement.move !== undefined) {
      throw new CodedError('ACTOR_NOT_MOVABLE', { message: `Actor ${id} is on its way to another worker already` })
    }
    if (to === at) return Promise.resolve()
    return new Promise((resolve, reject) => {
      placement.move = { from: at, to, failure: undefined, isExtracted: false, resolve, reject }
      placement.epoch += 1
      const { epoch } = placement
      const others = this.everywhere().filter((thread) => thread !== at)
      this.tellAll({ type: 'hold', number, epoch, at })
      this.init.command(at, { type: 'extract', number, epoch, threads: others })
    })
  }

  extracted(report: Extract<HostReport, { type: 'extracted' }>, place: (placement: Placement) => void): void {
    const placement = this.init.placements.byNumber.get(report.number)
    const move = placement?.move
    if (placement?.epoch !== report.epoch || move === undefined) return
    const { stored, error } = report
    if (stored === undefined) {
      this.finish(placement, error)
      return
    }
    move.isExtracted = true
    placement.stored = stored
    this.init.placements.relocate(placement, move.to)
    place(placement)
  }

  /** The actor is where it was to be; also after its worker was started again. */
  placed(placement: Placement): void {
    const { move } = placement
    if (move?.isExtracted === true) this.finish(placement, move.failure)
  }

  /** @returns Whether the actor, which could not start at its new place, goes back to the old one. */
  goesBack(placement: Placement, error: unknown, place: (placement: Placement) => void): boolean {
    const { move, id } = placement
    if (move?.isExtracted !== true || move.failure !== undefined || placement.stored === undefined) return false
    const message = `Actor ${id} could not start on worker ${move.to}`
    move.failure = new CodedError('ACTOR_NOT_MOVABLE', { message, cause: error })
    this.init.placements.relocate(placement, move.from)
    place(placement)
    return true
  }

  /** The actor has ended, wherever that was. */
  ended(placement: Placement): void {
    if (placement.move === undefined) return
    const { id } = placement
    this.finish(placement, new CodedError('ACTOR_NOT_MOVABLE', { message: `Actor ${id} ended before it could move` }))
  }

  /** A worker that was started again knows nothing of what the one before it was told. */
  tellAgain(thread: number): void {
    for (const { number, epoch, thread: at, move } of this.init.placements.byNumber.values()) {
      if (move !== undefined && !move.isExtracted) this.init.command(thread, { type: 'hold', number, epoch, at })
    }
  }

  /** The worker that the actor was to leave has ended: it starts again there. */
  abandon(placement: Placement, cause: unknown): void {
    if (placement.move === undefined || placement.move.isExtracted) return
    const message = `The worker of actor ${placement.id} ended before it could move`
    this.finish(placement, new CodedError('ACTOR_NOT_MOVABLE', { message, cause, isRetryable: true }))
  }

  private finish(placement: Placement, error: unknown): void {
    const { move, number, thread } = placement
    placement.move = undefined
    this.tellAll({ type: 'moved', number, thread })
    if (error === undefined) move?.resolve()
    else move?.reject(error)
  }

  private everywhere(): readonly number[] {
    return [0, ...this.init.runs.threads]
  }

  private tellAll(command: HostCommand): void {
    for (const thread of this.everywhere()) this.init.command(thread, command)
  }
}
