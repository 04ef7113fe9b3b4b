import type { EscrowMessageType } from '../../src/wire/v1/escrow-messages.ts'
import { bodyOfTerms } from '../../src/wire/v1/escrow-terms.ts'
import { escrowSamples, SAMPLE_CONTRACT, SAMPLE_TERMS } from './escrow-samples.ts'
import type { Vector, VectorArea } from './vector.ts'
import { accepted, rawEnvelope, refused } from './vector-kit.ts'

/** Vectors of the messages about contracts: every one once, and bodies that are none. */
export const ESCROW_VECTORS: VectorArea = {
  area: 'escrow',
  vectors: () => [...everyMessage(), ...bodyRefusals()],
}

function everyMessage(): readonly Vector[] {
  const samples = escrowSamples()
  return Object.entries(samples).map(([name, { body, key }]): Vector => {
    const type = name as EscrowMessageType
    return accepted(type, { type, body, head: { contract: SAMPLE_CONTRACT } }, key)
  })
}

function bodyRefusals(): readonly Vector[] {
  const terms = bodyOfTerms(SAMPLE_TERMS)
  const sent = (name: string, type: EscrowMessageType, body: unknown): Vector =>
    refused(name, 'ENVELOPE_BODY_SHAPE', { envelope: rawEnvelope(body, { type, contract: SAMPLE_CONTRACT }) })
  const accept = { amountNanos: '1', currency: SAMPLE_TERMS.currency }
  return [
    sent('an amount as a number', 'escrow-accept', { ...accept, amountNanos: 1 }),
    sent('an amount with a leading zero', 'escrow-accept', { ...accept, amountNanos: '01' }),
    sent('an amount of 21 digits', 'escrow-accept', { ...accept, amountNanos: '100000000000000000000' }),
    sent('an amount without its currency', 'escrow-accept', { amountNanos: '1' }),
    sent('a currency without an issuer', 'escrow-accept', { ...accept, currency: 'USD' }),
    sent('a reason with a space', 'escrow-withdraw', { reason: 'not needed' }),
    sent('terms with an unknown member', 'escrow-offer', { terms: { ...terms, trustless: true } }),
    sent('terms without a network', 'escrow-offer', { terms: { ...terms, net: undefined } }),
    sent('terms without an instant to be signed by', 'escrow-offer', { terms: { ...terms, signBy: undefined } }),
    sent('terms without a salt', 'escrow-offer', { terms: { ...terms, salt: undefined } }),
    sent('terms with too many arbiters', 'escrow-offer', {
      terms: { ...terms, arbiters: { k: 1, members: Array.from({ length: 17 }, () => terms.arbiters.members[0]) } },
    }),
    sent('a share above one', 'escrow-offer', { terms: { ...terms, fallbackPerMillion: 1_000_001 } }),
    sent('a contract without signatures', 'escrow-contract', { signatures: [] }),
    sent('a timer that nobody may point out', 'escrow-void-request', { timer: 'retain' }),
  ]
}
