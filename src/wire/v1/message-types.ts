/**
 * Every kind of signed message of version 1, joined from the tables of the areas. An area adds one line to `MESSAGES`, and, where 16 KiB are not enough or far
 * too much, lines to `MESSAGE_BYTES_MAX`.
 */
import type { z } from 'zod'
import { ESCROW_MESSAGES } from './escrow-messages.ts'
import { EVIDENCE_MESSAGES } from './evidence-messages.ts'
import { LEDGER_MESSAGES } from './ledger-messages.ts'

export const MESSAGES = {
  ...EVIDENCE_MESSAGES,
  ...ESCROW_MESSAGES,
  ...LEDGER_MESSAGES,
} as const

export type MessageType = keyof typeof MESSAGES

/** Body of a message as a typed value. */
export type MessageBody<Type extends MessageType> = z.output<(typeof MESSAGES)[Type]>

/** Bytes of a whole envelope of a type that has no entry below. */
export const MESSAGE_BYTES_MAX_DEFAULT = 16_384

/** Bytes of a whole envelope, signature included, where they differ from the default; at most 32,768. */
export const MESSAGE_BYTES_MAX: Partial<Readonly<Record<MessageType, number>>> = {
  receipt: 2_048,
  'equivocation-proof': 4_096,
}

export function isMessageType(text: unknown): text is MessageType {
  return typeof text === 'string' && Object.hasOwn(MESSAGES, text)
}

export function messageBytesMax(type: MessageType): number {
  return MESSAGE_BYTES_MAX[type] ?? MESSAGE_BYTES_MAX_DEFAULT
}
