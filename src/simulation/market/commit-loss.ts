import type { Did } from '../../core/evidence/names.ts'
import { NOTARY_SET_PROTOCOL } from '../../market/notary/set/member-frames.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion, Transport } from '../../ports/transport.ts'
import { decodeNotaryFrame } from '../../wire/v1/notary-messages.ts'
import { PassedTransport } from './passed-transport.ts'

/**
 * When commit votes are lost between notaries, and nothing else: what a network may do by chance, and an adversary in it on purpose. A block is then prepared everywhere, and committed to
 * by a quorum of which nobody hears; the next view has to go on with it.
 */
export class CommitLoss {
  /** Frames that did not arrive. */
  lost = 0
  private causes = 0

  begin(): void {
    this.causes += 1
  }

  end(): void {
    this.causes -= 1
  }

  get isOn(): boolean {
    return this.causes > 0
  }

  wrap(transport: Transport): Transport {
    return new LossyTransport(transport, this)
  }
}

class LossyTransport extends PassedTransport {
  private readonly loss: CommitLoss

  constructor(transport: Transport, loss: CommitLoss) {
    super(transport)
    this.loss = loss
  }

  override async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    if (!this.loss.isOn || question.protocol !== NOTARY_SET_PROTOCOL || !carriesCommit(question.body))
      return await super.request(to, question, options)
    this.loss.lost += 1
    return new Uint8Array()
  }
}

function carriesCommit(body: Uint8Array): boolean {
  const decoded = decodeNotaryFrame(new TextDecoder().decode(body))
  if (decoded.kind === 'refused') return false
  const { frame } = decoded
  return frame.type === 'notary-decision' || (frame.type === 'notary-vote' && frame.vote.phase === 'commit')
}
