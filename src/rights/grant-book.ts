import { canonicalJson } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import type { Timestamp } from '../base/time.ts'
import { type CapabilityRefused, refuseCapability } from '../core/capability/capability-refusals.ts'
import type { Delegation } from '../core/capability/capability-token.ts'
import {
  isChainRevoked,
  type JudgedRevocation,
  listRevocation,
  NO_REVOCATIONS,
  revocationEntries,
  REVOCATIONS_MAX,
  type RevocationOutcome,
  revocationRoom,
  type Revocations,
} from '../core/capability/revocations.ts'
import { deadlineOf } from '../core/capability/token-time.ts'
import type { Did } from '../core/evidence/names.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { VerifySignature } from '../ports/signer.ts'
import { openDelegation } from '../wire/ucan/token-codec.ts'
import { type GrantRecord, readGrantRecord } from './grant-record.ts'

/** Grants of this key that are listed at most, while they are valid. */
export const GRANTS_MAX = 4_096
/** Records behind the newest snapshot at most; then the journal is shortened to what still counts. */
export const GRANT_RECORDS_MAX = 4_096
const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()

export type GrantBookComponents = {
  /** Whose machine it is: there is always room for what this key takes back. */
  readonly self: Did
  readonly verify: VerifySignature
  /** Of the book alone. Whoever opened it closes it. */
  readonly log: EventLog
}

export type GrantBookInit = { readonly grantsMax?: number; readonly recordsMax?: number }

export type ListedGrant = { readonly delegation: Delegation; readonly text: string; readonly isRevoked: boolean }

/** What was granted by one key, and what was taken back. Both are on stable storage before anybody is told; what has expired is forgotten. */
export class GrantBook {
  private readonly components: GrantBookComponents
  private readonly grantsMax: number
  private readonly recordsMax: number
  private known: Revocations = NO_REVOCATIONS
  private granted = new Map<string, Omit<ListedGrant, 'isRevoked'>>()
  private records = 0
  /** One change at a time, in the order in which they were asked for. */
  private last: Promise<unknown> = Promise.resolve()
  /** After it nothing is written down any more, so that nothing may be told done. */
  private failure: { readonly error: unknown } | undefined

  private constructor(components: GrantBookComponents, init: GrantBookInit) {
    this.components = components
    this.grantsMax = init.grantsMax ?? GRANTS_MAX
    this.recordsMax = init.recordsMax ?? GRANT_RECORDS_MAX
  }

  /** Throws `STORE_CORRUPTED` for a record that is none, and what the log throws. */
  static async open(components: GrantBookComponents, init: GrantBookInit = {}): Promise<GrantBook> {
    const book = new GrantBook(components, init)
    const { log } = components
    const snapshot = log.snapshot
    if (snapshot !== undefined)
      for (const line of DECODER.decode(snapshot.payload).split('\n')) if (line !== '') book.replay(line)
    for await (const { payload } of log.read(snapshot?.nextIndex ?? 0)) {
      book.replay(DECODER.decode(payload))
      book.records += 1
    }
    return book
  }

  /** What was taken back, by anybody who may. */
  get revocations(): Revocations {
    return this.known
  }

  /** Grants that are not over, in the order in which they were given. */
  list(at: Timestamp): readonly ListedGrant[] {
    return [...this.granted.values()]
      .filter(({ delegation }) => at < deadlineOf(delegation.exp))
      .map((grant) => ({ ...grant, isRevoked: isChainRevoked(this.known, [grant.delegation], at) }))
  }

  /** Lists a grant, before anybody has it. Refused where as many as are listed are valid. Throws what the log throws. */
  async keep(text: string, at: Timestamp): Promise<CapabilityRefused | undefined> {
    this.refuseAfterFailure()
    const delegation = openDelegation(text, this.components.verify)
    if (delegation.kind === 'refused') return delegation
    if (this.granted.size >= this.grantsMax) this.forget(at)
    if (this.granted.size >= this.grantsMax) return refuseCapability('CAPABILITY_ISSUED_FULL')
    this.granted.set(delegation.cid, { delegation, text })
    await this.write({ type: 'granted', text }, at)
    return undefined
  }

  /** Takes up a revocation that was judged: it counts at once, and is written down then. Throws what the log throws. */
  async revoke(judged: JudgedRevocation, at: Timestamp): Promise<RevocationOutcome> {
    this.refuseAfterFailure()
    const isOwn = judged.revoker === this.components.self
    const room = isOwn ? { max: REVOCATIONS_MAX, ofOneMax: REVOCATIONS_MAX } : revocationRoom(false)
    const outcome = listRevocation(this.known, judged, { at, room })
    if (outcome.kind !== 'revoked') return outcome
    this.known = outcome.revocations
    const { cid, revoker, expiresAt } = judged
    await this.write({ type: 'revoked', cid, revoker, expiresAt, at }, at)
    return outcome
  }

  private refuseAfterFailure(): void {
    if (this.failure !== undefined) throw this.failure.error
  }

  private async write(record: GrantRecord, at: Timestamp): Promise<void> {
    const turn = this.last.then(async () => {
      const { log } = this.components
      await log.append([ENCODER.encode(canonicalJson(record))])
      this.records += 1
      if (this.records <= this.recordsMax) return
      await log.compact({ nextIndex: log.nextIndex, payload: ENCODER.encode(this.snapshot(at)) })
      this.records = 0
    })
    this.last = turn.catch((error: unknown) => {
      this.failure ??= { error }
    })
    await turn
  }

  private snapshot(at: Timestamp): string {
    this.forget(at)
    const granted = [...this.granted.values()].map(({ text }): GrantRecord => ({ type: 'granted', text }))
    const revoked = revocationEntries(this.known)
      .filter(({ expiresAt }) => expiresAt === undefined || at < expiresAt)
      .map((entry): GrantRecord => ({ type: 'revoked', ...entry }))
    return [...granted, ...revoked].map((record) => canonicalJson(record)).join('\n')
  }

  private forget(at: Timestamp): void {
    for (const [cid, { delegation }] of this.granted) if (at >= deadlineOf(delegation.exp)) this.granted.delete(cid)
  }

  private replay(text: string): void {
    const record = readGrantRecord(text)
    if (record === undefined) throw new CodedError('STORE_CORRUPTED', { message: 'A record of the grants is none' })
    if (record.type === 'granted') {
      const delegation = openDelegation(record.text, this.components.verify)
      if (delegation.kind !== 'refused') this.granted.set(delegation.cid, { delegation, text: record.text })
      return
    }
    const outcome = listRevocation(this.known, record, { at: record.at })
    if (outcome.kind === 'revoked') this.known = outcome.revocations
  }
}
