import type { Sha256Hex } from '../../../base/sha256.ts'
import { type Hash, parseHash } from '../../../core/evidence/names.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { commitState, isCheckpoint } from '../../../core/notary/state-commitment.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import { verifyDecision } from '../../../core/notary/verify-message.ts'
import {
  type NotaryFrame,
  STATE_CHUNK_CHARACTERS,
  STATE_CHUNKS_MAX,
  type StateOffer,
} from '../../../wire/v1/notary-messages.ts'
import type { NotaryApplication } from './notary-application.ts'

export type StateTransferInit = {
  readonly set: NotarySet
  readonly application: Pick<NotaryApplication, 'slot' | 'copyOf' | 'install'>
  readonly verify: VerifyStatement
  readonly digest: Sha256Hex
  readonly send: (to: number, frame: NotaryFrame) => void
}

/** Pieces that are asked for at once. */
const WINDOW = 8
/** Rounds of asking without a new piece before the copy is given up. */
const ROUNDS_MAX = 20

/** Copies that are kept for others at a time. */
const PREPARED_MAX = 2

type Prepared = {
  readonly fromSlot: number
  readonly slot: number
  readonly offer: StateOffer
  readonly pieces: readonly string[]
}
type Fetching = {
  readonly from: number
  readonly offer: StateOffer
  readonly pieces: Map<number, string>
  rounds: number
}

/**
 * Copies of the application's state for members that are behind the decisions that are kept. The certified block commits to the state; the text of the copy travels in
 * pieces named by their hashes, and is taken over only where it comes to that block. Whoever offers something else is not listened to again.
 */
export class StateTransfer {
  private readonly init: StateTransferInit
  /** By the member that asked, the one that asked last at the end. */
  private readonly prepared = new Map<number, Prepared>()
  private readonly preparing = new Set<number>()
  private fetching: Fetching | undefined
  private readonly liars = new Set<number>()

  constructor(init: StateTransferInit) {
    this.init = init
  }

  /** Offers a copy to a member whose head is before `fromSlot`. @returns Whether there is one, or it is being made. */
  async offer(to: number, decisions: readonly Decision[], fromSlot: number): Promise<boolean> {
    if (this.preparing.has(to)) return true
    this.preparing.add(to)
    try {
      const prepared = await this.prepare(to, { decisions, fromSlot })
      if (prepared === undefined) return false
      this.init.send(to, prepared.offer)
      return true
    } finally {
      this.preparing.delete(to)
    }
  }

  /** A piece for whoever asked. */
  sendPiece(to: number, slot: number, index: number): void {
    const { prepared, init } = this
    const known = prepared.get(to)
    const text = known?.slot === slot ? known.pieces[index] : undefined
    if (text !== undefined) init.send(to, { type: 'notary-chunk', set: init.set.id, slot, index, text })
  }

  /** An offer from a member, for a replica whose head is `headSlot`. One copy is fetched at a time. */
  takeOffer(from: number, offer: StateOffer, headSlot: number): void {
    const { set, verify, digest } = this.init
    const { decision, before, root } = offer
    const { slot, entries, state } = decision.block
    if (this.fetching !== undefined || this.liars.has(from) || slot <= headSlot) return
    if (isCheckpoint(slot) !== (root !== undefined)) return
    const transitions = entries.map(({ transition }) => transition)
    if (state !== commitState({ slot, before, transitions, root }, digest)) return
    if (!verifyDecision(set, decision, verify)) return
    this.fetching = { from, offer, pieces: new Map(), rounds: 0 }
    this.askAgain()
  }

  /** Asks for what is still missing, of whoever offered it. Called now and then; gives up at last. */
  askAgain(): void {
    const { fetching, init } = this
    if (fetching === undefined) return
    fetching.rounds += 1
    if (fetching.rounds > ROUNDS_MAX) {
      this.fetching = undefined
      return
    }
    const { offer, pieces, from } = fetching
    let asked = 0
    for (let index = 0; index < offer.chunks.length && asked < WINDOW; index += 1) {
      if (pieces.has(index)) continue
      init.send(from, { type: 'notary-chunk-ask', set: init.set.id, slot: offer.decision.block.slot, index })
      asked += 1
    }
  }

  /** A piece. @returns The certified block whose state was taken over, when this was the last one and all is right. */
  async takePiece(frame: Extract<NotaryFrame, { type: 'notary-chunk' }>): Promise<Decision | undefined> {
    const { fetching } = this
    if (fetching === undefined || fetching.offer.decision.block.slot !== frame.slot) return undefined
    const { offer, pieces } = fetching
    const isRight = offer.chunks[frame.index] === this.hashOf(frame.text)
    if (!isRight || pieces.has(frame.index)) return undefined
    pieces.set(frame.index, frame.text)
    fetching.rounds = 0
    if (pieces.size < offer.chunks.length) {
      if (pieces.size % WINDOW === 0) this.askAgain()
      return undefined
    }
    const text = offer.chunks.map((_, index) => pieces.get(index) ?? '').join('')
    const { decision, root } = offer
    // What was decided meanwhile may be further already.
    if (this.init.application.slot >= frame.slot) {
      this.fetching = undefined
      return undefined
    }
    const isTaken = await this.init.application.install({ decision, root, text })
    this.fetching = undefined
    if (!isTaken) this.liars.add(fetching.from)
    return isTaken ? decision : undefined
  }

  private async prepare(
    to: number,
    { decisions, fromSlot }: { readonly decisions: readonly Decision[]; readonly fromSlot: number },
  ): Promise<Prepared | undefined> {
    const known = this.prepared.get(to)
    if (known !== undefined && known.fromSlot <= fromSlot && fromSlot <= known.slot) return known
    const checkpoint = decisions.findLast(({ block }) => isCheckpoint(block.slot))
    const copy = await this.init.application.copyOf({ checkpoint: checkpoint?.block.slot ?? 0, fromSlot })
    const decision = copy?.decision ?? checkpoint
    if (copy === undefined || decision === undefined) return undefined
    const pieces = splitText(copy.text)
    if (pieces.length > STATE_CHUNKS_MAX) return undefined
    const { before, root } = copy
    const chunks = pieces.map((piece) => this.hashOf(piece))
    const offer: StateOffer = { type: 'notary-state', set: this.init.set.id, decision, before, root, chunks }
    const made = { fromSlot, slot: decision.block.slot, offer, pieces }
    this.prepared.delete(to)
    this.prepared.set(to, made)
    const [oldest] = this.prepared.keys()
    if (this.prepared.size > PREPARED_MAX && oldest !== undefined) this.prepared.delete(oldest)
    return made
  }

  private hashOf(piece: string): Hash {
    const hash = parseHash(this.init.digest(piece))
    if (hash === undefined) throw new TypeError('a digest has the shape of a hash')
    return hash
  }
}

/** Pieces of at most `STATE_CHUNK_CHARACTERS` UTF-16 units, none of which ends inside a character. */
export function splitText(text: string): readonly string[] {
  const pieces: string[] = []
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + STATE_CHUNK_CHARACTERS)
    const last = text.charCodeAt(to - 1)
    if (to < text.length && last >= 0xd800 && last < 0xdc00) to -= 1
    pieces.push(text.slice(from, to))
    from = to
  }
  return pieces
}
