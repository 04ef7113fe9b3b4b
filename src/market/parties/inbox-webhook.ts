import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import { CodedError } from '../../base/errors.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { Clock } from '../../ports/clock.ts'
import { encodeSignature, signerOfKey } from '../../wire/v1/checkpoint.ts'
import { signingBytes } from '../../wire/v1/signing-bytes.ts'
import { pause } from './contracts/contract-follower.ts'
import type { InboxRow } from './inbox.ts'

export type WebhookComponents = {
  /** It reaches configured origins only. */
  readonly outbound: OutboundFetch
  readonly signer: Signer
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Timers
}

export type WebhookInit = {
  readonly url: string
  /** Told when an inbox was given up: its tries are over, or the address is not allowed. */
  readonly onFailure?: (cause: unknown) => void
}

const TRIES_MAX = 6
const PAUSE_FIRST_MS = 1_000
const TIMEOUT_MS = 10_000
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** What a webhook's signature is over, by the body. */
export function webhookBytes(body: Uint8Array): Uint8Array {
  return signingBytes('inbox-webhook', sha256HexOfBytes(body) as Hash)
}

/**
 * Tells one configured address what waits for an act. The body is signed; it is news and no evidence, and nothing waits for it: of what comes while one is on its way
 * only the newest is sent, tries are bounded, and what fails is given up.
 */
export class InboxWebhook {
  private readonly components: WebhookComponents
  private readonly init: WebhookInit
  private readonly stopping = new AbortController()
  private next: readonly InboxRow[] | undefined
  private sending: Promise<void> | undefined

  constructor(components: WebhookComponents, init: WebhookInit) {
    this.components = components
    this.init = init
  }

  /** Returns at once. */
  tell(rows: readonly InboxRow[]): void {
    this.next = rows
    if (this.sending !== undefined || this.stopping.signal.aborted) return
    this.sending = this.sendAll()
      .catch((cause: unknown) => this.init.onFailure?.(cause))
      .finally(() => (this.sending = undefined))
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort(new CodedError('NETWORK_CLOSED', { message: 'The webhook has stopped' }))
    await this.sending
  }

  private async sendAll(): Promise<void> {
    for (let rows = this.next; rows !== undefined; rows = this.next) {
      this.next = undefined
      await this.sendOne(rows)
    }
  }

  private async sendOne(rows: readonly InboxRow[]): Promise<void> {
    const { signer, clock, timers, outbound } = this.components
    const { signal } = this.stopping
    const iss = signerOfKey(signer.publicKeyHex)
    const written = rows.map((row) =>
      'amountNanos' in row ? { ...row, amountNanos: row.amountNanos.toString() } : row,
    )
    const body = ENCODER.encode(canonicalJson({ v: 1, iss, at: clock.now(), rows: written }))
    const headers = {
      'content-type': 'application/json',
      'x-kernell-signer': iss,
      'x-kernell-signature': encodeSignature(signer.sign(webhookBytes(body))),
    }
    let problem: unknown
    for (let tries = 1, pauseMs = PAUSE_FIRST_MS; tries <= TRIES_MAX && !signal.aborted; tries += 1, pauseMs *= 2) {
      try {
        const request = {
          url: this.init.url,
          method: 'POST',
          headers,
          body,
          headersTimeoutMs: TIMEOUT_MS,
          signal,
        } as const
        const response = await outbound.request(request)
        response.cancel()
        if (response.status < 300) return
        problem = new CodedError('OUTBOUND_UNREACHABLE', { message: `The webhook answered ${response.status}` })
      } catch (error: unknown) {
        problem = error
        if (CodedError.is(error, 'OUTBOUND_NOT_ALLOWED')) break
      }
      if (tries < TRIES_MAX) await pause(timers, pauseMs, signal)
    }
    if (!signal.aborted) this.init.onFailure?.(problem)
  }
}
