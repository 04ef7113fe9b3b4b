/**
 * What a node says of itself to everybody. It is signed by the node's own key, so that nobody else says where it is; the offers in it are signed by
 * their sellers, each of whom names the node in turn. Neither alone says who sells where.
 *
 * @see protocol/spec/gossip.md
 */
import { z } from 'zod'
import { CUSTODY_MODELS } from '../../core/escrow/escrow-terms.ts'
import {
  CARD_ACCOUNTS_MAX,
  CARD_ADDRESS_LENGTH_MAX,
  CARD_ADDRESSES_MAX,
  CARD_MODELS_MAX,
  CARD_OFFERS_MAX,
  CARD_RECEIPTS_MAX,
} from '../../core/market/agent-card.ts'
import { BYTES_32, DID } from './fields.ts'

/** Canonical text of a whole envelope of at most 2,048 bytes. */
const SIGNED_TEXT = z.string().max(2_048)

/** A multiaddr without the key of the node. */
export const ADDRESS: z.ZodString = z
  .string()
  .max(CARD_ADDRESS_LENGTH_MAX)
  .regex(/^\/[!-~]+$/)

/** A model as its node calls it: printable ASCII. */
const MODEL = z
  .string()
  .max(128)
  .regex(/^[!-~]+$/)

export const CARD_MESSAGES = {
  /** Node to everybody: who sells here, what, and where it is reached, until the message expires. The next one takes its place. */
  'agent-card': z.strictObject({
    accounts: z.array(DID).max(CARD_ACCOUNTS_MAX),
    addresses: z.array(ADDRESS).max(CARD_ADDRESSES_MAX),
    custody: z.array(z.enum(CUSTODY_MODELS)).max(CUSTODY_MODELS.length),
    models: z.array(MODEL).max(CARD_MODELS_MAX),
    /** Each a `market-offer` of one of the accounts that names this node. */
    offers: z.array(SIGNED_TEXT).max(CARD_OFFERS_MAX),
    /** Each a `reputation-receipt` by a payer of one of the accounts. */
    receipts: z.array(SIGNED_TEXT).max(CARD_RECEIPTS_MAX),
    /** X25519 key for sealed payloads. */
    sealing: BYTES_32.optional(),
  }),
} as const
