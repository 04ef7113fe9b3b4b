import {
  GOVERNED_BOOKS_MACHINE,
  type GovernedBooksEffect,
  type GovernedBooksEvent,
} from '../../../src/core/books/governed-books.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import type { GovernanceEvent, GovernanceState } from '../../../src/core/governance/governance-state.ts'
import { hashOfParameters, type ParameterSet, parametersOf } from '../../../src/core/governance/parameter-set.ts'
import { hashOfWeights, type WeightTable } from '../../../src/core/governance/weight-table.ts'
import {
  type Body,
  didNamed,
  hashNamed,
  message,
  ms,
  PAYER,
  RULES,
  START,
  termsOf,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

export const VOTERS: readonly Did[] = [didNamed('voterA'), didNamed('voterB')].toSorted()
export const TABLE: WeightTable = { source: 'bond', rows: VOTERS.map((voter) => ({ voter, weight: 5n })) }
/** The test's spans; votes of 100 ms, no minimum of the timelock. */
export const FIRST_SET: ParameterSet = parametersOf(RULES, {
  'fee.perMillionMax': 50_000n,
  'fee.flatMaxNanos': 1_000n,
  'fee.arbiterMaxNanos': 1_000n,
  'bond.workerPerMillionMin': 100_000n,
  'bond.payerPerMillionMin': 0n,
  'clock.epsilonMs': 5_000n,
  'retention.idempotencyMs': 86_400_000n,
  'governance.votingMs': 100n,
  'governance.timelockMinMs': 0n,
  'governance.executionMs': 100_000n,
  'governance.quorumPerMillion': 200_000n,
  'governance.thresholdPerMillion': 500_000n,
})
export const FIRST_HASH = hashOfParameters(FIRST_SET)

export type Deal = { readonly id: ContractId; readonly terms: EscrowTerms }
type GovernanceBody = GovernanceEvent extends infer Each
  ? Each extends { envelope: Hash }
    ? Omit<Each, 'envelope' | 'iss' | 'seq' | 'prev' | 'at'>
    : never
  : never

/** Books and governance together, with what came of each event. Stamps are milliseconds after `START`. */
export class GovernedEconomy {
  state = GOVERNED_BOOKS_MACHINE.initial({ at: START, set: termsOf().notarySet })
  effects: readonly GovernedBooksEffect[] = []
  readonly events: GovernedBooksEvent[] = []
  /** Reputation updates by contract. */
  readonly updates = new Map<ContractId, number>()
  readonly held = new Set<ContractId>()
  #seqs = new Map<string, number>()

  constructor({ isWeighted = true }: { readonly isWeighted?: boolean } = {}) {
    for (const event of new Books().events) {
      if (event.type !== 'parameters-published' && event.type !== 'parameters-retired') this.send(event)
    }
    this.send({ type: 'governance-founded', parameters: FIRST_SET, at: START })
    if (isWeighted)
      this.send({ type: 'governance-event-received', event: { type: 'weights-published', table: TABLE, at: START } })
  }

  get governance(): GovernanceState {
    const { governance } = this.state
    if (governance === undefined) throw new TypeError('founded by the constructor')
    return governance
  }

  send(event: GovernedBooksEvent): readonly GovernedBooksEffect[] {
    const step = GOVERNED_BOOKS_MACHINE.transition(this.state, event)
    this.events.push(event)
    this.state = step.state
    this.effects = step.effects
    for (const effect of step.effects) {
      if (effect.type === 'reputation-update')
        this.updates.set(effect.contract, (this.updates.get(effect.contract) ?? 0) + 1)
      if (effect.type === 'record-transition' && effect.to === 'HELD') this.held.add(effect.contract)
    }
    return step.effects
  }

  say({ id, terms }: Deal, signed: { readonly iss: Did; readonly at: number; readonly body: Body }): string {
    const seq = this.#next(`${id}/${signed.iss}`)
    const sent = message(signed.body, { iss: signed.iss, seq, at: at(signed.at), salt: id })
    this.send({
      type: 'message-received',
      contract: id,
      terms: sent.type === 'offered' ? terms : undefined,
      message: sent,
    })
    return this.code()
  }

  govern(body: GovernanceBody, { iss, at: offset }: { readonly iss: Did; readonly at: number }): string {
    const seq = this.#next(`governance/${iss}`)
    const envelope = hashNamed(`${body.type}/${iss}/${seq}`)
    const event = { ...body, envelope, iss, seq, prev: undefined, at: at(offset) } as GovernanceEvent
    if (event.type === 'contract-opened' || event.type === 'contract-closed') throw new TypeError('told by the books')
    this.send({ type: 'governance-event-received', event })
    return this.code()
  }

  /** Proposes a fee cap; the proposal's name. */
  propose(
    perMillion: bigint,
    { timelockMs, at: offset }: { readonly timelockMs: number; readonly at: number },
  ): string {
    const changes = [{ name: 'fee.perMillionMax' as const, value: perMillion }]
    const weightsHash = hashOfWeights(TABLE)
    const { current: base } = this.governance
    const iss = VOTERS[0] ?? PAYER
    const body = { type: 'proposal-made', base, changes, weightsHash, timelockMs: ms(timelockMs) } as GovernanceBody
    return this.govern(body, { iss, at: offset })
  }

  advance(to: number): void {
    this.send({ type: 'stamp-advanced', at: at(to) })
  }

  /** Offer to hold, at one stamp; the refusal where there is one. */
  hold(deal: Deal, offset: number): string {
    this.agree(deal, offset)
    return this.say(deal, { iss: PAYER, at: offset, body: { type: 'hold-requested' } })
  }

  agree(deal: Deal, offset: number): string {
    this.say(deal, { iss: PAYER, at: offset, body: { type: 'offered', expiresAt: at(offset + 900) } })
    this.say(deal, { iss: PAYER, at: offset, body: { type: 'awarded' } })
    return this.say(deal, { iss: PAYER, at: offset, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
  }

  /** The first refusal of the last event; empty when there was none. */
  code(): string {
    for (const effect of this.effects) {
      if (effect.type === 'event-refused') return effect.code
      if (effect.type === 'governance-effect' && effect.effect.type === 'event-refused') return effect.effect.code
      if (effect.type === 'ledger-effect' && effect.effect.type === 'event-refused') return effect.effect.code
    }
    return ''
  }

  #next(key: string): number {
    const seq = this.#seqs.get(key) ?? 0
    this.#seqs.set(key, seq + 1)
    return seq
  }
}
