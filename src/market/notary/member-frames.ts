import { CodedError } from '../../base/errors.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { BODY_BYTES_MAX, type Transport } from '../../ports/transport.ts'
import { decodeNotaryFrame, encodeNotaryFrame, type NotaryFrame } from '../../wire/v1/notary-messages.ts'

/** Frames between the members of a set: a question is one frame, its answer is empty. */
export const NOTARY_SET_PROTOCOL = '/kernell/notary-set/1.0.0'

/** Frames on their way to one member at most; the replica sends again what is dropped beyond. */
const UNDER_WAY_MAX = 256

export type MemberFramesInit = {
  readonly transport: Transport
  readonly set: NotarySet
  readonly me: number
  readonly timeoutMs: number
  readonly onFrame: (from: number, frame: NotaryFrame) => void
}

/** Carries frames to the other members and takes theirs; who sent one, the transport has proved. What is lost, the replicas repeat. */
export class MemberFrames {
  private readonly init: MemberFramesInit
  private readonly underWay = new Map<number, number>()
  private readonly ended = new AbortController()
  private readonly end: () => void

  constructor(init: MemberFramesInit) {
    const { transport, set, me, onFrame } = init
    this.init = init
    for (const [index, { key, address }] of set.members.entries()) if (index !== me) transport.addPeer(key, address)
    this.end = transport.handle(NOTARY_SET_PROTOCOL, async ({ from, body }) => {
      const index = set.members.findIndex(({ key }) => key === from)
      if (index < 0 || index === me)
        throw new CodedError('NOTARY_QUESTION_UNKNOWN', { message: `${from} is no other member of ${set.id}` })
      const decoded = decodeNotaryFrame(new TextDecoder().decode(body))
      if (decoded.kind === 'refused') throw new CodedError('NOTARY_QUESTION_UNKNOWN', { message: decoded.code })
      onFrame(index, decoded.frame)
      return await Promise.resolve(new Uint8Array())
    })
  }

  send(to: number, frame: NotaryFrame): void {
    const { set, transport, timeoutMs } = this.init
    const key = set.members[to]?.key
    const count = this.underWay.get(to) ?? 0
    if (key === undefined || count >= UNDER_WAY_MAX || this.ended.signal.aborted) return
    const body = utf8Bytes(encodeNotaryFrame(frame))
    if (body.byteLength > BODY_BYTES_MAX) return
    this.underWay.set(to, count + 1)
    const question = { protocol: NOTARY_SET_PROTOCOL, body, timeoutMs }
    transport
      .request(key, question, { signal: this.ended.signal })
      // A member that is away is no failure of this one.
      .catch(() => {})
      .finally(() => this.underWay.set(to, (this.underWay.get(to) ?? 1) - 1))
  }

  close(): void {
    this.ended.abort()
    this.end()
  }
}
