import type { Did } from '../../../core/evidence/names.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { NOTARY_SET_PROTOCOL } from '../../../market/notary/set/member-frames.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { PeerQuestion, PeerRequest, RequestHandler, Transport } from '../../../ports/transport.ts'
import { decodeNotaryFrame, encodeNotaryFrame, type NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { NOTARY_PROTOCOL } from '../../../wire/v1/notary-questions.ts'
import { PassedTransport } from '../passed-transport.ts'
import type { LyingNotary } from './lying-notary.ts'

/** Frames that both voices of a notary that speaks with two want to hear. */
const FOR_BOTH: readonly NotaryFrame['type'][] = ['notary-witness', 'notary-decision', 'notary-bodies']
const NOTHING = new Uint8Array()

/** The network of a notary that lies: what its service says and hears goes through its owner's hands. `second` is the network of a second service under the same key. */
export class LyingTransport extends PassedTransport {
  readonly second: Transport
  private readonly liar: LyingNotary
  private readonly set: NotarySet
  private first: RequestHandler | undefined
  private other: RequestHandler | undefined

  constructor(transport: Transport, { liar, set }: { readonly liar: LyingNotary; readonly set: NotarySet }) {
    super(transport)
    this.liar = liar
    this.set = set
    this.second = new SecondVoice(transport, {
      say: async (to, question, options) => await this.say(to, { question, options, isSecond: true }),
      listen: (handler) => {
        this.other = handler
        return () => (this.other = undefined)
      },
    })
  }

  override handle(protocol: string, handler: RequestHandler): () => void {
    if (protocol === NOTARY_PROTOCOL)
      return super.handle(protocol, async (request, options) => await this.answer(request, { handler, options }))
    if (protocol !== NOTARY_SET_PROTOCOL) return super.handle(protocol, handler)
    this.first = handler
    return super.handle(protocol, async (request, options) => await this.hear(request, options))
  }

  override async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    if (question.protocol !== NOTARY_SET_PROTOCOL) return await super.request(to, question, options)
    return await this.say(to, { question, options, isSecond: false })
  }

  private async say(to: Did, { question, options, isSecond }: Saying): Promise<Uint8Array> {
    const member = this.set.members.findIndex(({ key }) => key === to)
    const frame = this.liar.isHonest ? undefined : frameOf(question.body)
    if (this.other !== undefined && this.liar.hearsSecond(member) !== isSecond && frame?.type !== 'notary-witness-ask')
      return NOTHING
    if (frame === undefined) return await super.request(to, question, options)
    const said = this.liar.said(member, frame)
    for (const each of said) {
      const body = each === frame ? question.body : utf8Bytes(encodeNotaryFrame(each))
      await super.request(to, { ...question, body }, options)
    }
    return NOTHING
  }

  private async hear(request: PeerRequest, options: Parameters<RequestHandler>[1]): Promise<Uint8Array> {
    const { first, other, liar } = this
    if (first === undefined) return NOTHING
    const frame = liar.isHonest ? undefined : frameOf(request.body)
    if (frame === undefined) return await first(request, options)
    const heard = liar.heard(frame)
    if (heard === undefined) return NOTHING
    const passed = heard === frame ? request : { ...request, body: utf8Bytes(encodeNotaryFrame(heard)) }
    const isForBoth = FOR_BOTH.includes(frame.type)
    const hearsSecond = liar.hearsSecond(this.set.members.findIndex(({ key }) => key === request.from))
    if (other !== undefined && (isForBoth || hearsSecond)) await other(passed, options)
    return other === undefined || isForBoth || !hearsSecond ? await first(passed, options) : NOTHING
  }

  private async answer(
    request: PeerRequest,
    { handler, options }: { readonly handler: RequestHandler; readonly options: Parameters<RequestHandler>[1] },
  ): Promise<Uint8Array> {
    const answer = this.liar.answered(request.body, await handler(request, options))
    if (answer !== undefined) return answer
    return await new Promise<never>((_, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true })
    })
  }
}

type Saying = {
  readonly question: PeerQuestion
  readonly options: AbortOptions | undefined
  readonly isSecond: boolean
}

type Voice = {
  readonly say: (to: Did, question: PeerQuestion, options?: AbortOptions) => Promise<Uint8Array>
  readonly listen: (handler: RequestHandler) => () => void
}

/** What the second service takes for its network: only other members are there. */
class SecondVoice extends PassedTransport {
  private readonly voice: Voice

  constructor(transport: Transport, voice: Voice) {
    super(transport)
    this.voice = voice
  }

  override handle(protocol: string, handler: RequestHandler): () => void {
    return protocol === NOTARY_SET_PROTOCOL ? this.voice.listen(handler) : () => {}
  }

  override async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    return await this.voice.say(to, question, options)
  }
}

/** `undefined` for a part of a larger frame, which goes on as it is. */
function frameOf(body: Uint8Array): NotaryFrame | undefined {
  const decoded = decodeNotaryFrame(new TextDecoder().decode(body))
  return decoded.kind === 'frame' ? decoded.frame : undefined
}
