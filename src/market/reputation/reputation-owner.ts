import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Machine } from '../../core/machine.ts'
import { EIGEN_TRUST_DEFAULTS, eigenTrust, type PreTrusted } from '../../core/reputation/eigen-trust.ts'
import {
  formatReputationEvent,
  formatReputationState,
  parseReputationEvent,
  parseReputationState,
} from '../../core/reputation/reputation-codec.ts'
import {
  REPUTATION_MACHINE,
  type ReputationEffect,
  type ReputationEvent,
} from '../../core/reputation/reputation-machine.ts'
import type { ReputationInput, ReputationState } from '../../core/reputation/reputation-state.ts'
import { policyHash, type ReputationPolicy } from '../../core/reputation/reputation-policy.ts'
import type { ReputationRole } from '../../core/reputation/reputation-receipt.ts'
import type { ReputationRefusalCode } from '../../core/reputation/reputation-refusals.ts'
import {
  listReputation,
  type MarketTrust,
  NO_MARKET_TRUST,
  type ReputationDetail,
  type ReputationLine,
  type ReputationQuery,
  showReputation,
} from '../../core/reputation/reputation-view.ts'
import { findSybilRings, STARVED_PPM_DEFAULT } from '../../core/reputation/sybil-rings.ts'
import { trustEdgesOf } from '../../core/reputation/trust-graph.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Startable } from '../../ports/startable.ts'

export type ReputationOwnerComponents = {
  /** The journal of this owner alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  /** Replaces the machine in tests that plant a defect. */
  readonly machine?: Machine<ReputationState, ReputationEvent, ReputationEffect, ReputationInput>
}

export type ReputationOwnerInit = {
  readonly policy: ReputationPolicy
  /** Stamp before the first event. */
  readonly at: Timestamp
  /** Journal size that starts a compaction. Default 4 MiB. */
  readonly compactAtBytes?: number
}

export interface ReputationOwner extends Startable {
  /**
   * Resolves to the effects when the event, and all before it, are durable. A refusal, and the answer that a receipt was counted before, is not written down and
   * waits for what it follows from. Rejects with `STORE_NOT_OPEN`, and with what the journal throws; after a failed write everything is rejected.
   */
  run(event: ReputationEvent): Promise<readonly ReputationEffect[]>
  /** Of what is durable; `limit` 1 to 1,000. */
  list(query: ReputationQuery): readonly ReputationLine[]
  show(subject: Did, role: ReputationRole): ReputationDetail | undefined
  /** Calculates global trust and rings again over what is durable; `list` and `show` use the last one. @returns Codes of what was too large to calculate. */
  refreshTrust(preTrusted: readonly PreTrusted[]): readonly ReputationRefusalCode[]
  /** Names of broken invariants; empty when sound. */
  violations(): readonly string[]
}

const COMPACT_AT_BYTES_DEFAULT = 4 * 1024 * 1024
const RECORD_FORMAT = 1

/**
 * The one owner of a node's reputation books: the machine, and a journal that it is rebuilt from. `start` throws `STORE_CORRUPTED` when the journal holds what no
 * version wrote, and `REPUTATION_POLICY_CHANGED` when it was compacted under another policy.
 */
export function createReputationOwner(
  components: ReputationOwnerComponents,
  init: ReputationOwnerInit,
): ReputationOwner {
  return new JournaledReputation(components, init)
}

class JournaledReputation implements ReputationOwner {
  readonly #log: EventLog
  readonly #machine: Machine<ReputationState, ReputationEvent, ReputationEffect, ReputationInput>
  readonly #init: ReputationOwnerInit
  /** After the last event. */
  #current: ReputationState
  /** After the last event that is durable: only this is shown. */
  #durable: ReputationState
  #market: MarketTrust = NO_MARKET_TRUST
  #isOpen = false
  #failure: { readonly cause: unknown } | undefined
  /** Resolves, and never rejects, when what was appended so far is durable or has failed. */
  #written: Promise<void> = Promise.resolve()
  #compaction: Promise<void> | undefined

  constructor({ log, machine = REPUTATION_MACHINE }: ReputationOwnerComponents, init: ReputationOwnerInit) {
    this.#log = log
    this.#machine = machine
    this.#init = init
    this.#current = machine.initial(init)
    this.#durable = this.#current
  }

  async start(): Promise<void> {
    if (this.#isOpen) return
    const { snapshot } = this.#log
    let state = snapshot === undefined ? this.#machine.initial(this.#init) : this.#decodeState(snapshot.payload)
    for await (const { index, payload } of this.#log.read(snapshot?.nextIndex ?? 0)) {
      const event = parseReputationEvent(readRecord(payload, 'event'))
      if (event === undefined) throw corrupted(`record ${index} is no event`)
      state = this.#machine.transition(state, event).state
    }
    const broken = this.#machine.violations(state)
    if (broken.length > 0) throw corrupted(broken.join('; '))
    this.#current = state
    this.#durable = state
    this.#failure = undefined
    this.#isOpen = true
  }

  async stop(): Promise<void> {
    this.#isOpen = false
    await this.#written
    await this.#compaction
  }

  async run(event: ReputationEvent): Promise<readonly ReputationEffect[]> {
    if (!this.#isOpen) throw new CodedError('STORE_NOT_OPEN', { message: 'The reputation owner is not started' })
    this.#throwIfFailed()
    const before = this.#current
    const { state, effects } = this.#machine.transition(before, event)
    this.#current = state
    if (state === before) await this.#written
    else await this.#append(event, state)
    this.#throwIfFailed()
    return effects
  }

  list(query: ReputationQuery): readonly ReputationLine[] {
    return listReputation(this.#durable, query, this.#market)
  }

  show(subject: Did, role: ReputationRole): ReputationDetail | undefined {
    return showReputation(this.#durable, { subject, role }, this.#market)
  }

  refreshTrust(preTrusted: readonly PreTrusted[]): readonly ReputationRefusalCode[] {
    const edges = trustEdgesOf(this.#durable)
    const trust = eigenTrust({ ...EIGEN_TRUST_DEFAULTS, edges, preTrusted })
    const peers = preTrusted.map(({ peer }) => peer)
    const search = findSybilRings({ edges, preTrusted: peers, starvedPpm: STARVED_PPM_DEFAULT })
    this.#market = {
      trust: trust.kind === 'trust' ? trust : undefined,
      rings: search.kind === 'rings' ? search.rings : [],
    }
    return [trust, search].flatMap((result) => (result.kind === 'refused' ? [result.code] : []))
  }

  violations(): readonly string[] {
    return this.#machine.violations(this.#current)
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  async #append(event: ReputationEvent, state: ReputationState): Promise<void> {
    const payload = encodeRecord({ event: formatReputationEvent(event) })
    const appended = this.#log.append([payload]).then(
      () => {
        this.#durable = state
      },
      (cause: unknown) => {
        this.#failure ??= { cause }
      },
    )
    this.#written = appended
    this.#compactWhenLarge()
    await appended
  }

  /** Right after an append was handed over: only then the journal has all that the state has. */
  #compactWhenLarge(): void {
    const compactAtBytes = this.#init.compactAtBytes ?? COMPACT_AT_BYTES_DEFAULT
    if (this.#compaction !== undefined || this.#log.sizeBytes < compactAtBytes) return
    const state = formatReputationState(this.#current)
    const payload = encodeRecord({ policy: policyHash(this.#init.policy), state })
    this.#compaction = this.#log
      .compact({ nextIndex: this.#log.nextIndex, payload })
      // A journal that could not be compacted is whole; one that is broken refuses the next append.
      .catch(() => {})
      .finally(() => {
        this.#compaction = undefined
      })
  }

  #decodeState(payload: Uint8Array): ReputationState {
    const { policy } = this.#init
    if (readRecord(payload, 'policy') !== policyHash(policy))
      throw new CodedError('REPUTATION_POLICY_CHANGED', { message: 'The reputation journal has another policy' })
    const state = parseReputationState(readRecord(payload, 'state'), policy)
    if (state === undefined) throw corrupted('the snapshot is no state')
    return state
  }
}

function encodeRecord(members: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ format: RECORD_FORMAT, ...members }))
}

/** A member of a record; `undefined` for what is none. */
function readRecord(payload: Uint8Array, name: string): unknown {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    const record = new Map<string, unknown>(Object.entries(json ?? {}))
    return record.get('format') === RECORD_FORMAT ? record.get(name) : undefined
  } catch {
    return undefined
  }
}

function corrupted(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `Reputation journal: ${what}` })
}
