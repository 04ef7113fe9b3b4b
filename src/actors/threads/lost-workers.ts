import { CodedError } from '../../base/errors.ts'
import { createRestartIntensity, recordRestart } from '../../core/supervision/restart-intensity.ts'
import type { RestartIntensity, RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { Terminated, TerminationReason } from '../actor-ref.ts'
import type { ActorMoves } from './actor-moves.ts'
import type { Placement, Placements } from './placements.ts'
import { describeError } from './describe-error.ts'
import { workerLostError } from './requests.ts'
import type { ThreadRouter } from './thread-router.ts'
import type { StuckWorker, WorkerLoss, WorkerRuns } from './worker-runs.ts'

export type LostWorkersInit = {
  readonly runs: WorkerRuns
  readonly router: ThreadRouter
  readonly placements: Placements
  readonly moves: ActorMoves
  /** A worker that ends more often is not started again. */
  readonly intensity: RestartIntensityLimit
  readonly place: (placement: Placement) => void
  readonly end: (placement: Placement, terminated: Terminated) => void
  /** A worker ended too often and is not started again. */
  readonly onGivenUp: (error: unknown) => void
}

/**
 * What follows when a worker ends by itself, or had to be ended: another one takes its place, its actors start again there
 * (all but temporary ones, and the one that keeps ending its worker), what the worker had not read of their mail goes to
 * them, and what it may have handled becomes dead letters.
 */
export class LostWorkers {
  private readonly init: LostWorkersInit
  private readonly restarts = new Map<number, RestartIntensity>()

  constructor(init: LostWorkersInit) {
    this.init = init
  }

  handle(loss: WorkerLoss): void {
    const { runs, router, placements, moves, intensity } = this.init
    const { thread, turn } = loss
    const atMs = router.system.environment.clock.monotonicMs()
    const culprit = placements.byNumber.get(turn)
    const failure = culprit === undefined ? causeOf(loss) : turnError(culprit, loss)
    const error = workerLostError(thread, failure)
    router.lose(thread, failure)
    runs.tellOthers({ type: 'lost', thread, why: describeError(failure) })
    const recorded = recordRestart(this.restarts.get(thread) ?? createRestartIntensity(intensity), atMs)
    this.restarts.set(thread, recorded.state)
    for (const placement of placements.on(thread)) {
      moves.abandon(placement, error)
      for (const event of placement.unsettled) router.system.deadLetters.put(placement.ref, event, 'thread-lost')
      placement.unsettled = []
      const isCulprit = placement === culprit
      if (isCulprit) {
        const { id, ref } = placement
        router.system.report({ type: 'actor-failed', id, address: ref.address, error: failure })
      }
      if (isCulprit && this.isSuspended(placement, atMs)) this.suspend(placement, failure)
      else if (placement.definition.restart.kind === 'temporary') this.endActor(placement, 'killed', error)
      else if (recorded.isExceeded) this.endActor(placement, 'killed', error)
    }
    const what = recorded.isExceeded ? 'ended too often and is not started again' : 'ended and is started again'
    router.system._logger(`Worker ${thread} ${what}: ${describeError(failure)}`)
    if (recorded.isExceeded) this.giveUp(thread, error)
    else this.restore(thread, error)
  }

  /** A worker had to be ended when the system stopped: tells who held it, and its actors' watchers of their end. */
  endStuck({ thread, turn }: StuckWorker): void {
    const { router, placements, end } = this.init
    const culprit = placements.byNumber.get(turn)
    const loss = { thread, turn, isStuck: true, error: undefined }
    const failure = culprit === undefined ? causeOf(loss) : turnError(culprit, loss)
    const error = workerLostError(thread, failure)
    router.system._logger(`Worker ${thread} did not end in time: ${describeError(failure)}`)
    router.lose(thread, failure)
    for (const placement of placements.on(thread)) {
      const { id, ref } = placement
      const { address } = ref
      const isCulprit = placement === culprit
      if (isCulprit) router.system.report({ type: 'actor-failed', id, address, error: failure })
      const cause = isCulprit ? failure : error
      end(placement, { type: 'kernell.terminated', id, address, reason: 'killed', error: cause })
    }
    // What it had not read are dead letters now.
    router.giveUp(thread)
  }

  private isSuspended(placement: Placement, atMs: number): boolean {
    const { state, isExceeded } = recordRestart(placement.failures, atMs)
    placement.failures = state
    return isExceeded
  }

  private suspend(placement: Placement, error: unknown): void {
    const { id, ref } = placement
    this.init.router.system.report({ type: 'restart-intensity-exceeded', id, address: ref.address, error })
    this.endActor(placement, 'failed', error)
  }

  /** The first thread tells of this end: the worker that would have is no more. */
  private endActor(placement: Placement, reason: TerminationReason, error: unknown): void {
    const { router, runs, end } = this.init
    const { id, number, ref } = placement
    const terminated: Terminated = { type: 'kernell.terminated', id, address: ref.address, reason, error }
    end(placement, terminated)
    for (const other of runs.threads) router.control(other, { type: 'terminated', number, home: 0, terminated })
  }

  private giveUp(thread: number, error: unknown): void {
    const { router, runs, onGivenUp } = this.init
    router.giveUp(thread)
    runs.tellOthers({ type: 'given-up', thread })
    onGivenUp(error)
  }

  private restore(thread: number, error: unknown): void {
    const { router, runs, placements, moves, place } = this.init
    const restored = placements.on(thread)
    router.regain(thread, runs.startAgain(thread), () => {
      restored.forEach(place)
      moves.tellAgain(thread)
    })
    for (const { id, ref } of restored) {
      router.system.report({ type: 'actor-restarted', id, address: ref.address, error })
    }
    // Others may send when the worker has read what its actors are.
    router.requests
      .ask(thread, (request) => router.control(thread, { type: 'sync', request }))
      .then(
        () => runs.linkWithOthers(thread),
        // It was lost again, and starts again.
        () => {},
      )
  }
}

/** What ended a worker while no actor had its turn. */
function causeOf({ isStuck, thread, error }: WorkerLoss): unknown {
  if (!isStuck) return error
  const message = `Worker ${thread} did nothing any more, and no actor had its turn; it was ended`
  return new CodedError('ACTOR_STUCK', { message, details: { worker: thread }, cause: error })
}

function turnError({ id }: Placement, { isStuck, thread, error }: WorkerLoss): CodedError {
  const details = { id, worker: thread }
  if (isStuck) {
    const message = `Actor ${id} kept worker ${thread} from all other work; the worker was ended`
    return new CodedError('ACTOR_STUCK', { message, details, cause: error })
  }
  const message = `Worker ${thread} ended while actor ${id} had its turn: ${describeError(error)}`
  return new CodedError('ACTOR_WORKER_LOST', { message, details, cause: error })
}
