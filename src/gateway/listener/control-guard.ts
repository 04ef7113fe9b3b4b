import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { CodedError } from '../../base/errors.ts'

/** Header that carries the token of the running node. */
export const CONTROL_HEADER = 'x-kernell-control'

/** Requests a minute: a person's commands, and none that could be a guess at the token. */
const REQUESTS_PER_MINUTE = 600
const WRONG_TOKENS_PER_MINUTE = 10
const MINUTE_MS = 60_000

/** Lets commands of this machine in that know the token of this start, and nobody else. */
export type ControlGuard = {
  /** Throws `GATEWAY_CONTROL_REFUSED`, and `GATEWAY_OVERLOADED` after too many requests or wrong tokens. */
  check(request: IncomingMessage, nowMs: number): void
}

export function createControlGuard(token: string): ControlGuard {
  const expected = digestOf(token)
  const requests = new PerMinute(REQUESTS_PER_MINUTE)
  const wrong = new PerMinute(WRONG_TOKENS_PER_MINUTE)
  return {
    check(request, nowMs) {
      if (!isSameMachine(request.socket) || isForwarded(request.headers)) {
        throw new CodedError('GATEWAY_CONTROL_REFUSED', { message: 'The control endpoint answers this machine only' })
      }
      const given = request.headers[CONTROL_HEADER]
      // Hashed first, so that the time of the comparison tells nothing, not even the length.
      const isRight = timingSafeEqual(digestOf(typeof given === 'string' ? given : ''), expected)
      // Apart, so that nobody who guesses keeps the operator from rolling back.
      const limit = isRight ? requests : wrong
      if (!limit.take(nowMs)) {
        throw new CodedError('GATEWAY_OVERLOADED', { message: 'Too many control requests; try again in a minute' })
      }
      if (isRight) return
      throw new CodedError('GATEWAY_CONTROL_REFUSED', {
        message:
          given === undefined ? `The header ${CONTROL_HEADER} is missing` : 'The control token is not of this start',
      })
    },
  }
}

/** What secrets are compared by. */
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** Over loopback, or over an own address of this machine. */
export function isSameMachine({ remoteAddress, localAddress }: Socket): boolean {
  if (remoteAddress === undefined) return false
  const address = remoteAddress.replace(/^::ffff:/, '')
  return address === '::1' || address.startsWith('127.') || remoteAddress === localAddress
}

/** What proxies add to the requests that they pass on. */
const HEADERS_OF_PROXIES = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
]

/** A proxy speaks for somebody else. */
export function isForwarded(headers: IncomingMessage['headers']): boolean {
  return HEADERS_OF_PROXIES.some((name) => headers[name] !== undefined)
}

/** Counts what may happen so many times a minute. */
export class PerMinute {
  private readonly most: number
  private startedMs = Number.NEGATIVE_INFINITY
  private count = 0

  constructor(most: number) {
    this.most = most
  }

  /** Whether there is room for one more. */
  take(nowMs: number): boolean {
    if (nowMs - this.startedMs >= MINUTE_MS) {
      this.startedMs = nowMs
      this.count = 0
    }
    if (this.count >= this.most) return false
    this.count += 1
    return true
  }
}
