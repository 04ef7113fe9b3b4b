import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { CodedError } from '../../base/errors.ts'
import { timestampFromMs, type Timestamp } from '../../base/time.ts'
import {
  formatRolloutEvent,
  formatRolloutState,
  parseRolloutEvent,
  parseRolloutState,
} from '../../core/rollout/journal/rollout-codec.ts'
import { ROLLOUT_MACHINE } from '../../core/rollout/rollout-machine.ts'
import type { WatchedOutcome } from '../../core/rollout/watch/arm-totals.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../core/rollout/rollout-rules.ts'
import {
  percentOf,
  trialOf,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutRefusal,
  type RolloutStage,
  type RolloutState,
  type RolloutTransition,
} from '../../core/rollout/rollout-state.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Startable } from '../../ports/startable.ts'
import { MachineOwner } from '../machine-owner.ts'
import { jsonIn, ownerRecordIn } from '../owner-record.ts'

/** What answers, as the journal has it. */
export type RolloutInForce = {
  /** Of the transition that made it so; 0 before the first. */
  readonly revision: number
  readonly stage: RolloutStage
  /** Share of the conversations that the candidate answers, 0 to 100. */
  readonly percent: number
  readonly candidate: string | undefined
  /** `undefined`: what the configuration names. */
  readonly incumbent: string | undefined
}

export type RolloutOwnerComponents = {
  /** The owner is the actor `rollout` of this system. */
  readonly actors: ActorSystem
  /** The journal of this owner alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
  /** Told of every transition once it is on stable storage, in order. Must not throw. */
  readonly onTransition: (transition: RolloutTransition, inForce: RolloutInForce) => void
  /** Told of observations that could not be written. */
  readonly onError: (error: unknown) => void
}

export type RolloutOwnerInit = {
  readonly rules: RolloutRules
  /** Observations that may wait for the disk; further ones are left out and counted. Default 10,000. */
  readonly pendingMax?: number
  /** Journal size that starts a compaction. Default 1 MiB. */
  readonly compactAtBytes?: number
}

/** An event without its time. */
export type RolloutChange = RolloutEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'at' | 'elapsedMs'>
    : never
  : never

/** What was seen, without its time. */
export type RolloutObservation = Extract<
  RolloutChange,
  { type: 'request-observed' | 'served-observed' | 'shadow-observed' | 'drift-observed' | 'feedback-observed' }
>

export interface RolloutOwner extends Startable {
  /** As the journal has it: what was asked for and is not yet durable does not count. */
  readonly inForce: RolloutInForce
  /** After the last event that went through the machine, durable or not. */
  readonly state: RolloutState
  /** Observations that were left out since the start, because the disk did not keep up. */
  readonly droppedCount: number
  /** Resolves when the transition is durable and was announced. Throws `POLICY_ROLLOUT_REFUSED`, and what the journal throws. */
  change(change: RolloutChange): Promise<RolloutTransition>
  /** Takes a finished request into the watch; what follows from it is announced. Never throws, and holds nobody up. */
  observe(observation: RolloutObservation): void
  /**
   * Takes a finished request of the policy that serves while no candidate answers any. They are written some at a time, and before any change:
   * a crash loses fewer than twenty of them, of which none counts for more than the next. Never throws, and holds nobody up.
   */
  observeServed(policy: string, outcome: WatchedOutcome): void
  /** Resolves when everything that was observed is in the journal. */
  flush(): Promise<void>
  /** Names of broken invariants; empty when sound. */
  violations(): readonly string[]
}

const RECORD_FORMAT = 1
const PENDING_MAX_DEFAULT = 10_000
const COMPACT_AT_BYTES_DEFAULT = 1024 * 1024
const CHANGES_MAX = 1_000
/** Requests of the policy that serves that are written together. */
const SERVED_BATCH = 20

/**
 * The one owner of a node's rollout: each event goes through the machine and then to the journal, and nothing that it changes counts
 * before it is on stable storage. A restart comes back to the same stage, with the same evidence for and against the candidate.
 *
 * `start` replays the journal; it throws `STORE_CORRUPTED` when that holds what no version wrote.
 */
export function createRolloutOwner(components: RolloutOwnerComponents, init: RolloutOwnerInit): RolloutOwner {
  return new JournaledRolloutOwner(components, init)
}

class JournaledRolloutOwner implements RolloutOwner {
  readonly #components: RolloutOwnerComponents
  readonly #init: RolloutOwnerInit
  readonly #owner: MachineOwner<RolloutState, RolloutEvent, RolloutEffect>
  #inForce: RolloutInForce
  /** The journal has its rules, or will have them before whatever is asked for now. */
  #isBegun = false
  #dropped = 0
  /** When the last event was, by the clock that nobody sets; `undefined` before the first. */
  #lastMs: number | undefined
  /** Requests of the policy that serves which are not written yet. */
  #served: { readonly policy: string; readonly outcomes: WatchedOutcome[] } | undefined
  /** Of the observations under way; resolves, and never rejects. */
  #observed: Promise<unknown> = Promise.resolve()

  constructor(components: RolloutOwnerComponents, init: RolloutOwnerInit) {
    this.#components = components
    this.#init = init
    this.#owner = createOwner(components, init)
    this.#inForce = inForceOf(this.#owner.state)
  }

  get inForce(): RolloutInForce {
    return this.#inForce
  }

  get state(): RolloutState {
    return this.#owner.state
  }

  get droppedCount(): number {
    return this.#dropped
  }

  async start(): Promise<void> {
    await this.#owner.start()
    this.#inForce = inForceOf(this.#owner.state)
    if (this.#components.log.nextIndex > 0) await this.#setRules()
  }

  async stop(): Promise<void> {
    await this.flush()
    await this.#owner.stop()
  }

  async change(change: RolloutChange): Promise<RolloutTransition> {
    this.#writeServed()
    await this.#beginJournal()
    const effects = await this.#run(change)
    for (const effect of effects) {
      if (effect.type === 'announce-transition') return effect.transition
      if (effect.type === 'event-refused') throw refusedError(effect.code, this.#owner.state)
    }
    throw refusedError('EVENT_INVALID', this.#owner.state)
  }

  observe(observation: RolloutObservation): void {
    if (this.#owner.waitingCount >= (this.#init.pendingMax ?? PENDING_MAX_DEFAULT)) {
      this.#dropped += 1
      return
    }
    const observed = this.#run(observation).catch((error: unknown) => {
      this.#dropped += 1
      this.#components.onError(error)
    })
    this.#observed = Promise.all([this.#observed, observed])
  }

  observeServed(policy: string, outcome: WatchedOutcome): void {
    if (this.#served?.policy !== policy) this.#writeServed()
    this.#served ??= { policy, outcomes: [] }
    this.#served.outcomes.push(outcome)
    if (this.#served.outcomes.length >= SERVED_BATCH) this.#writeServed()
  }

  #writeServed(): void {
    const served = this.#served
    if (served === undefined) return
    this.#served = undefined
    this.#beginJournal().catch(this.#components.onError)
    this.observe({ type: 'served-observed', ...served })
  }

  /** A journal begins with the rules, so that it means the same whatever a later version thinks of as default. */
  async #beginJournal(): Promise<void> {
    if (this.#isBegun || this.#components.log.nextIndex > 0) return
    this.#isBegun = true
    try {
      await this.#run({ type: 'rules-set', rules: this.#init.rules })
    } catch (error: unknown) {
      this.#isBegun = false
      throw error
    }
  }

  async flush(): Promise<void> {
    this.#writeServed()
    await this.#observed
  }

  violations(): readonly string[] {
    return this.#owner.violations()
  }

  async #setRules(): Promise<void> {
    const { rules } = this.#init
    if (JSON.stringify(rules) !== JSON.stringify(this.#owner.state.rules)) await this.#run({ type: 'rules-set', rules })
  }

  async #run(change: RolloutChange): Promise<readonly RolloutEffect[]> {
    const event: RolloutEvent = { ...change, ...this.#timeOfEvent() }
    const effects = await this.#owner.run(event)
    for (const effect of effects) if (effect.type === 'announce-transition') this.#announce(effect.transition)
    return effects
  }

  /** Whole milliseconds, of which none is lost between many events. */
  #timeOfEvent(): { readonly at: Timestamp; readonly elapsedMs?: number } {
    const { clock } = this.#components
    const [nowMs, lastMs] = [clock.monotonicMs(), this.#lastMs]
    if (lastMs === undefined) {
      this.#lastMs = nowMs
      return { at: clock.now() }
    }
    const elapsedMs = Math.max(0, Math.floor(nowMs - lastMs))
    this.#lastMs = lastMs + elapsedMs
    return { at: clock.now(), elapsedMs }
  }

  /** Appends are acknowledged in the order in which they were made. */
  #announce(transition: RolloutTransition): void {
    const { revision, to, percentAfter, candidate, incumbent } = transition
    this.#inForce = {
      revision,
      stage: to,
      percent: percentAfter,
      candidate: to === 'legacy_only' ? undefined : (candidate ?? undefined),
      incumbent: incumbent ?? undefined,
    }
    this.#components.onTransition(transition, this.#inForce)
  }
}

function inForceOf({ revision, position, incumbent }: RolloutState): RolloutInForce {
  const candidate = trialOf(position)?.candidate
  return { revision, stage: position.stage, percent: percentOf(position), candidate, incumbent }
}

function createOwner(
  { actors, log }: RolloutOwnerComponents,
  { pendingMax = PENDING_MAX_DEFAULT, compactAtBytes = COMPACT_AT_BYTES_DEFAULT }: RolloutOwnerInit,
): MachineOwner<RolloutState, RolloutEvent, RolloutEffect> {
  const encoder = new TextEncoder()
  const machine = ROLLOUT_MACHINE
  return new MachineOwner(
    { actors, log, machine },
    {
      id: 'rollout',
      mailboxBound: pendingMax + CHANGES_MAX,
      compactAtBytes,
      first: machine.initial({ rules: DEFAULT_ROLLOUT_RULES, at: timestampFromMs(0) }),
      encode: (event, [first]) => encoder.encode(formatRecord(event, first)),
      replay(state, payload, index) {
        const record = ownerRecordIn(payload, RECORD_FORMAT, parseRolloutEvent)
        if (record === undefined) throw corruptedError(`record ${index} is not an event of a rollout`)
        const step = machine.transition(state, record.event)
        if ((step.effects[0]?.type ?? null) !== record.effect)
          throw corruptedError(`record ${index} does not follow from the records before it`)
        return step.state
      },
      encodeState: (state) => encoder.encode(JSON.stringify(formatRolloutState(state))),
      decodeState(payload) {
        const state = parseRolloutState(jsonIn(payload))
        if (state === undefined) throw corruptedError('its snapshot is not the state of a rollout')
        return state
      },
      isWithoutTrace: ([first]) => first?.type === 'event-refused',
    },
  )
}

/**
 * The first effect is kept beside the event, so that a replay by other rules is noticed instead of believed; a transition is
 * written out with its reason and figures, so that the journal can be read without this program.
 */
function formatRecord(event: RolloutEvent, effect: RolloutEffect | undefined): string {
  const transition = effect?.type === 'announce-transition' ? { transition: effect.transition } : {}
  return JSON.stringify({
    format: RECORD_FORMAT,
    event: formatRolloutEvent(event),
    effect: effect?.type ?? null,
    ...transition,
  })
}

function corruptedError(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The journal of the rollout cannot be replayed: ${what}` })
}

const REFUSED_BECAUSE: Readonly<Record<RolloutRefusal, string>> = {
  NOT_FURTHER_UP: 'that is no step further up from where it is',
  CANDIDATE_UNDER_WAY: 'another candidate is under way',
  NO_REFERENCE:
    'too little is known of the policy that serves (fewer than 20 requests) to compare a candidate with that answers everything; begin with --stage canary, or say --without-reference',
  NO_CANDIDATE: 'no candidate is under way',
  NOTHING_BEFORE: 'nothing served before this policy',
  NEVER_SERVED: 'that policy never served in full, or was rolled back',
  STALE: 'it is about a candidate that is not on trial any more',
  EVENT_INVALID: 'what was asked for is not valid',
}

function refusedError(code: RolloutRefusal, { position }: RolloutState): CodedError {
  const percent = position.stage === 'canary' ? ` at ${position.percent} %` : ''
  return new CodedError('POLICY_ROLLOUT_REFUSED', {
    message: `The rollout is at ${position.stage}${percent}: ${REFUSED_BECAUSE[code]}`,
    details: { reason: code, stage: position.stage },
  })
}
