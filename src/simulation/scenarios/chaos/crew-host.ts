import type { RandomStream } from '../../../base/random-stream.ts'
import { CodedError } from '../../../base/errors.ts'
import type { ActorRef } from '../../../actors/actor-ref.ts'
import type { MailboxPolicy } from '../../../actors/agent-definition.ts'
import { Cell, STOPPED, SUSPENDED } from '../../../actors/cell/cell.ts'
import type { ActorSystem } from '../../../actors/system/actor-system.ts'
import type { RestartStrategy } from '../../../core/supervision/restart-plan.ts'
import { createSimulatedActors } from '../../actors/simulated-actors.ts'
import type { Stage } from '../../scenario/stage.ts'
import { DeadlinesKept } from '../../checks/deadlines-kept.ts'
import { FifoPerPair } from '../../checks/fifo-per-pair.ts'
import { type KnownActor, livingAmong, orphansAmong } from '../../checks/no-orphans.ts'
import { NothingLost } from '../../checks/nothing-lost.ts'
import { SupervisionIntensity } from '../../checks/supervision-intensity.ts'
import { TimersKept } from '../../checks/timers-kept.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import { CREW_POLICIES, type CrewWatch, feederAgent, type Job, type Late, workerAgent } from './crew-agents.ts'
import { CrewVisits } from './crew-visits.ts'

export type CrewHostInit = {
  readonly stage: Stage
  readonly owner: WorldProcess
  readonly random: RandomStream
}

const STRATEGIES: readonly RestartStrategy[] = ['one-for-one', 'one-for-all', 'rest-for-one']
const INTENSITY = { restarts: 4, withinMs: 2_000 }
const ROOT_INTENSITY = { restarts: 3, withinMs: 5_000 }
const FEEDERS = ['feeder-a', 'feeder-b']
const EVERY_MS = 20
const ASK_TIMEOUT_MS = 250
/** A tick of the wheel and one of the platform's timer, 1 ms each; and what a clock gains that drifts by 1,000 ppm in the longest delay, 405 ms. */
const TIMER_SLACK_MS = 2.5
/** Back-offs and held senders are over by then, wherever time goes on. */
const PATIENCE_MS = 1_000

/** Actors that are lost with their process: workers under supervisors of each strategy, those that feed them, and visitors that come and go. */
export class CrewHost {
  readonly system: ActorSystem
  private readonly init: CrewHostInit
  private readonly known: ActorRef[] = []
  private readonly supervisors = new Map<string, string>()
  private readonly fifo = new FifoPerPair()
  private readonly lost = new NothingLost()
  private readonly visits: CrewVisits
  private readonly deadlines = new DeadlinesKept()
  private readonly intensity: SupervisionIntensity
  private readonly timers = new TimersKept({ slackMs: TIMER_SLACK_MS })
  private readonly watch: CrewWatch
  private readonly workers: ActorRef[] = []
  private asks = 0
  private isFeeding = true

  constructor(init: CrewHostInit) {
    this.init = init
    const { owner, stage } = init
    const { checks } = stage
    this.watch = this.createWatch()
    this.system = createSimulatedActors({ world: init.stage.world, owner, count: init.stage.handled })
    this.visits = new CrewVisits(this.system, owner, this.watch)
    const nowMs = (): number => owner.clock.monotonicMs()
    this.intensity = new SupervisionIntensity(
      {
        supervisorOf: (id) => this.supervisors.get(id),
        intensityOf: (supervisor) => (supervisor === undefined ? ROOT_INTENSITY : INTENSITY),
      },
      nowMs,
    )
    this.system.onSupervision((event) => checks.check('supervision-intensity', this.intensity.saw(event)))
    this.system.deadLetters.subscribe(({ event, reason }) => {
      if (event.type === 'kernell.terminated')
        checks.check('control-lane', `the end of ${String(event['id'])} became a dead letter: ${reason}`)
      if (event.type === 'job') this.lost.endedOnceMore(nameOf(event as Job))
      if (event.type === 'late') this.timers.refused((event as Late).timer)
    })
  }

  get size(): number {
    return this.known.length
  }

  start(): void {
    for (const strategy of STRATEGIES) this.superviseWorkers(strategy)
    this.superviseNested()
    for (const id of FEEDERS)
      this.spawn(
        feederAgent(id, (name) => this.workers.find((worker) => worker.id === name), this.watch),
        id,
      )
    this.known.push(...this.visits.watchers)
    this.loop()
  }

  /** So many jobs at once for one worker. */
  flood(count: number): number {
    const { random } = this.init
    const worker = this.workers[random.nextBelow(this.workers.length)]
    const before = this.system.deadLetters.count
    this.visits.makeNoise(count)
    if (worker !== undefined)
      this.system
        .get(FEEDERS[0] ?? '')
        ?.send({ type: 'feed', to: worker.id, poison: Array.from({ length: count }, () => false) })
    return this.system.deadLetters.count - before
  }

  /** Between events: what holds at every moment. */
  look(): void {
    const { stage, owner } = this.init
    const { checks } = stage
    if (!owner.isAlive) return
    checks.check('no-orphans', orphansAmong(this.known.map(actorOf)))
    checks.check('supervision-intensity', this.intensity.left(PATIENCE_MS))
    checks.check('control-lane', this.visits.left(PATIENCE_MS))
    const nowMs = owner.clock.monotonicMs()
    checks.check('deadlines-kept', this.deadlines.left({ nowMs, life: this.life(), slackMs: PATIENCE_MS }))
    checks.check(
      'timers-kept',
      this.timers.left(nowMs, (worker) => this.isDown(worker)),
    )
  }

  /** No more work comes. */
  rest(): void {
    this.isFeeding = false
  }

  /** Everything that was sent has come to its end. */
  async stop(): Promise<void> {
    const { checks } = this.init.stage
    checks.check('nothing-lost', this.lost.left())
    await this.system.stop({ drainMs: 500 })
    checks.check('no-orphans', livingAmong(this.known.map(actorOf)))
  }

  private superviseWorkers(strategy: RestartStrategy): void {
    const supervisor = this.supervise(strategy, { strategy })
    for (const policy of CREW_POLICIES) this.spawnWorker(policy, supervisor)
  }

  /** Supervisors below a supervisor: whose intensity is exceeded fails as a child of the one above, with all that is below. */
  private superviseNested(): void {
    const upper = this.supervise('upper', { strategy: 'one-for-all' })
    this.spawnWorker('refuse', upper)
    const lower = this.supervise('lower', { strategy: 'rest-for-one', supervisor: upper })
    for (const policy of ['drop-newest', 'credit'] as const) this.spawnWorker(policy, lower)
  }

  private supervise(
    id: string,
    init: { readonly strategy: RestartStrategy; readonly supervisor?: ActorRef },
  ): ActorRef {
    const supervisor = this.system.supervise({ id, intensity: INTENSITY, ...init })
    if (init.supervisor !== undefined) this.supervisors.set(supervisor.id, init.supervisor.id)
    this.known.push(supervisor)
    return supervisor
  }

  private spawnWorker(policy: MailboxPolicy, supervisor: ActorRef): void {
    const worker = this.system.spawn(workerAgent(policy, this.watch), {
      id: policy,
      supervisor,
      input: `${supervisor.id}/${policy}`,
    })
    this.supervisors.set(worker.id, supervisor.id)
    this.known.push(worker)
    this.workers.push(worker)
  }

  private spawn(agent: Parameters<ActorSystem['spawn']>[0], id: string): ActorRef {
    const ref = this.system.spawn(agent, { id })
    this.known.push(ref)
    return ref
  }

  private loop(): void {
    const { owner, random } = this.init
    // The same draws each time, whatever comes of them.
    const [who, whom, many, visit, ask] = [0, 0, 0, 0, 0].map(() => random.nextUnit()) as [
      number,
      number,
      number,
      number,
      number,
    ]
    const poison = Array.from({ length: 1 + Math.floor(many * 6) }, () => random.nextUnit() < 0.03)
    if (this.isFeeding) {
      const worker = this.workers[Math.floor(whom * this.workers.length)]
      if (worker !== undefined)
        this.system.get(FEEDERS[Math.floor(who * FEEDERS.length)] ?? '')?.send({ type: 'feed', to: worker.id, poison })
      if (visit < 0.2) this.visits.visit(visit < 0.05)
      if (ask < 0.2 && worker !== undefined) this.ask(worker, ask < 0.1)
    }
    if (this.isFeeding) owner.timers.schedule(EVERY_MS, () => this.loop())
  }

  /** A question that is not answered fails when its time is over, and not before. */
  private ask(worker: ActorRef, isSilent: boolean): void {
    const { owner, stage } = this.init
    const { checks } = stage
    const name = `ask-${(this.asks += 1)}`
    this.deadlines.set(name, { dueMs: owner.clock.monotonicMs() + ASK_TIMEOUT_MS, life: this.life() })
    const life = this.life()
    worker.ask({ type: 'question', isSilent }, { timeoutMs: ASK_TIMEOUT_MS }).then(
      () => this.deadlines.forgive(name),
      (error: unknown) => {
        if (!CodedError.is(error, 'ACTOR_ASK_TIMEOUT') || life !== this.life()) return this.deadlines.forgive(name)
        const nowMs = owner.clock.monotonicMs()
        checks.check('deadlines-kept', this.deadlines.reached(name, { nowMs, life, slackMs: 10 }))
      },
    )
  }

  /** Whoever has ended, or waits for its restart, has no timers. */
  private isDown(worker: string): boolean {
    const ref = this.system.get(worker)
    return !(ref instanceof Cell) || (ref.marks & SUSPENDED) !== 0
  }

  private nowMs(): number {
    return this.init.owner.clock.monotonicMs()
  }

  private life(): string {
    const { owner } = this.init
    return `${owner.name} ${owner.skew.driftPpm}`
  }

  private createWatch(): CrewWatch {
    const { checks } = this.init.stage
    return {
      sent: (job) => this.lost.wasSent(nameOf(job), job.to),
      handling: (job) => {
        const pair = `${job.from} ${job.to}`
        checks.check('fifo-per-pair', this.fifo.heard(pair, job.sequence))
        if (job.isPoison) {
          this.fifo.failedOver(pair, job.sequence)
          checks.check('supervision-intensity', this.intensity.throws(job.to))
        } else checks.check('nothing-lost', this.lost.ended(nameOf(job)))
      },
      told: (watcher, id) => {
        this.intensity.ended(id)
        checks.check('control-lane', this.visits.told(watcher, id))
      },
      started: (worker) => this.timers.restarted(worker, this.nowMs()),
      timerSet: (worker, name, delayMs) => this.timers.set(worker, name, this.nowMs() + delayMs),
      timerFired: (worker, number) => checks.check('timers-kept', this.timers.fired(worker, number, this.nowMs())),
    }
  }
}

function nameOf({ from, to, sequence }: Job): string {
  return `${from}>${to} ${sequence}`
}

function actorOf(ref: ActorRef): KnownActor {
  if (!(ref instanceof Cell)) throw new TypeError(`${ref.id} is not of this thread`)
  return knownCell(ref)
}

function knownCell(cell: Cell): KnownActor {
  return {
    id: cell.id,
    isAlive: cell.status !== STOPPED,
    parent: cell.parent === undefined ? undefined : knownCell(cell.parent),
  }
}
