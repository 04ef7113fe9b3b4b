import type { EscrowState } from '../../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { NotaryService } from '../../../market/notary/notary-service.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { NotaryAnswer, NotaryClient } from '../../../ports/notary-client.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'
import type { DeadlineEdge } from '../../checks/deadline-edges.ts'
import type { NotaryMachine } from '../../market/notary-machine.ts'
import type { SimulatedMarket } from '../../market/simulated-market.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'

/** Messages that are held against a deadline of the state that they end. Who accepts decides about money: that is drawn most often. */
const PUNCTUAL_TYPES = [
  'escrow-accept',
  'escrow-accept',
  'escrow-accept',
  'escrow-start',
  'escrow-delivery',
  'escrow-hold-request',
  'escrow-contract',
] as const
/** A millisecond before the deadline, at it, and behind it. */
const AWAY_MS = [-1, 0, 1] as const
/** Of the contracts, those of which one message is sent so. */
const SHARE = 0.75
/** Nobody waits longer for a deadline. */
const WAIT_MS_MAX = 30_000

/** One message and its moment. */
type Moment = Pick<DeadlineEdge, 'contract' | 'message' | 'type' | 'kind' | 'deadline'> & { readonly atMs: number }

/**
 * Parties that play for time: they send what they have to say when its deadline comes, by the notary's clock, from right beside it. So the stamps of their messages are a millisecond
 * before a deadline, the deadline itself, or a millisecond behind it.
 */
export class Punctual {
  readonly edges: DeadlineEdge[] = []
  private readonly stage: Stage
  private market: SimulatedMarket | undefined
  private isOver = false
  /** The latest that the notary's clock has shown before it was set: stamps never go back behind it. */
  private shownMs = 0

  constructor(stage: Stage) {
    this.stage = stage
  }

  join(market: SimulatedMarket): void {
    this.market = market
  }

  /** From now on everybody sends what he has to say at once. */
  stop(): void {
    this.isOver = true
  }

  /** The clock of a notary is about to be set to another time. */
  clockIsSet(name: string): void {
    const keeper = this.keeper()
    if (keeper?.machine.name === name) this.shownMs = this.clockOf(keeper)
  }

  /** The way of a party to its notaries. */
  wrap(name: string, owner: WorldProcess, client: NotaryClient): NotaryClient {
    const submit = async (bytes: Uint8Array, options?: AbortOptions): Promise<NotaryAnswer> => {
      const moment = this.momentOf(name, bytes)
      if (moment === undefined) return await client.submit(bytes, options)
      const service = await this.untilItComes(owner, moment)
      // Whoever is not there at that moment is asked as usual.
      return service === undefined
        ? await client.submit(bytes, options)
        : await this.submitNow(service, { moment, bytes, options })
    }
    return Object.create(client, { submit: { value: submit } }) as NotaryClient
  }

  private momentOf(name: string, bytes: Uint8Array): Moment | undefined {
    const keeper = this.keeper()
    if (this.isOver || keeper?.service === undefined) return undefined
    const decoded = decodeEnvelope(bytes)
    if (decoded.kind === 'refused') return undefined
    const { type, hash: message, head } = decoded.envelope
    const { contract } = head
    const state = contract && this.market?.parties.get(name)?.running?.party.states.get(contract)
    if (contract === undefined || state === undefined) return undefined
    const deadline = deadlineOf(state, type)
    const [chosen, awayMs] = this.drawFor(contract)
    if (deadline === undefined || type !== chosen) return undefined
    const leftMs = deadline + awayMs - this.clockOf(keeper)
    if (leftMs <= 0 || leftMs > WAIT_MS_MAX) return undefined
    return { contract, message, type, kind: state.kind, deadline, atMs: deadline + awayMs }
  }

  /** The same for a contract, whoever asks and however often. */
  private drawFor(contract: ContractId): readonly [type: string | undefined, awayMs: number] {
    const random = this.stage.random(`punctual ${contract}`)
    const [share, type, away] = [random.nextUnit(), random.nextBelow(PUNCTUAL_TYPES.length), random.nextBelow(3)]
    return [share < SHARE ? PUNCTUAL_TYPES[type] : undefined, AWAY_MS[away] ?? 0]
  }

  /** @returns The notary that is asked now; `undefined` where its clock shows another time, or it does not run. */
  private async untilItComes(owner: WorldProcess, { atMs }: Moment): Promise<NotaryService | undefined> {
    const { world } = this.stage
    const { driftPpm, offsetMs } = this.keeper()?.machine.running?.skew ?? { driftPpm: 0, offsetMs: 0 }
    const dueMs = (atMs - world.startAt - offsetMs) / (1 + driftPpm / 1_000_000)
    await new Promise<void>((resolve) => {
      world.schedule(Math.max(0, dueMs - world.nowMs()), { kind: 'deadline', address: owner.name, owner, run: resolve })
    })
    const keeper = this.keeper()
    return keeper !== undefined && this.clockOf(keeper) === atMs && !this.isOver ? keeper.service : undefined
  }

  private async submitNow(
    service: NotaryService,
    asked: { readonly moment: Moment; readonly bytes: Uint8Array; readonly options: AbortOptions | undefined },
  ): Promise<NotaryAnswer> {
    const { atMs, ...moment } = asked.moment
    const answer = await service.submit(asked.bytes, asked.options)
    const keeper = this.keeper()
    const { effect, code } = answer
    const answeredAt = keeper === undefined ? Number.POSITIVE_INFINITY : Math.max(atMs, this.clockOf(keeper))
    const isAlone = this.market?.notaries.length === 1
    this.edges.push({ ...moment, askedAt: atMs, answeredAt, effect, code, isAlone })
    return answer
  }

  /** The notary that is asked: of a set, the one that leads it while nobody has doubts. */
  private keeper(): NotaryMachine | undefined {
    const keeper = this.market?.notaries[0]
    return keeper?.machine.running === undefined ? undefined : keeper
  }

  private clockOf({ machine }: NotaryMachine): number {
    return Math.max(this.shownMs, machine.running?.clock.now() ?? 0)
  }
}

function deadlineOf(state: EscrowState, type: string): number | undefined {
  if (type === 'escrow-contract') return state.kind === 'OFFERED' ? state.offerBy : undefined
  if (type === 'escrow-hold-request') return state.kind === 'AGREED' ? state.holdBy : undefined
  if (type === 'escrow-start') return state.kind === 'HELD' ? state.startBy : undefined
  if (type === 'escrow-delivery') return state.kind === 'WORKING' ? state.deliverBy : undefined
  return type === 'escrow-accept' && state.kind === 'DELIVERED' ? state.acceptBy : undefined
}
