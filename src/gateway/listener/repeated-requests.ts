import { createHash } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import { type Exchange, type FailureForm, respondFailure } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import type { Claim } from '../../ports/claims.ts'
import type { AnswerName, FoundAnswer, KeptAnswers } from './kept-answers.ts'
import { rememberBody } from './read-body.ts'
import { RecordedResponse, type RecordReader } from './recorded-response.ts'

export const IDEMPOTENCY_HEADER = 'idempotency-key'

const KEPT_MS = 86_400_000
const KEPT_COUNT_MAX = 1_000
const KEPT_BYTES_MAX = 64 * 1_048_576

type Recording = {
  readonly fingerprint: string
  readonly response: RecordedResponse
  readonly startedMs: number
  isOver: boolean
}

/** Answers one exchange; failures are answered inside. Resolves to whether it is a success. */
export type AnswerExchange = (exchange: Exchange) => Promise<boolean>

export type RepeatedRequestsInit = {
  /** Makes the signal of a request that goes on when its caller leaves, and what ends it. */
  readonly begin: () => { readonly signal: AbortSignal; readonly end: () => void }
  readonly nowMs: () => number
  /** Of requests that are under way. */
  readonly underWayMax: () => number
  readonly kept: KeptAnswers
}

export type AnswerOnce = {
  /** Of the request, whole. */
  readonly body: Buffer
  readonly run: AnswerExchange
  readonly form: FailureForm | undefined
}

/** Where an answer is when it is over. What could not be stored stays in memory. */
type AnswerPlace = 'store' | 'memory' | 'nowhere'

type FirstAnswer = Omit<AnswerOnce, 'body'> & { readonly name: AnswerName; readonly recording: Recording }

/** Requests that came with a key: each is answered once, and everybody who sends the same gets the same answer. */
export class RepeatedRequests {
  readonly #init: RepeatedRequestsInit
  /** By tenant and key, the oldest first. */
  readonly #recordings = new Map<string, Recording>()
  #bytes = 0
  #underWay = 0

  constructor(init: RepeatedRequestsInit) {
    this.#init = init
  }

  /**
   * Answers a request with a key.
   *
   * Throws `REQUEST_INVALID` for a key that is none, `IDEMPOTENCY_KEY_REUSED`, and `GATEWAY_OVERLOADED` when too many are under way, or one whose answer is too long to be
   * given again.
   */
  answer(exchange: Exchange, once: AnswerOnce): void {
    const { body } = once
    const name = { tenant: exchange.who.caller.tenant, key: readKey(exchange) }
    const key = `${name.tenant}/${name.key}`
    const fingerprint = fingerprintOf(exchange, body)
    this.#forgetOld()
    const known = this.#recordings.get(key)
    if (known !== undefined && known.fingerprint !== fingerprint) throw reused()
    if (known?.response.isWhole === false)
      throw new CodedError('GATEWAY_OVERLOADED', {
        message: 'The same request is under way, and its answer is too long to be given twice',
      })
    if (known !== undefined) {
      attach(known.response, exchange, true)
      return
    }
    this.#makeRoom()
    const recording: Recording = {
      fingerprint,
      response: new RecordedResponse(exchange.request),
      startedMs: this.#init.nowMs(),
      isOver: false,
    }
    this.#recordings.set(key, recording)
    attach(recording.response, exchange, false)
    rememberBody(exchange.request, body)
    const { signal, end } = this.#init.begin()
    this.#underWay += 1
    this.#answerOnce({ ...exchange, response: recording.response, signal }, { ...once, name, recording })
      .catch((): AnswerPlace => {
        recording.response.end()
        return 'nowhere'
      })
      .then((place) => {
        end()
        this.#underWay -= 1
        this.#settle(key, recording, place)
      })
      .catch(() => undefined)
  }

  /** The answer that is in the store, or else the one that is made now. Resolves to where it is for who asks again. */
  async #answerOnce(exchange: Exchange, first: FirstAnswer): Promise<AnswerPlace> {
    const { form, name, recording } = first
    const { response } = recording
    let found: FoundAnswer
    try {
      found = await this.#init.kept.findOrClaim(name, exchange.signal)
      if ('kept' in found && found.kept.fingerprint !== recording.fingerprint) throw reused()
    } catch (error) {
      // Whether it was paid for before is not known: nobody pays twice.
      respondFailure(exchange, error, { form })
      return 'nowhere'
    }
    if ('claim' in found) {
      try {
        return await this.#make(exchange, first, found.claim)
      } finally {
        await found.claim?.release()
      }
    }
    const { status, headers, body } = found.kept
    response.writeHead(status, [...replayed(headers, exchange.commonHeaders), ...REPLAYED])
    response.end(body)
    return 'store'
  }

  async #make(
    exchange: Exchange,
    { run, name, recording }: FirstAnswer,
    claim: Claim | undefined,
  ): Promise<AnswerPlace> {
    // Another gateway may make the answer once the claim is lost.
    const signal = claim === undefined ? exchange.signal : AbortSignal.any([exchange.signal, claim.lost])
    if (!(await run({ ...exchange, signal }))) return 'nowhere'
    const { whole } = recording.response
    if (whole === undefined || claim?.lost.aborted === true) return 'nowhere'
    return await this.#init.kept.keep(name, { ...whole, fingerprint: recording.fingerprint }).then(
      () => 'store',
      // The disk may be full.
      () => 'memory',
    )
  }

  #settle(key: string, recording: Recording, place: AnswerPlace): void {
    recording.isOver = true
    if (place === 'memory') this.#bytes += recording.response.bytes
    else if (this.#recordings.get(key) === recording) this.#recordings.delete(key)
    for (const [oldest, { isOver }] of this.#recordings) {
      if (this.#bytes <= KEPT_BYTES_MAX) return
      if (isOver) this.#forget(oldest)
    }
  }

  #forgetOld(): void {
    const oldestMs = this.#init.nowMs() - KEPT_MS
    for (const [key, { startedMs, isOver }] of this.#recordings) {
      if (startedMs > oldestMs) return
      if (isOver) this.#forget(key)
    }
  }

  #makeRoom(): void {
    const most = this.#init.underWayMax()
    if (this.#underWay >= most)
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${most} requests with a key are being served` })
    if (this.#recordings.size < KEPT_COUNT_MAX) return
    for (const [key, { isOver }] of this.#recordings) {
      if (!isOver) continue
      this.#forget(key)
      return
    }
    throw new CodedError('GATEWAY_OVERLOADED', { message: `${KEPT_COUNT_MAX} requests with a key are being served` })
  }

  #forget(key: string): void {
    this.#bytes -= this.#recordings.get(key)?.response.bytes ?? 0
    this.#recordings.delete(key)
  }
}

function readKey({ request }: Exchange): string {
  const key = request.headers[IDEMPOTENCY_HEADER]
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key
  throw invalidRequest(IDEMPOTENCY_HEADER, `${IDEMPOTENCY_HEADER} must be 1 to 255 printable ASCII characters`)
}

function reused(): CodedError {
  return new CodedError('IDEMPOTENCY_KEY_REUSED', { message: 'The idempotency key came with another request before' })
}

/** What makes two requests the same task. */
function fingerprintOf({ request, path }: Exchange, body: Buffer): string {
  const own = Object.entries(request.headers).filter(([name]) => name.startsWith('x-kernell-'))
  const hash = createHash('sha256').update(JSON.stringify([request.method, path, own]))
  return hash.update(body).digest('hex')
}

/** Headers that are of the connection or the page that asks, and not of the answer. */
const OF_THE_READER = /^(?:access-control-|vary$|connection$|idempotent-replayed$)/
const REPLAYED = ['idempotent-replayed', 'true'] as const

function attach(recorded: RecordedResponse, exchange: Exchange, isReplay: boolean): void {
  const { response, commonHeaders } = exchange
  const reader: RecordReader = {
    head(status, headers) {
      const own = isReplay ? [...replayed(headers, commonHeaders), ...REPLAYED] : [...headers]
      if (!response.destroyed) response.writeHead(status, own)
    },
    piece: (bytes) => void (response.destroyed || response.write(bytes)),
    end: () => void response.end(),
  }
  response.on('close', () => recorded.leave(reader))
  recorded.read(reader)
}

function replayed(headers: readonly string[], own: readonly string[]): readonly string[] {
  const pairs = (list: readonly string[], isWanted: (name: string) => boolean): readonly string[] =>
    list.filter((_, index) => isWanted(list[index - (index % 2)] ?? ''))
  return [...pairs(headers, (name) => !OF_THE_READER.test(name)), ...pairs(own, (name) => OF_THE_READER.test(name))]
}
