import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { AuctionCall } from '../../core/auction/auction-call.ts'
import type { AuctionReceipt } from '../../core/auction/auction-record.ts'
import type { AuctionEffect, AuctionEvent } from '../../core/auction/auction-state.ts'
import { transcriptHashOf } from '../../core/auction/transcript.ts'
import { bodyOfReceipt } from '../../wire/v1/auction-messages.ts'
import { AuctionOutbox, type OutboxInit, type OutgoingMessage } from './auction-outbox.ts'

/** What an auctioneer says, event by event. Given the same events it says the same, byte for byte. */
export class AuctionPost {
  private readonly call: AuctionCall
  private readonly init: OutboxInit
  private readonly outbox: AuctionOutbox
  /** A repeated message is answered with the same bytes. */
  private readonly receipts = new Map<string, OutgoingMessage>()
  private readonly made: OutgoingMessage[] = []

  constructor(call: AuctionCall, init: OutboxInit) {
    this.call = call
    this.init = init
    this.outbox = new AuctionOutbox(init)
  }

  /** All messages so far: two for each bid at most, and a handful. */
  get messages(): readonly OutgoingMessage[] {
    return this.made
  }

  /** The message that carries a receipt; `undefined` when there is none yet. */
  receiptOf(receipt: AuctionReceipt): OutgoingMessage | undefined {
    return this.receipts.get(keyOf(receipt))
  }

  /** Signed messages that follow from an event, in order. */
  messagesOf(event: AuctionEvent, effects: readonly AuctionEffect[]): readonly OutgoingMessage[] {
    const { at } = event
    const made: OutgoingMessage[] = []
    if (event.type === 'call-published') {
      const { english, notarySet, filter, custody, ...call } = this.call
      const body = {
        ...call,
        filter: { ...filter, capabilities: [...filter.capabilities] },
        ...(english !== undefined && { english }),
        ...(notarySet !== undefined && { notarySet }),
        ...(custody !== undefined && { custody }),
      }
      made.push(this.outbox.sign('auction-call', { call: body }, { aud: '*', at }))
    }
    for (const effect of effects) {
      const message = this.messageOf(effect, at)
      if (message !== undefined) made.push(message)
    }
    this.made.push(...made)
    return made
  }

  private messageOf(effect: AuctionEffect, at: Timestamp): OutgoingMessage | undefined {
    const { auction } = this.init
    switch (effect.type) {
      case 'issue-receipt': {
        const { receipt } = effect
        // Whoever is shown an open bid holds the proof that it was taken.
        const aud = receipt.stage === 'bid' ? '*' : receipt.bidder
        const message = this.outbox.sign('auction-receipt', bodyOfReceipt(receipt), { aud, at })
        this.receipts.set(keyOf(receipt), message)
        return message
      }
      case 'refuse-commitment': {
        const { envelope, code, bidder } = effect
        return this.outbox.sign('auction-refusal', { auction, envelope, code, at }, { aud: bidder, at })
      }
      case 'publish-commitments': {
        const commitments = [...effect.commitments]
        return this.outbox.sign('auction-commitments', { auction, commitments }, { aud: '*', at })
      }
      case 'publish-transcript': {
        const { outcome } = effect.transcript
        const transcriptHash = transcriptHashOf(effect.transcript)
        return this.outbox.sign('auction-transcript', { auction, transcriptHash, outcome }, { aud: '*', at })
      }
      case 'announce-cancel':
        return this.outbox.sign('auction-cancel', { auction, reason: effect.reason }, { aud: '*', at })
      case 'start-timer':
      case 'cancel-timer':
      case 'post-transfers':
      case 'event-refused':
        return undefined
      default:
        return assertNever(effect)
    }
  }
}

function keyOf({ stage, envelope }: AuctionReceipt): string {
  return `${stage} ${envelope}`
}
