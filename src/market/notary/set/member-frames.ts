import { CodedError } from '../../../base/errors.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { BODY_BYTES_MAX, type Transport } from '../../../ports/transport.ts'
import { encodeNotaryFrame, NOTARY_FRAME_BYTES_MAX, type NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { FrameParts, isPart, splitFrame } from './frame-parts.ts'
import { ReadFrames } from './read-frames.ts'

/** Frames between the members of a set: a question is one frame, or a part of one, its answer is empty. */
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

/**
 * Carries frames to the other members and takes theirs; who sent one, the transport has proved. A frame that is larger than a question goes in parts, one such frame to
 * each member at a time. What is lost, the replicas repeat.
 */
export class MemberFrames {
  private readonly init: MemberFramesInit
  private readonly underWay = new Map<number, number>()
  private readonly large = new Set<number>()
  private readonly parts = new FrameParts()
  private readonly read = new ReadFrames()
  /** What was written last: most frames go to all members, one after the other. */
  private written: { readonly frame: NotaryFrame; readonly body: Uint8Array } | undefined
  private sent = 0
  private readonly ended = new AbortController()
  private readonly end: () => void

  constructor(init: MemberFramesInit) {
    const { transport, set, me } = init
    this.init = init
    for (const [index, { key, address }] of set.members.entries()) if (index !== me) transport.addPeer(key, address)
    this.end = transport.handle(NOTARY_SET_PROTOCOL, async ({ from, body }) => {
      const index = set.members.findIndex(({ key }) => key === from)
      if (index < 0 || index === me) throw unknownQuestion(`${from} is no other member of ${set.id}`)
      this.take(index, body)
      return await Promise.resolve(new Uint8Array())
    })
  }

  send(to: number, frame: NotaryFrame): void {
    const count = this.underWay.get(to) ?? 0
    if (this.init.set.members[to] === undefined || count >= UNDER_WAY_MAX || this.ended.signal.aborted) return
    const body = this.bodyOf(frame)
    const isLarge = body.byteLength > BODY_BYTES_MAX
    if (body.byteLength > NOTARY_FRAME_BYTES_MAX || (isLarge && this.large.has(to))) return
    if (isLarge) this.large.add(to)
    this.sent += 1
    const bodies = isLarge ? splitFrame(body, this.sent) : [body]
    this.underWay.set(to, count + 1)
    this.carry(to, bodies)
      // A member that is away is no failure of this one.
      .catch(() => {})
      .finally(() => {
        this.underWay.set(to, (this.underWay.get(to) ?? 1) - 1)
        if (isLarge) this.large.delete(to)
      })
  }

  close(): void {
    this.ended.abort()
    this.end()
  }

  private bodyOf(frame: NotaryFrame): Uint8Array {
    if (this.written?.frame !== frame) this.written = { frame, body: utf8Bytes(encodeNotaryFrame(frame)) }
    return this.written.body
  }

  private async carry(to: number, bodies: readonly Uint8Array[]): Promise<void> {
    const { set, transport, timeoutMs } = this.init
    const key = set.members[to]?.key
    if (key === undefined) return
    for (const body of bodies) {
      const question = { protocol: NOTARY_SET_PROTOCOL, body, timeoutMs }
      await transport.request(key, question, { signal: this.ended.signal })
    }
  }

  private take(from: number, body: Uint8Array): void {
    const whole = isPart(body) ? this.parts.take(from, body) : body
    if (whole === 'more') return
    if (whole === undefined) throw unknownQuestion('a part of a frame that does not follow')
    const decoded = this.read.decode(new TextDecoder().decode(whole))
    if (decoded.kind === 'refused') throw unknownQuestion(decoded.code)
    this.init.onFrame(from, decoded.frame)
  }
}

function unknownQuestion(message: string): CodedError {
  return new CodedError('NOTARY_QUESTION_UNKNOWN', { message })
}
