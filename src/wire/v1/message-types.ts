/**
 * Every kind of signed message of version 1, joined from the tables of the areas. An area adds one line to `MESSAGES`, and, where 16 KiB are not enough or far
 * too much, lines to `MESSAGE_BYTES_MAX`.
 */
import type { z } from 'zod'
import { AUCTION_MESSAGES, DELEGATION_MESSAGES, MARKET_MESSAGES } from './auction-messages.ts'
import { CAPABILITY_MESSAGES } from './capability-messages.ts'
import { CARD_MESSAGES } from './card-messages.ts'
import { DISPUTE_MESSAGES } from './dispute-messages.ts'
import { ESCROW_MESSAGES } from './escrow-messages.ts'
import { EVIDENCE_MESSAGES } from './evidence-messages.ts'
import { GOVERNANCE_MESSAGES } from './governance-messages.ts'
import { LEDGER_MESSAGES } from './ledger-messages.ts'
import { REPUTATION_MESSAGES } from './reputation-messages.ts'

/** Shape of the body of each message of version 1, by type: decodes the JSON of the wire into typed values, and encodes those again. */
export const MESSAGES = {
  ...AUCTION_MESSAGES,
  ...DELEGATION_MESSAGES,
  ...MARKET_MESSAGES,
  ...CARD_MESSAGES,
  ...CAPABILITY_MESSAGES,
  ...DISPUTE_MESSAGES,
  ...ESCROW_MESSAGES,
  ...EVIDENCE_MESSAGES,
  ...GOVERNANCE_MESSAGES,
  ...LEDGER_MESSAGES,
  ...REPUTATION_MESSAGES,
} as const

/** Name of a message of version 1, as the head of its envelope has it: it decides the shape of the body, how large the message may be, and how long it may be valid. */
export type MessageType = keyof typeof MESSAGES

/** Body of a message as a typed value. */
export type MessageBody<Type extends MessageType> = z.output<(typeof MESSAGES)[Type]>

/** Bytes of a whole envelope of a type that has no entry below. */
export const MESSAGE_BYTES_MAX_DEFAULT = 16_384

/** Bytes of a whole envelope, signature included, where they differ from the default; at most 32,768. */
export const MESSAGE_BYTES_MAX: Partial<Readonly<Record<MessageType, number>>> = {
  // A chain of capability tokens.
  'escrow-contract': 28_672,
  'capability-delegate': 32_768,
  'capability-invoke': 32_768,
  'capability-revoke': 32_768,
  'meter-snapshot': 4_096,
  receipt: 2_048,
  'reputation-receipt': 2_048,
  'equivocation-proof': 4_096,
  // 256 hashes.
  'auction-commitments': 20_480,
  'auction-commitment': 2_048,
  'auction-reveal': 2_048,
  'auction-bid': 2_048,
  'delegation-progress': 2_048,
}

/** Whether a value is the name of a message of version 1. Names that every object has, such as `constructor`, are none. */
export function isMessageType(text: unknown): text is MessageType {
  return typeof text === 'string' && Object.hasOwn(MESSAGES, text)
}

export function messageBytesMax(type: MessageType): number {
  return MESSAGE_BYTES_MAX[type] ?? MESSAGE_BYTES_MAX_DEFAULT
}
