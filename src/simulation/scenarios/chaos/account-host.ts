import type { ActorRef } from '../../../actors/actor-ref.ts'
import { ActorSystem } from '../../../actors/system/actor-system.ts'
import { DurableExtension } from '../../../actors/durable/durable-extension.ts'
import { durableActors } from '../../../actors/durable/durable-actors.ts'
import { readJournal } from '../../../actors/durable/journal/read-journal.ts'
import { exportActor } from '../../../actors/durable/state/export-actor.ts'
import { stateOf, type DurableActor } from '../../../actors/durable/state/durable-actor.ts'
import type { ActorEnvironment } from '../../../actors/environment.ts'
import { CodedError } from '../../../base/errors.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import { openSegmentedEventLog } from '../../../storage/segmented-event-log.ts'
import { ActorRecorder } from '../../actors/actor-recorder.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { Machine } from '../../machine/machine.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import {
  type Account,
  accountAgent,
  type AccountCommand,
  type ReminderClock,
  type Remittance,
} from './account-agent.ts'
import { corruptionIn, isBrokenStore } from '../../disk/broken-store.ts'
import type { Observers } from './observers.ts'

/** How often a journal begins a new file, and how often it is replaced by what it comes to. */
export type JournalSize = { readonly segmentBytesMax: number; readonly compactAtBytes: number }

export type AccountHostInit = {
  readonly stage: Stage
  readonly machine: Machine
  readonly owner: WorldProcess
  readonly accounts: number
  readonly journal: JournalSize
  readonly observers: Observers
  /** Hands a remittance to another machine; resolves when it is stored there. */
  readonly remit: (remittance: Remittance) => Promise<void>
  /** The disk has refused: nothing is acknowledged any more until the process starts anew. */
  readonly onBrokenStore: () => void
}

/** Between two attempts of a remittance. */
const REMIT_BACK_OFF = { firstMs: 100, maxMs: 2_000 }
/** An actor may fail so often within such a time, less than its supervisor allows. */
const STUMBLE = { count: 2, withinMs: 6_000 }
/** A reminder that waits behind a slow disk is late by so much at the most. */
const REMINDER_SLACK_MS = 20_000

/** The durable actors of one process of a machine, over their journal on its disk. */
export class AccountHost {
  readonly system: ActorSystem
  private readonly init: AccountHostInit
  private readonly extension: DurableExtension
  private log: EventLog | undefined
  private readonly stumbled = new Set<string>()
  private readonly stumbles = new Map<string, readonly number[]>()

  constructor(init: AccountHostInit) {
    this.init = init
    const { owner } = init
    const environment = this.environment()
    this.extension = new DurableExtension({
      environment,
      openLog: async () => (this.log = await openJournal(init, owner)),
      closeLog: async () => await this.log?.close(),
      store: { compactAtBytes: init.journal.compactAtBytes },
    })
    this.system = new ActorSystem({
      environment,
      isInline: false,
      extension: this.extension,
      stepObserver: new ActorRecorder(init.stage.world, { count: init.stage.handled, address: owner.name }),
    })
    this.extension.attach(this.system)
    durableActors(this.system).registerEffect('remit', async (input) => await init.remit(input as Remittance), {
      attempts: 10_000,
      backOff: REMIT_BACK_OFF,
    })
  }

  /** Spawns the accounts, which are there from the first time on, once what is stored has been looked at. */
  async start(): Promise<void> {
    const { accounts, machine } = this.init
    await this.system.ready
    this.look('at the start')
    const agent = accountAgent({
      refOf: (id) => this.system.get(id),
      nodeName: machine.name,
      now: () => this.init.owner.clock.now(),
      isAway: (actor, key) => this.isAway((actor as ActorRef).id, key),
      watch: {
        reminderSet: (name, due) => this.reminderSet(name, due),
        reminded: (name, clock) => this.reminded(name, clock),
      },
    })
    for (let number = 0; number < accounts; number += 1) this.system.spawn(agent, { id: `account-${number}` })
  }

  /** Puts a command or a credit into the inbox of an account, once for its key. */
  async deliver(
    account: string,
    event: AccountCommand | { readonly type: 'credit'; readonly key: string; readonly amount: number },
  ): Promise<void> {
    const ref = this.system.get(account)
    if (ref === undefined) throw new CodedError('ACTOR_NOT_STORED', { message: `There is no ${account} yet` })
    try {
      await ref.deliver(event, { key: `${event.type} ${event.key}` })
    } catch (error: unknown) {
      if (isBrokenStore(error)) this.init.onBrokenStore()
      throw error
    }
  }

  async read(account: string): Promise<{ readonly handled: number }> {
    const ref = this.system.get(account)
    if (ref === undefined) throw new CodedError('ACTOR_NOT_STORED', { message: `There is no ${account} yet` })
    return await ref.ask<{ readonly type: string; readonly handled: number }>({ type: 'read' }, { timeoutMs: 3_000 })
  }

  /** The stored accounts, as this process has them. */
  accounts(): readonly { readonly id: string; readonly account: Account; readonly waiting: readonly string[] }[] {
    return [...this.extension.store.actors()].map((actor) => ({
      id: actor.id,
      account: stateOf(actor) as Account,
      waiting: Array.from(actor.inbox?.values() ?? [], ({ event }) => `${event.type} ${String(event['key'])}`),
    }))
  }

  /** Whether nothing waits: no message, no timer, no effect. */
  get isQuiet(): boolean {
    if (!this.extension.isOpen) return false
    for (const { inbox, timers, effects } of this.extension.store.actors())
      if (inbox !== undefined || timers !== undefined || effects !== undefined) return false
    return true
  }

  /** Ends, and reads its journal once more: what is stored, actor by actor, as this process had it and as the journal says. */
  async stopAndReplay(): Promise<{
    readonly live: ReadonlyMap<string, string>
    readonly replayed: ReadonlyMap<string, string>
  }> {
    await this.extension.store.synced()
    const live = hashesOf(this.extension.store.actors())
    await this.system.stop({ drainMs: 0 })
    const { init } = this
    try {
      const log = await openJournal(init, init.owner)
      const replayed = hashesOf((await readJournal(log)).actors.values())
      await log.close()
      return { live, replayed }
    } catch (error: unknown) {
      const what = corruptionIn(init.machine.name, error)
      if (what === undefined) throw error
      init.observers.checks.check('store-sound', what)
      return { live, replayed: new Map() }
    }
  }

  /** What was acknowledged is there, and nothing was done twice. */
  look(when: string): void {
    const { observers, machine } = this.init
    const found = new Map(this.accounts().map((each) => [each.id, each]))
    for (const { id, account } of found.values()) {
      observers.checks.check('at-most-once', observers.once.counted(`${machine.name}/${id} ${when}`, account.handled))
      observers.checks.check('no-double-spend', account.balance < 0 ? `${id} has ${account.balance}` : undefined)
      const where = `${machine.name}/${id}`
      const has = (key: string): boolean =>
        account.handled[key] !== undefined || found.get(id)?.waiting.includes(key) === true
      observers.checks.check('durable-acknowledged', observers.acknowledged.missing(where, has))
      observers.checks.check('never-back', observers.shown.saw(where, Object.keys(account.handled).length))
    }
  }

  private environment(): ActorEnvironment {
    const { owner, onBrokenStore } = this.init
    const environment = owner.environment()
    return {
      ...environment,
      reportError: (error) => {
        if (isBrokenStore(error)) onBrokenStore()
        else environment.reportError(error)
      },
    }
  }

  /** Once for each command of a process, and seldom enough that no supervisor gives up. */
  private isAway(account: string, key: string): boolean {
    const nowMs = this.init.owner.clock.monotonicMs()
    const recent = (this.stumbles.get(account) ?? []).filter((atMs) => nowMs - atMs < STUMBLE.withinMs)
    if (recent.length >= STUMBLE.count || this.stumbled.has(key)) return false
    this.stumbled.add(key)
    this.stumbles.set(account, [...recent, nowMs])
    return true
  }

  private reminderSet(key: string, due: { readonly delayMs: number } | { readonly at: number }): void {
    const { owner, observers, machine } = this.init
    if ('at' in due) observers.deadlines.set(key, { dueMs: due.at, life: this.life('wall'), clock: machine.name })
    else observers.deadlines.set(key, { dueMs: owner.clock.monotonicMs() + due.delayMs, life: this.life('steady') })
  }

  private reminded(key: string, kind: ReminderClock): void {
    const { owner, observers } = this.init
    const nowMs = kind === 'wall' ? owner.clock.now() : owner.clock.monotonicMs()
    observers.checks.check(
      'deadlines-kept',
      observers.deadlines.reached(key, { nowMs, life: this.life(kind), slackMs: REMINDER_SLACK_MS }),
    )
  }

  /** A clock that was set is another one. */
  private life(kind: ReminderClock): string {
    const { offsetMs, driftPpm } = this.init.owner.skew
    return `${this.init.owner.name} ${kind} ${kind === 'wall' ? offsetMs : 0} ${driftPpm}`
  }
}

async function openJournal(
  { machine, journal }: Pick<AccountHostInit, 'machine' | 'journal'>,
  owner: WorldProcess,
): Promise<EventLog> {
  const components = { fileSystem: machine.disk.fileSystem(owner), random: owner.random }
  return await openSegmentedEventLog(components, {
    directory: '/actors',
    segmentSizeBytesMax: journal.segmentBytesMax,
  })
}

function hashesOf(actors: Iterable<DurableActor>): ReadonlyMap<string, string> {
  return new Map(Array.from(actors, (actor) => [actor.id, sha256Hex(exportActor(actor).join('\n'))]))
}
