import type { DurationMs } from '../../base/time.ts'
import { CodedError } from '../../base/errors.ts'
import type { CapabilityRefusal } from '../../core/capability/capability-refusals.ts'
import type { TermsRefusalCode } from '../../core/escrow/validate-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Transport } from '../../ports/transport.ts'
import { authenticate, type Authenticated, type VerifyBytes } from '../../wire/v1/authenticate.ts'
import type { Audience } from '../../wire/v1/envelope-head.ts'
import { decodeEnvelope, type EnvelopeOf } from '../../wire/v1/envelope.ts'
import {
  decodeMarketPost,
  encodeMarketPost,
  MARKET_PROTOCOL,
  type MarketFrame,
  type MarketFrameOf,
  type MarketPost,
} from '../../wire/v1/market-frames.ts'
import type { MessageType } from '../../wire/v1/message-types.ts'
import type { PartyCode } from './party-codes.ts'

/** How far two honest clocks may differ. */
export const CLOCK_SKEW_MS: DurationMs = 30_000 as DurationMs
/** Longest wait for an answer of another party. */
export const ANSWER_WAIT_MS = 5_000

export type MarketQuestion<Type extends MarketFrame['type']> = {
  readonly from: Did
  readonly frame: MarketFrameOf<Type>
  readonly bytes: Uint8Array
}
export type MarketAnswer = Pick<MarketPost, 'frame'> & Partial<MarketPost>

/** Answers to the questions that a role takes, by the type of the question. */
export type MarketHandlers = {
  readonly [Type in MarketFrame['type']]?: (question: MarketQuestion<Type>) => Promise<MarketAnswer>
}

export function declined(code: PartyCode | TermsRefusalCode | CapabilityRefusal): MarketAnswer {
  return { frame: { type: 'declined', code } }
}

export const TAKEN: MarketAnswer = { frame: { type: 'taken' } }

/** What a question says of the node that asked it, and no matter of the market. */
export type QuestionFault = 'question-malformed' | 'message-refused'

const FAULTS: Readonly<Record<string, QuestionFault | undefined>> = {
  MARKET_FRAME_LARGE: 'question-malformed',
  MARKET_FRAME_MALFORMED: 'question-malformed',
  MARKET_ENVELOPE_REFUSED: 'message-refused',
} satisfies Partial<Record<PartyCode, QuestionFault>>

/** The one place where a node speaks the market's protocol: roles add their handlers, and ask others through it. */
export class MarketDoor {
  private readonly transport: Transport
  private readonly handlers = new Map<string, (question: MarketQuestion<never>) => Promise<MarketAnswer>>()
  private readonly close: () => void

  /** @param onFault Told of whoever asks what nobody may ask: signatures cost more to check than to make up. */
  constructor(transport: Transport, onFault?: (peer: Did, fault: QuestionFault) => void) {
    this.transport = transport
    this.close = transport.handle(MARKET_PROTOCOL, async ({ from, body }) => {
      const reading = decodeMarketPost(body)
      const answer = reading.kind === 'refused' ? declined(reading.code) : await this.answer({ from, ...reading })
      const fault = answer.frame.type === 'declined' ? FAULTS[answer.frame.code] : undefined
      if (fault !== undefined) onFault?.(from, fault)
      return encodeMarketPost(answer)
    })
  }

  /** The node that this is for others. */
  get did(): Did {
    return this.transport.did
  }

  /** Nodes that are connected now. */
  get peers(): readonly Did[] {
    return this.transport.connectedPeers
  }

  /** Adds answers. Throws `RangeError` for a question that is answered already. @returns Ends them. */
  serve(handlers: MarketHandlers): () => void {
    const types = Object.keys(handlers)
    const taken = types.find((type) => this.handlers.has(type))
    if (taken !== undefined) throw new RangeError(`${taken} is answered already`)
    // Each handler is called with the questions of its own type alone.
    for (const [type, handler] of Object.entries(handlers)) this.handlers.set(type, handler as never)
    return () => types.forEach((type) => this.handlers.delete(type))
  }

  /** Asks another node, and waits `ANSWER_WAIT_MS` where nothing else is said. Throws what `Transport.request` throws, and `NETWORK_PROTOCOL_UNKNOWN` for an answer that is none. */
  async ask(
    to: Did,
    post: MarketAnswer,
    { signal, waitMs = ANSWER_WAIT_MS }: AbortOptions & { readonly waitMs?: number } = {},
  ): Promise<MarketPost> {
    const question = { protocol: MARKET_PROTOCOL, body: encodeMarketPost(post), timeoutMs: waitMs }
    const answer = decodeMarketPost(await this.transport.request(to, question, signal === undefined ? {} : { signal }))
    if (answer.kind === 'post') return answer
    throw new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message: `${to} answered what is no frame (${answer.code})` })
  }

  stop(): void {
    this.handlers.clear()
    this.close()
  }

  private async answer(question: { from: Did } & MarketPost): Promise<MarketAnswer> {
    const handler = this.handlers.get(question.frame.type)
    return handler === undefined ? declined('MARKET_QUESTION_UNKNOWN') : await handler(question as never)
  }
}

export type ReadEnvelopeInit = {
  readonly verify: VerifyBytes
  readonly clock: Pick<Clock, 'now'>
  readonly network: string
  readonly audience: readonly Audience[]
}

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

export type ReadEnvelope<Type extends MessageType> = {
  readonly message: Authenticated
  readonly envelope: EnvelopeOf<Type>
  readonly bytes: Uint8Array
}

/** A signed message of the type that is due; `undefined` when it is another one, or wrong. */
export function readEnvelope<Type extends MessageType>(
  text: string,
  type: Type,
  { verify, clock, network, audience }: ReadEnvelopeInit,
): ReadEnvelope<Type> | undefined {
  const bytes = ENCODER.encode(text)
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused' || decoded.envelope.type !== type) return undefined
  const init = { verify, now: clock.now(), clockSkewMs: CLOCK_SKEW_MS, audience, network }
  const message = authenticate(decoded.envelope, init)
  if (message.kind === 'refused') return undefined
  // Its type is the one that was asked for.
  return { message, envelope: message.envelope as EnvelopeOf<Type>, bytes }
}
