import type { ResourceLimits } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import { createRestartIntensity } from '../../core/supervision/restart-intensity.ts'
import type { RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import type { ActorRef } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import type { Behaviour } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import type { SystemExtension } from '../system/system-extension.ts'
import { formatAddress } from '../system/address.ts'
import { canShareMemory } from './doorbell.ts'
import { ActorMoves } from './actor-moves.ts'
import { Placements } from './placements.ts'
import type { Placement } from './placements.ts'
import type { HostCommand, HostReport } from './protocol.ts'
import { RemoteRef } from './remote-ref.ts'
import { LostWorkers } from './lost-workers.ts'
import { ThreadRouter } from './thread-router.ts'
import type { HostMessage } from './thread-router.ts'
import { WorkerRuns } from './worker-runs.ts'

export type ThreadExtensionInit = {
  /** Worker threads besides this one, a whole number from 1 to 64. */
  readonly threads: number
  /** Whether the actors of this thread have handled what they were given; see `observeQuiet`. Absent: always. */
  readonly isQuiet?: () => boolean
  /** Bytes of each ring between two threads, a power of two. Default 256 KiB. N + 1 threads have N (N + 1) rings. */
  readonly ringBytes?: number
  /** A worker that shows no sign of life for so long is ended. Milliseconds, 100 to a day, default 5,000. */
  readonly stuckAfterMs?: number
  /** How often an actor may end its worker, by getting stuck or otherwise, before it is suspended. Default 3 within a minute. */
  readonly intensity?: RestartIntensityLimit
  /** How often a worker may end and be started again. Default 10 within a minute. */
  readonly workerIntensity?: RestartIntensityLimit
  /**
   * What an actor goes on from when its worker ended, as its logic's `getPersistedSnapshot` gave it. Absent, or
   * `undefined`: it starts from its input.
   */
  readonly snapshotOf?: (ref: ActorRef) => unknown
  /** How long, beyond `drainMs`, `stop` waits for workers to end their actors before it ends them. Milliseconds, default 500. */
  readonly stopMs?: number
  readonly resourceLimits?: ResourceLimits
  /** Dead letters that each worker keeps. */
  readonly deadLettersMax?: number
  readonly spinUs?: number
  /** Takes spans that have ended on workers. Must not throw. Absent: they are dropped. */
  readonly adoptSpan?: (span: FinishedSpan) => void
  /** False: batches by port instead of rings. Default: true where the platform has what rings need. */
  readonly usesSharedMemory?: boolean
}

const THREADS_MAX = 64
const STUCK_AFTER_MS = 5_000
const STUCK_AFTER_MS_MAX = 86_400_000
const INTENSITY: RestartIntensityLimit = { restarts: 3, withinMs: 60_000 }
const ID = /^[^\s/#]{1,256}$/
const WORKER_INTENSITY: RestartIntensityLimit = { restarts: 10, withinMs: 60_000 }
const STOP_MS = 500

/**
 * What worker threads add to an actor system: actors whose definition names its module run there. They look the same from
 * everywhere; an actor without a module, or below a supervisor of this thread, stays here.
 */
export class ThreadExtension implements SystemExtension {
  readonly ready: Promise<void>
  private readonly init: ThreadExtensionInit
  private readonly placements: Placements
  private readonly missing: Set<number>
  private readonly up = Promise.withResolvers<void>()
  private parts: Parts | undefined
  private isStopped = false

  /** @throws RangeError when a number is out of its range; `ACTOR_PLATFORM_LACKS` where threads share no memory at all. */
  constructor(init: ThreadExtensionInit) {
    const { threads, stuckAfterMs = STUCK_AFTER_MS } = init
    if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX)
      throw new RangeError(`threads ${threads} is not a whole number from 1 to ${THREADS_MAX}`)
    if (!(stuckAfterMs >= 100 && stuckAfterMs <= STUCK_AFTER_MS_MAX))
      throw new RangeError(`stuckAfterMs ${stuckAfterMs} is not a number from 100 to ${STUCK_AFTER_MS_MAX}`)
    // Both throw for a limit out of its range.
    createRestartIntensity(init.intensity ?? INTENSITY)
    createRestartIntensity(init.workerIntensity ?? WORKER_INTENSITY)
    // Messages can go without it, by ports; signs of life cannot, and a thread that gives none could not be ended for it.
    if (typeof SharedArrayBuffer !== 'function') {
      const message =
        'This platform has no SharedArrayBuffer, by which worker threads show that they live; use threads: 0'
      throw new CodedError('ACTOR_PLATFORM_LACKS', { message })
    }
    this.init = init
    this.placements = new Placements(threads)
    this.missing = new Set(Array.from({ length: threads }, (_, index) => index + 1))
    this.ready = this.up.promise
    // Whoever uses a worker hears of its failure, and so does whoever waits for `ready`.
    this.ready.catch(() => {})
  }

  /** Once, right after the system is made: starts the workers. Messages for their actors are taken at once. */
  attach(system: ActorSystem): void {
    assert(this.parts === undefined, 'an extension belongs to one system')
    const { threads, ringBytes, resourceLimits, stuckAfterMs = STUCK_AFTER_MS, deadLettersMax = 1_000 } = this.init
    const usesSharedMemory = this.init.usesSharedMemory ?? canShareMemory()
    const runs: WorkerRuns = new WorkerRuns({
      threads,
      link: { usesSharedMemory, ...(ringBytes !== undefined && { ringBytes }) },
      resourceLimits,
      stuckAfterMs,
      nodeName: system.nodeName,
      deadLettersMax,
      spinUs: this.init.spinUs,
      moves: () => router.references.moves(),
      onLost: (loss) => lost.handle(loss),
    })
    const router = new ThreadRouter({
      thread: 0,
      home: 0,
      system,
      board: usesSharedMemory ? runs.board : undefined,
      spinUs: this.init.spinUs,
      isQuiet: this.init.isQuiet ?? ((): boolean => true),
      onTick: () => {},
      onHostMessage: (peer, message) => this.hear(peer, message),
      onAbsent: () => false,
    })
    const { placements } = this
    const moves = new ActorMoves({ runs, router, placements, command: (at, command) => router.control(at, command) })
    const lost = new LostWorkers({
      runs,
      router,
      placements,
      moves,
      intensity: this.init.workerIntensity ?? WORKER_INTENSITY,
      place: (placement) => {
        const snapshot = this.init.snapshotOf?.(placement.ref)
        if (snapshot !== undefined) placement.stored ??= { snapshot, mail: [], stash: [], timers: [], listening: [] }
        this.sendPlace(placement)
      },
      end: (placement, terminated) => this.end(placement, terminated),
      onGivenUp: (error) => this.up.reject(error),
    })
    this.parts = { system, runs, router, moves, lost }
    for (const link of runs.startAll()) router.end.connect(link)
    router.end.pump.start()
  }

  // What the system uses.

  place(definition: AgentDefinition, options: SpawnOptions): ActorRef | undefined {
    const { id: own, supervisor, placement = {} } = options
    if (own !== undefined && this.placements.find(own) !== undefined) throw idTakenError(own)
    if (this.isStopped) return undefined
    const thread = supervisor === undefined ? this.threadFor(definition, placement) : 0
    if (thread === 0) return undefined
    const { system, router } = this.attached
    if (own !== undefined && !ID.test(own))
      throw new RangeError(`An actor's id has 1 to 256 characters, none of them space, / or #: ${own}`)
    if (own !== undefined && system.registry.has(own)) throw idTakenError(own)
    // Throws when the system was stopped.
    system.rootCell()
    const number = system.bookNumber()
    const id = own ?? `${thread}.${number}`
    const address = formatAddress({ node: system.nodeName, worker: thread, path: id, incarnation: number })
    const ref = router.references.refTo({ number, home: 0, thread, id, address })
    const placed: Placement = {
      number,
      id,
      definition: withModule(definition),
      input: options.input,
      ref,
      thread,
      epoch: 0,
      stored: undefined,
      unsettled: [],
      failures: createRestartIntensity(this.init.intensity ?? INTENSITY),
      move: undefined,
    }
    this.sendPlace(placed)
    this.placements.add(placed)
    return ref
  }

  find(id: string): ActorRef | undefined {
    return this.placements.find(id)?.ref
  }

  wrap(_definition: AgentDefinition, behaviour: Behaviour): Behaviour {
    return behaviour
  }

  /**
   * Moves an actor to another worker. Its address stays valid; messages that come meanwhile are kept, and handled in the
   * order in which each sender sent them.
   *
   * @throws `ACTOR_NOT_MOVABLE`, and it stays where it is; RangeError for a worker that there is not.
   */
  async move(ref: ActorRef, worker: number): Promise<void> {
    const placement = ref instanceof RemoteRef ? this.placements.byNumber.get(ref.number) : undefined
    if (placement === undefined || placement.ref !== ref) {
      throw new CodedError('ACTOR_NOT_MOVABLE', { message: `Actor ${ref.id} was not placed on a worker, or has ended` })
    }
    this.checkWorker(worker)
    await this.attached.moves.start(placement, worker)
  }

  async stop(drainLeftMs: number): Promise<void> {
    this.isStopped = true
    if (this.parts === undefined) return
    const { runs, router, lost } = this.parts
    for (const thread of runs.threads) router.control(thread, { type: 'shut-down', drainMs: drainLeftMs })
    router.end.flush()
    const stuck = await runs.stop(drainLeftMs + (this.init.stopMs ?? STOP_MS))
    router.end.drain()
    for (const worker of stuck) lost.endStuck(worker)
    for (const placement of this.placements.byNumber.values()) {
      const { id, ref } = placement
      this.end(placement, { type: 'kernell.terminated', id, address: ref.address, reason: 'killed' })
    }
    router.end.close()
    this.up.reject(new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system was stopped' }))
  }

  private get attached(): Parts {
    assert(this.parts !== undefined, 'the extension is attached to its system')
    return this.parts
  }

  private threadFor(definition: AgentDefinition, { worker, near }: NonNullable<SpawnOptions['placement']>): number {
    const { threads } = this.attached.runs
    if (worker !== undefined && worker !== 0) this.checkWorker(worker)
    if (worker === 0 || (worker === undefined && definition.module === undefined)) return 0
    withModule(definition)
    const beside = near instanceof RemoteRef ? near.thread : 0
    if (worker === undefined && near !== undefined && beside === 0) return 0
    const chosen = worker ?? (near === undefined ? this.placements.leastLoaded(threads) : beside)
    if (chosen !== undefined && threads.includes(chosen)) return chosen
    const message = chosen === undefined ? 'No worker runs any more' : `Worker ${chosen} does not run any more`
    throw new CodedError('ACTOR_WORKER_LOST', { message, isRetryable: false })
  }

  private checkWorker(worker: number): void {
    const { threads } = this.init
    if (!Number.isInteger(worker) || worker < 1 || worker > threads)
      throw new RangeError(`There is no worker ${worker}: they are numbered from 1 to ${threads}`)
  }

  private sendPlace(placement: Placement): void {
    const { number, id, definition, input, stored, ref, thread } = placement
    placement.epoch += 1
    const { epoch } = placement
    const { name: agent, module } = definition
    const command: HostCommand = {
      type: 'place',
      number,
      epoch,
      id,
      address: ref.address,
      agent,
      module,
      input,
      stored,
    }
    this.attached.router.control(thread, command)
  }

  private hear(peer: number, message: HostMessage): void {
    const { system, runs, moves } = this.attached
    switch (message.type) {
      case 'up':
        runs.isUp(peer, message.threadId)
        this.missing.delete(peer)
        if (this.missing.size === 0) this.up.resolve()
        break
      case 'placed':
      case 'settled':
      case 'ended':
        this.hearOfActor(message)
        break
      case 'extracted':
        moves.extracted(message, (placement) => this.sendPlace(placement))
        break
      case 'dead-letters':
        for (const { target, event, reason } of message.letters)
          system.deadLetters.put({ address: target }, event, reason)
        system.deadLetters.count += message.count - message.letters.length
        break
      case 'supervision':
        system.report(message.event)
        break
      case 'error':
        system.environment.reportError(message.error)
        break
      case 'spans':
        for (const span of message.spans) this.init.adoptSpan?.(span)
        break
      case 'place':
      case 'hold':
      case 'extract':
      case 'moved':
      case 'shut-down':
      case 'drained':
        break
    }
  }

  private hearOfActor(report: Extract<HostReport, { type: 'placed' | 'settled' | 'ended' }>): void {
    const placement = this.placements.byNumber.get(report.number)
    if (placement?.epoch !== report.epoch) return
    const { moves } = this.attached
    if (report.type === 'settled') placement.unsettled = []
    else if (report.type === 'placed') {
      placement.unsettled = placement.stored?.mail ?? []
      placement.stored = undefined
      moves.placed(placement)
    } else if (!moves.goesBack(placement, report.terminated.error, (again) => this.sendPlace(again))) {
      this.endReported(placement, report)
    }
  }

  /** Told as of an actor of this thread: its failure, and that nobody heard of it. */
  private endReported(placement: Placement, report: Extract<HostReport, { type: 'ended' }>): void {
    const { terminated, hasStarted, isHeard } = report
    const { id, address, reason, error } = terminated
    const { system } = this.attached
    const isLost = reason === 'failed' && !isHeard && !placement.ref.isHeard
    if (reason === 'failed' && !hasStarted) system.report({ type: 'actor-failed', id, address, error })
    this.end(placement, terminated)
    if (isLost) system.report({ type: 'actor-lost', id, address, error })
  }

  private end(placement: Placement, terminated: Parameters<RemoteRef['ended']>[0]): void {
    this.placements.remove(placement)
    this.attached.moves.ended(placement)
    this.attached.router.ended(placement.ref, terminated)
  }
}

type Parts = {
  readonly system: ActorSystem
  readonly runs: WorkerRuns
  readonly router: ThreadRouter
  readonly moves: ActorMoves
  readonly lost: LostWorkers
}

function withModule(definition: AgentDefinition): Placement['definition'] {
  const { module, name } = definition
  if (module !== undefined) return { ...definition, module }
  throw new CodedError('ACTOR_MODULE_INVALID', {
    message: `Agent ${name} names no module, so a worker cannot load it`,
    details: { agent: name },
  })
}

function idTakenError(id: string): CodedError {
  return new CodedError('ACTOR_ID_TAKEN', { message: `There is an actor ${id} already`, details: { id } })
}
