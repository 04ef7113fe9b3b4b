import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { amountFromNanos, type Amount } from '../../../base/money.ts'
import { Turns } from '../../../market/parties/turns.ts'
import { type EscrowState, isTerminal } from '../../../core/escrow/escrow-state.ts'
import { type ContractId, type Did, parseContractId } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { exportContract } from '../../../market/parties/contracts/contract-export.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import { joinRows } from '../../../market/parties/inbox.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { ContractView, NotaryClient } from '../../../ports/notary-client.ts'
import { cancelHash } from '../../../wire/v1/escrow-events.ts'
import type { MessageBody, MessageType } from '../../../wire/v1/message-types.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { contractOf, nanosOf } from './credit-desk.ts'
import { plain } from './plain-json.ts'
import {
  convictionOf,
  partOf,
  proofOf,
  refusedAct,
  rowOf,
  type RulingWord,
  type Said,
  timerOf,
  unknownContract,
} from './escrow-answers.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import { isChosen, rulingChoiceOf, RulingDesk } from './ruling-desk.ts'
import { stateFromEvidence } from './state-from-evidence.ts'

export type EscrowDeskInit = {
  /** `undefined` for a node without an escrow key, which only looks. */
  readonly role: PartyRole | undefined
  readonly notary: NotaryClient
  /** Nodes at which other arbiters may be. */
  readonly peers: () => readonly Did[]
}

/** What a person may do about a contract. */
export const ESCROW_ACTS = [
  'accept',
  'reject',
  'cancel',
  'refund',
  'dispute',
  'rule',
  'prove',
  'settle',
  'void',
] as const
export type EscrowAct = (typeof ESCROW_ACTS)[number]

/** In which arbiters rule. */
const RULED_STATES: readonly string[] = ['DISPUTED', 'FROZEN']
const DECODER = new TextDecoder()

/** Contracts of this node: what they stand at, what is done about them, and their evidence. */
export class EscrowDesk {
  private readonly init: EscrowDeskInit
  private readonly rulings: RulingDesk | undefined
  /** Acts of one key. */
  private readonly turns = new Turns()

  constructor(init: EscrowDeskInit) {
    this.init = init
    this.rulings = init.role && new RulingDesk({ party: init.role.party, peers: init.peers })
  }

  /** A contract as the notary set keeps it; for one of its arbiters with `ruling`, what they have signed of a dispute. Throws `MARKET_OBJECT_UNKNOWN`. */
  async show(request: ControlRequest): Promise<JsonValue> {
    const view = await this.viewOf(contractOf(request), request)
    const { role } = this.init
    if (role === undefined || !RULED_STATES.includes(view.state)) return plain({ ...view, ruling: null })
    const state = await this.stateOf(role.party, view.contract)
    return plain({ ...view, ruling: (await this.rulings?.look(state)) ?? null })
  }

  /** Contracts that this node is in, the newest last. */
  async list(): Promise<JsonValue> {
    const notes = this.init.role?.party.journal.notesOf(CONTRACTS) ?? []
    const contracts: JsonValue[] = []
    for (const [contract, note] of notes) {
      // Written by buyer and seller.
      const view = await this.init.notary.contract(contractOf({ contract }))
      contracts.push(rowOf(contract, note as ContractNote, view))
    }
    return { contracts }
  }

  /** Does one thing about a contract, once for each key. Throws `REQUEST_INVALID`, `MARKET_ROLE_MISSING`, `MARKET_OBJECT_UNKNOWN`, `MARKET_KEY_REUSED`. */
  async act(request: ControlRequest): Promise<JsonValue> {
    const contract = contractOf(request)
    const act = choiceOf(request, 'act', ESCROW_ACTS)
    if (act === undefined) throw invalidRequest('act', `act must be one of ${ESCROW_ACTS.join(', ')}`)
    const name = `person/${requiredText(request, 'key')}`
    return await this.turns.take(
      `${contract}/${name}`,
      async () => await this.actInTurn(request, { contract, act, name }),
    )
  }

  private async actInTurn(
    request: ControlRequest,
    { contract, act, name }: { readonly contract: ContractId; readonly act: EscrowAct; readonly name: string },
  ): Promise<JsonValue> {
    const { party } = this.roleOrThrow()
    const before = party.wallet.said(`${contract}/${name}`)
    const isRepeated = before !== undefined && party.outbox.answerOf(before) !== undefined
    const view = await this.viewOf(contract, {})
    const said = await this.messageOf(act, view, request)
    if (typeof said === 'string') return refusedAct(contract, view.state, said)
    if ('kind' in said)
      return said.kind === 'part'
        ? partOf(contract, view.state, said)
        : { ...refusedAct(contract, view.state, said.code), ...(said.ruling && { ruling: plain(said.ruling) }) }
    if (
      before !== undefined &&
      canonicalJson(plain([before.envelope.type, before.envelope.body])) !==
        canonicalJson(plain([said.type, said.body]))
    )
      throw new CodedError('MARKET_KEY_REUSED', { message: 'The idempotency key was used for another act' })
    const { effect, code, kept } = await party.tellNotary(contract, { act: name, type: said.type, body: said.body })
    const after = await this.viewOf(contract, {})
    if (effect === 'refused') return refusedAct(contract, after.state, code ?? '')
    const { receipt } = await this.init.notary.submit(kept.bytes)
    return {
      contract,
      state: after.state,
      effect: isRepeated || effect === 'exists' ? 'exists' : 'applied',
      code: null,
      receipt: JSON.parse(DECODER.decode(receipt)) as JsonValue,
      ...(kept.envelope.type === 'equivocation-proof' && convictionOf(kept.envelope.body, after)),
    }
  }

  /** Envelopes and receipts of a contract, for whoever checks them without this node. Throws `MARKET_OBJECT_UNKNOWN`. */
  async export(request: ControlRequest): Promise<JsonValue> {
    const contract = contractOf(request)
    const bytes = await exportContract(this.init.notary, contract, verifySignatureWith(createNodeVerifier()))
    if (bytes === undefined) throw unknownContract(contract)
    return { text: DECODER.decode(bytes) }
  }

  /**
   * What waits for an act of this node's escrow key, in contracts and outside of them, the nearest deadline first. Where it is to rule, other arbiters are asked what they have
   * signed, unless `isQuiet`.
   */
  async inbox(signal: AbortSignal, { isQuiet = false }: { readonly isQuiet?: boolean } = {}): Promise<JsonValue> {
    const { role } = this.init
    if (role === undefined || this.rulings === undefined) return { rows: [] }
    const { party } = role
    const known = party.journal.notesOf(CONTRACTS)
    // Written by buyer and seller.
    const open = known.flatMap(([name, note]) => ((note as ContractNote | null)?.ended === undefined ? [name] : []))
    const states: EscrowState[] = []
    for (const name of new Set([...open, ...this.rulings.cases])) {
      const contract = parseContractId(name)
      if (contract === undefined) continue
      const state = await this.stateOf(party, contract, signal)
      if (state !== undefined) states.push(state)
      if (state === undefined || isTerminal(state)) await this.rulings.drop(contract)
    }
    await role.matters.refresh()
    const rows = await this.rulings.rowsOf(states, { isQuiet })
    return { rows: plain(joinRows(rows, party.outsideRows)) }
  }

  private async messageOf(
    act: EscrowAct,
    view: ContractView,
    request: ControlRequest,
  ): Promise<Said<MessageType> | RulingWord | string> {
    const { currency } = view
    const amount = (fallback: string): Amount =>
      optionalText(request, 'nanos') === undefined ? amountFromNanos(BigInt(fallback)) : nanosOf(request, 'nanos')
    switch (act) {
      case 'accept':
        return { type: 'escrow-accept', body: { amountNanos: amount(await this.claimOf(view)), currency } }
      case 'reject': {
        const reason = optionalText(request, 'reason') ?? 'not-as-agreed'
        const evidence = await this.fileOf(view.contract, request)
        return { type: 'escrow-reject', body: { reason, evidence, concededNanos: amount('0'), currency } }
      }
      case 'dispute': {
        const evidence = await this.fileOf(view.contract, request)
        return { type: 'escrow-dispute', body: { evidence, claimNanos: amount(view.priceNanos), currency } }
      }
      case 'refund':
        return { type: 'escrow-refund', body: { amountNanos: amount(view.capturedNanos), currency } }
      case 'settle':
        return { type: 'escrow-settle-request', body: {} }
      case 'void':
        return { type: 'escrow-void-request', body: { timer: timerOf(view, request) } }
      case 'cancel':
        return await this.cancellation(view, amount('0'), currency)
      case 'rule':
        return await this.ruling(view.contract, request)
      case 'prove':
        return proofOf(view, request)
    }
  }

  /** What the worker claims by its delivery. */
  private async claimOf(view: ContractView): Promise<string> {
    const { party } = this.roleOrThrow()
    for await (const { state } of party.follow(view.contract))
      return state.kind === 'DELIVERED' ? state.delivery.claimNanos.toString() : view.priceNanos
    return view.priceNanos
  }

  /** Both sign what is paid for the work so far; the other party is asked for its signature. @returns The code with which it declined. */
  private async cancellation(
    { contract }: ContractView,
    amountNanos: Amount,
    currency: Currency,
  ): Promise<Said<'escrow-cancel'> | string> {
    const { party } = this.roleOrThrow()
    const note = party.noteOf<ContractNote>(CONTRACTS, contract)
    if (note === undefined) throw unknownContract(contract)
    const statement = { contract, amountNanos, currency }
    const hash = cancelHash(statement)
    const signature = await party.wallet.sign({ kind: 'cancel', place: `${contract}/${hash}`, hash })
    const { frame } = await party.components.door.ask(note.peer, { frame: { type: 'cancel', statement, signature } })
    if (frame.type === 'declined') return frame.code
    if (frame.type !== 'cosigned') return 'MARKET_STATEMENT_DECLINED'
    const signatures = [
      { iss: party.wallet.keyFor(contract), signature },
      { iss: note.other, signature: frame.signature },
    ]
    return { type: 'escrow-cancel', body: { statement, signatures } }
  }

  /** This arbiter's part, and the whole once k of them have signed the same. */
  private async ruling(contract: ContractId, request: ControlRequest): Promise<Said<'escrow-ruling'> | RulingWord> {
    const { party } = this.roleOrThrow()
    const choice = rulingChoiceOf(request)
    const before = party.wallet.said(`${contract}/person/${requiredText(request, 'key')}`)?.envelope
    // Who else signed in time is in what was sent.
    if (before?.type === 'escrow-ruling' && isChosen(before.body, choice)) return before
    const state = await this.stateOf(party, contract)
    const parts = await this.rulings?.rule(state, choice)
    if (parts === undefined || parts.kind === 'refused') return parts ?? { kind: 'refused', code: 'ESCROW_STATE_WRONG' }
    if (optionalText(request, 'evidence') !== undefined) await this.fileOf(contract, request)
    return parts.kind === 'part' ? parts : { type: 'escrow-ruling', body: parts.body }
  }

  /** Keeps the file that comes with an act as evidence. @returns Its name. */
  private async fileOf(
    contract: ContractId,
    request: ControlRequest,
  ): Promise<MessageBody<'escrow-evidence'>['evidence']> {
    const { party } = this.roleOrThrow()
    const text = optionalText(request, 'evidence') ?? ''
    return await party.journal.keepFile(contract, new Uint8Array(Buffer.from(text, 'base64url')))
  }

  private async stateOf(
    { components: { notary, verify }, signal }: Party,
    contract: ContractId,
    until = signal,
  ): Promise<EscrowState | undefined> {
    return await stateFromEvidence({ notary, contract, verify, signal: until })
  }

  private async viewOf(contract: ContractId, request: ControlRequest): Promise<ContractView> {
    const { notary } = this.init
    const [afterSeq, waitMs] = [optionalNumber(request, 'afterSeq'), optionalNumber(request, 'waitMs')]
    if (afterSeq !== undefined && waitMs !== undefined) await notary.contract(contract, { afterSeq, waitMs })
    const view = await notary.contract(contract)
    if (view === undefined) throw unknownContract(contract)
    return view
  }

  private roleOrThrow(): PartyRole {
    const { role } = this.init
    if (role !== undefined) return role
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: 'This node has no escrow key, so it signs nothing about contracts',
      details: { remedy: 'Make one with `kernell key create --role escrow`, and start the node again.' },
    })
  }
}
