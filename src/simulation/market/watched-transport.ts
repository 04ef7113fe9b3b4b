import type { Did } from '../../core/evidence/names.ts'
import { NOTARY_SET_PROTOCOL } from '../../market/notary/set/member-frames.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion, Transport } from '../../ports/transport.ts'
import type { NotaryFrame } from '../../wire/v1/notary-messages.ts'
import { PassedTransport } from './passed-transport.ts'

/** Votes and proposals of whoever sends them; the frames of others are looked at by nobody. */
export type SeenFrame = Extract<NotaryFrame, { type: 'notary-vote' | 'notary-proposal' }>

/** Where the type of a frame stands that begins with the id of its set. */
const TYPE_AT = 82
const VOTE = new TextEncoder().encode('notary-vote"')
const PROPOSAL = new TextEncoder().encode('{"proposal":')

/** A transport whose owner is overheard: what it votes and proposes, whether it arrives or not. */
export class WatchedTransport extends PassedTransport {
  private readonly onSent: (frame: SeenFrame) => void

  constructor(transport: Transport, onSent: (frame: SeenFrame) => void) {
    super(transport)
    this.onSent = onSent
  }

  override async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    const { protocol, body } = question
    if (protocol === NOTARY_SET_PROTOCOL && (holds(body, VOTE, TYPE_AT) || holds(body, PROPOSAL, 0)))
      // Written by a notary of this world, whose own frames are sound.
      this.onSent(JSON.parse(new TextDecoder().decode(body)) as SeenFrame)
    return await super.request(to, question, options)
  }
}

function holds(body: Uint8Array, bytes: Uint8Array, at: number): boolean {
  return bytes.every((byte, index) => body[at + index] === byte)
}
