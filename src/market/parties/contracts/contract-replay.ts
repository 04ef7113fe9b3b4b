import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Timestamp } from '../../../base/time.ts'
import { formatBooksEvent } from '../../../core/books/books-codec.ts'
import type { BooksEvent } from '../../../core/books/books-state.ts'
import { ESCROW_EDGES, type EscrowEdge } from '../../../core/escrow/escrow-edges.ts'
import type { EscrowEffect } from '../../../core/escrow/escrow-effect.ts'
import type { EscrowEvent } from '../../../core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../../core/escrow/escrow-machine.ts'
import type { EscrowState } from '../../../core/escrow/escrow-state.ts'
import { firesAtOf } from '../../../core/escrow/escrow-timers.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { ContractEvidence } from '../../../ports/notary-client.ts'
import { authenticate, type VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { decodeSignature, keyOfSigner } from '../../../wire/v1/checkpoint.ts'
import { decodeEnvelope, type Envelope } from '../../../wire/v1/envelope.ts'
import { readEscrowMessage } from '../../../wire/v1/escrow-events.ts'
import { hashOfTransition, readReceipt, refuseReceipt } from '../../../wire/v1/notary-receipt.ts'
import type { Transition } from '../../../wire/v1/notary-transition.ts'
import { hashOfText } from '../../../wire/v1/signing-bytes.ts'
import { KnownSignatures } from './known-signatures.ts'

/** What is wrong with the evidence of a contract. */
export const REPLAY_FAULTS = {
  REPLAY_RECEIPT_MALFORMED: {
    cause: 'A receipt is no canonical document of this version, or not one of a transition.',
    remedy: 'Ask the notary set for the evidence again.',
  },
  REPLAY_CERTIFICATE_WRONG: {
    cause: 'A certificate does not bear out its transition: another set, too few signatures, or a wrong one.',
    remedy: 'Check with the document of the set that the contract names; otherwise somebody has changed the evidence.',
  },
  REPLAY_SEQUENCE_WRONG: {
    cause: 'A transition is missing, twice, or not the one that follows the one before.',
    remedy: 'Ask for all of the evidence, in order.',
  },
  REPLAY_ENVELOPE_WRONG: {
    cause:
      'An envelope is not the one that its transition names, is not signed by its issuer, or is about another contract.',
    remedy: 'Ask for the evidence again; otherwise somebody has changed it.',
  },
  REPLAY_TRANSITION_WRONG: {
    cause: 'The state table gives something else for this message than what the set certified.',
    remedy: 'Keep it: a quorum that certifies what the table does not give has lied.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type ReplayFault = keyof typeof REPLAY_FAULTS

export type ReplayInit = {
  readonly set: NotarySet
  readonly contract: ContractId
  readonly verify: VerifyBytes
}

export type ReplayedStep = { readonly transition: Transition; readonly envelope: Envelope | undefined }

const EDGES: ReadonlyMap<string, EscrowEdge> = new Map(ESCROW_EDGES.map((edge) => [edge.name, edge]))
const NO_HASH = '0'.repeat(64)

/**
 * A contract as its evidence alone gives it: each receipt is checked with the set's document, each envelope with its issuer's key, and the state table is run again.
 * Whoever has the evidence gets the same, without asking anybody.
 */
export class ContractReplay {
  private readonly init: ReplayInit
  private readonly verifyStatement: VerifyStatement
  private current: EscrowState | undefined
  private readonly done: ReplayedStep[] = []
  private last: Uint8Array | undefined

  constructor(init: ReplayInit) {
    this.init = init
    this.verifyStatement = verifyStatementWith(init.verify)
  }

  /** `undefined` before the offer. */
  get state(): EscrowState | undefined {
    return this.current
  }

  /** What the set has signed about the last step; `undefined` before the first. */
  get lastReceipt(): Uint8Array | undefined {
    return this.last
  }

  get steps(): readonly ReplayedStep[] {
    return this.done
  }

  /** Takes the next piece. @returns What is wrong with it; then nothing has changed. */
  take({ envelope: bytes, receipt: receiptBytes }: ContractEvidence): ReplayFault | undefined {
    const read = readReceipt(receiptBytes)
    if (read?.receipt.kind !== 'transition') return 'REPLAY_RECEIPT_MALFORMED'
    const { transition } = read.receipt
    const { set, contract } = this.init
    const about = { message: transition.message as Hash, receipt: read.receipt }
    if (read.set !== set.id || refuseReceipt(set, about, this.verifyStatement) !== undefined)
      return 'REPLAY_CERTIFICATE_WRONG'
    const before = this.done.at(-1)?.transition
    const previous = before === undefined ? NO_HASH : hashOfTransition(before)
    if (transition.contract !== contract || transition.seq !== this.done.length || transition.previous !== previous)
      return 'REPLAY_SEQUENCE_WRONG'
    const event = bytes === undefined ? this.timerEvent(transition) : this.messageEvent(transition, bytes)
    if (event === undefined) return 'REPLAY_ENVELOPE_WRONG'
    const next = this.run(event, transition)
    if (next === undefined) return 'REPLAY_TRANSITION_WRONG'
    this.current = next.state
    this.last = receiptBytes
    this.done.push({ transition, envelope: event.envelope })
    return undefined
  }

  private messageEvent(transition: Transition, bytes: Uint8Array): ReadEvent | undefined {
    const { contract, verify } = this.init
    const decoded = decodeEnvelope(bytes)
    if (decoded.kind === 'refused' || decoded.envelope.hash !== transition.message) return undefined
    const { head } = decoded.envelope
    const context = { verify, now: head.iat, at: transition.at as Timestamp, network: head.net, audience: [head.aud] }
    // Whom it was for and until when, the set has checked.
    const message = authenticate(decoded.envelope, { ...context, clockSkewMs: 0 as never })
    if (message.kind === 'refused') return undefined
    const reading = readEscrowMessage(message, { verify, terms: this.current?.terms })
    if (reading.kind === 'refused' || !('contract' in reading.event) || reading.event.contract !== contract)
      return undefined
    return { event: reading.event, envelope: decoded.envelope }
  }

  /** A step that the stamp brought: its name follows from the row that was taken. */
  private timerEvent({ message, at, edges: [edge = ''] }: Transition): ReadEvent | undefined {
    const name = EDGES.get(edge)?.timer
    if (name === undefined) return undefined
    const event: BooksEvent = {
      type: 'timer-fired',
      contract: this.init.contract,
      name,
      at: at as Timestamp,
    }
    // Several members name a timer by the stamp at which it is due, before its block has one; a notary alone by the stamp of the block.
    const due = this.current && firesAtOf(this.current, name)
    const isNamed = [event.at, due].some((stamp) => stamp !== undefined && nameOf({ ...event, at: stamp }) === message)
    return isNamed ? { event, envelope: undefined } : undefined
  }

  private run({ event }: ReadEvent, transition: Transition): { readonly state: EscrowState | undefined } | undefined {
    // What was certified to change nothing changes nothing.
    if (transition.edges.length === 0) return { state: this.current }
    const { contract } = this.init
    let first: EscrowEvent
    let state = this.current
    if (event.type === 'message-received') {
      first = event.message
      if (state === undefined && event.terms !== undefined)
        state = ESCROW_MACHINE.initial({ contract, terms: event.terms })
    } else if (event.type === 'timer-fired') first = { type: 'timer-fired', name: event.name, at: event.at }
    else return undefined
    if (state === undefined || state.kind !== transition.from) return undefined
    return runEdges({ state, first, transition })
  }
}

type ReadEvent = { readonly event: BooksEvent; readonly envelope: Envelope | undefined }
type Run = { readonly state: EscrowState; readonly first: EscrowEvent; readonly transition: Transition }

/** Takes exactly the certified rows; what the ledger answered follows from them. */
function runEdges({ state: from, first, transition }: Run): { readonly state: EscrowState } | undefined {
  let state = from
  let at = 0
  let receipt: Extract<EscrowEffect, { type: 'issue-receipt' }>['receipt'] | undefined
  const queue: EscrowEvent[][] = [[first]]
  for (let choices = queue.shift(); choices !== undefined; choices = queue.shift()) {
    const expected = transition.edges[at]
    const step = choices
      .map((event) => ESCROW_MACHINE.transition(state, event))
      .find(({ effects }) => edgeOf(effects) === expected)
    if (step === undefined) return undefined
    if (expected !== undefined) at += 1
    state = step.state
    for (const effect of step.effects) {
      if (effect.type === 'issue-receipt') receipt = effect.receipt
      if (effect.type !== 'post-transfers' || effect.money === 'release') continue
      const { money, attempt } = effect
      const answer = { type: 'transfers-answered', money, attempt, at: transition.at as Timestamp } as const
      queue.push([
        { ...answer, isApplied: true },
        { ...answer, isApplied: false },
      ])
    }
  }
  const isSame = at === transition.edges.length && state.kind === transition.to
  return isSame && isReceiptSame(receipt, transition) ? { state } : undefined
}

function edgeOf(effects: readonly EscrowEffect[]): string | undefined {
  return effects.find((effect) => effect.type === 'record-transition')?.edge
}

function isReceiptSame(
  receipt: Extract<EscrowEffect, { type: 'issue-receipt' }>['receipt'] | undefined,
  { receipt: certified }: Transition,
): boolean {
  if (receipt === undefined || certified === undefined) return receipt === undefined && certified === undefined
  return (
    receipt.kind === certified.kind &&
    receipt.currency === certified.currency &&
    receipt.capturedNanos.toString() === certified.capturedNanos &&
    receipt.feeNanos.toString() === certified.feeNanos &&
    receipt.refundedNanos.toString() === certified.refundedNanos &&
    receipt.subject === certified.subject
  )
}

/** Signatures of members are checked as all others are, and one and the same once only while it is known. */
export function verifyStatementWith(verify: VerifyBytes): VerifyStatement {
  const known = new KnownSignatures()
  const check: VerifyStatement = ({ key, bytes, signature }) => {
    const publicKeyHex = keyOfSigner(key)
    const signed = decodeSignature(signature)
    return publicKeyHex !== undefined && signed !== undefined && verify({ publicKeyHex, bytes, signature: signed })
  }
  return (signed) => known.check(signed, check)
}

function nameOf(event: BooksEvent): Hash {
  return hashOfText(canonicalJson({ ordered: JSON.parse(formatBooksEvent(event)) }))
}
