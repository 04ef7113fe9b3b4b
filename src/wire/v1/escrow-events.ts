/**
 * From a message about a contract to the event that its machine takes, and from the machine's receipt to the message that the notary set signs. Here joint
 * signatures and proofs are checked; what the message may do in the contract's state, the machine says.
 *
 * ```ts
 * const receiptType = `escrow-${'hold'}-receipt`
 * console.log(receiptType) // escrow-hold-receipt
 * ```
 *
 * @see protocol/spec/escrow.md#messages
 */
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import { hexOfBytes } from '../../base/hex.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { BooksEvent } from '../../core/books/books-state.ts'
import type { CapabilityRefusal } from '../../core/capability/capability-refusals.ts'
import type { EscrowReceipt } from '../../core/escrow/escrow-effect.ts'
import type { EscrowMessageEvent } from '../../core/escrow/escrow-event.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import type { EscrowMessageRefusalCode } from '../../core/escrow/message-refusals.ts'
import type { Evidence } from '../../core/evidence/evidence.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import { readCapabilityRevocation, readContractCapability } from '../ucan/contract-capability.ts'
import type { Authenticated, VerifyBytes } from './authenticate.ts'
import { canonicalText } from './canonical.ts'
import { publicKeyOfDid } from './did-key.ts'
import type { EnvelopeOf } from './envelope.ts'
import { checkEquivocation } from './equivocation.ts'
import { CANCEL_STATEMENT, type EscrowMessageType, RULING_STATEMENT, VOUCHER_STATEMENT } from './escrow-messages.ts'
import { bodyOfTerms, contractIdOf, termsOfBody } from './escrow-terms.ts'
import { hashOfText, signingBytes } from './signing-bytes.ts'

/** What an authenticated message is to a contract: an event of the books that keep it, or a code that says why it is none. */
export type EscrowReading =
  | { readonly kind: 'event'; readonly event: BooksEvent }
  | { readonly kind: 'refused'; readonly code: EscrowMessageRefusalCode | CapabilityRefusal }

/** What joint signatures and amounts of a message are checked by. */
export type EscrowReadingInit = {
  readonly verify: VerifyBytes
  /** The contract's terms where it is known; amounts in another currency are refused. */
  readonly terms: EscrowTerms | undefined
  /** A native SHA-256, where there is one. */
  readonly hash?: Sha256Hex | undefined
}

/** Types of messages that `readEscrowMessage` makes an event of. */
export type EscrowRequestType = Exclude<EscrowMessageType, `${string}-receipt`> | 'equivocation-proof'

type Joint = readonly { readonly iss: Did; readonly signature: string }[]

/** What a signer of a joint statement signs, by the kind of statement and the hash of its canonical text. For a contract the hash is its id. */
export function statementBytes(kind: 'contract' | 'voucher' | 'cancel' | 'ruling', hash: Hash): Uint8Array {
  return signingBytes(`escrow-${kind}-statement`, hash)
}

/** Hash of a joint statement. */
export function voucherHash(statement: z.output<typeof VOUCHER_STATEMENT>): Hash {
  return hashOfText(canonicalText(z.encode(VOUCHER_STATEMENT, statement)))
}

export function cancelHash(statement: z.output<typeof CANCEL_STATEMENT>): Hash {
  return hashOfText(canonicalText(z.encode(CANCEL_STATEMENT, statement)))
}

export function rulingHash(statement: z.output<typeof RULING_STATEMENT>): Hash {
  return hashOfText(canonicalText(z.encode(RULING_STATEMENT, statement)))
}

/** The event of an authenticated message; never throws. */
export function readEscrowMessage({ envelope, evidence }: Authenticated, init: EscrowReadingInit): EscrowReading {
  const { contract } = envelope.head
  if (envelope.type === 'capability-revoke') return readRevocation(envelope, evidence, init.verify)
  if (envelope.type === 'equivocation-proof') return readProof(envelope, evidence, init.verify)
  if (contract === undefined) return refused('ESCROW_CONTRACT_MISSING')
  switch (envelope.type) {
    case 'escrow-offer': {
      const terms = termsOfBody(envelope.body.terms)
      if (contractIdOf(terms, init.hash) !== contract) return refused('ESCROW_CONTRACT_HASH')
      if (terms.net !== envelope.head.net) return refused('ESCROW_NETWORK_WRONG')
      return eventOf(contract, { ...evidence, type: 'offered', expiresAt: envelope.head.exp }, terms)
    }
    case 'escrow-withdraw':
      return eventOf(contract, { ...evidence, type: 'withdrawn' })
    case 'escrow-award':
      return eventOf(contract, { ...evidence, type: 'awarded' })
    case 'escrow-contract': {
      const signers = jointSigners(envelope.body.signatures, statementBytes('contract', contract), init.verify)
      if (signers === undefined) return refused('ESCROW_COSIGNATURE_WRONG')
      const { capability } = envelope.body
      if (capability === undefined) return eventOf(contract, { ...evidence, type: 'contract-signed', signers })
      const authority = readContractCapability(capability, { verify: init.verify, at: evidence.at })
      if ('kind' in authority) return refused(authority.code)
      return eventOf(contract, { ...evidence, type: 'contract-signed', signers, authority })
    }
    case 'escrow-hold-request':
      return eventOf(contract, { ...evidence, type: 'hold-requested' })
    case 'escrow-start':
      return eventOf(contract, { ...evidence, type: 'started' })
    case 'escrow-beat':
      return eventOf(contract, { ...evidence, type: 'beat-sent', meter: envelope.body.meter })
    case 'escrow-evidence':
      return eventOf(contract, { ...evidence, type: 'evidence-added', hash: envelope.body.evidence })
    case 'escrow-settle-request':
      return eventOf(contract, { ...evidence, type: 'settle-requested' })
    case 'escrow-void-request': {
      const { at } = evidence
      return { kind: 'event', event: { type: 'timer-fired', contract, name: envelope.body.timer, at } }
    }
    case 'escrow-voucher':
    case 'escrow-cancel':
    case 'escrow-ruling':
      return readJoint(envelope, { evidence, contract, init })
    default:
      return readAmount(envelope, { evidence, contract, init })
  }
}

type Context = { readonly evidence: Evidence; readonly contract: ContractId; readonly init: EscrowReadingInit }

/** Messages that several sign. */
function readJoint(
  envelope: EnvelopeOf<'escrow-voucher'> | EnvelopeOf<'escrow-cancel'> | EnvelopeOf<'escrow-ruling'>,
  { evidence, contract, init }: Context,
): EscrowReading {
  const { statement, signatures } = envelope.body
  if (statement.contract !== contract) return refused('ESCROW_CONTRACT_MISSING')
  if (!isCurrencyOf(init.terms, statement.currency)) return refused('ESCROW_CURRENCY_WRONG')
  switch (envelope.type) {
    case 'escrow-voucher': {
      const { number, amountNanos, meter } = envelope.body.statement
      const signers = jointSigners(
        signatures,
        statementBytes('voucher', voucherHash(envelope.body.statement)),
        init.verify,
      )
      if (signers === undefined) return refused('ESCROW_COSIGNATURE_WRONG')
      return eventOf(contract, { ...evidence, type: 'voucher-signed', number, amountNanos, meter, signers })
    }
    case 'escrow-cancel': {
      const { amountNanos } = envelope.body.statement
      const signers = jointSigners(
        signatures,
        statementBytes('cancel', cancelHash(envelope.body.statement)),
        init.verify,
      )
      if (signers === undefined) return refused('ESCROW_COSIGNATURE_WRONG')
      return eventOf(contract, { ...evidence, type: 'cancelled', amountNanos, signers })
    }
    case 'escrow-ruling': {
      const { evidenceRoot, workerNanos } = envelope.body.statement
      const signers = jointSigners(
        signatures,
        statementBytes('ruling', rulingHash(envelope.body.statement)),
        init.verify,
      )
      if (signers === undefined) return refused('ESCROW_COSIGNATURE_WRONG')
      return eventOf(contract, { ...evidence, type: 'ruled', evidenceRoot, workerNanos, signers })
    }
  }
}

/** Messages of one signer that name an amount. */
function readAmount(envelope: Authenticated['envelope'], { evidence, contract, init }: Context): EscrowReading {
  if ('currency' in envelope.body && !isCurrencyOf(init.terms, envelope.body.currency))
    return refused('ESCROW_CURRENCY_WRONG')
  switch (envelope.type) {
    case 'escrow-delivery': {
      const { result, manifest, meter, verdict, claimNanos } = envelope.body
      return eventOf(contract, { ...evidence, type: 'delivered', result, manifest, meter, verdict, claimNanos })
    }
    case 'escrow-accept':
      return eventOf(contract, { ...evidence, type: 'accepted', amountNanos: envelope.body.amountNanos })
    case 'escrow-reject': {
      const { reason, evidence: hash, concededNanos } = envelope.body
      return eventOf(contract, { ...evidence, type: 'rejected', reason, evidence: hash, concededNanos })
    }
    case 'escrow-dispute': {
      const { evidence: hash, claimNanos } = envelope.body
      return eventOf(contract, { ...evidence, type: 'disputed', evidence: hash, claimNanos })
    }
    case 'escrow-refund':
      return eventOf(contract, { ...evidence, type: 'refund-requested', amountNanos: envelope.body.amountNanos })
    default:
      return refused('ESCROW_TYPE_UNKNOWN')
  }
}

/** The proof names its contract itself; the envelope that brings it may name none. */
function readProof({ body }: EnvelopeOf<'equivocation-proof'>, evidence: Evidence, verify: VerifyBytes): EscrowReading {
  const proof = checkEquivocation(body, verify)
  if (proof.kind === 'refused') return refused('ESCROW_PROOF_WRONG')
  const { iss: culprit, seq: culpritSeq, contract, envelopes } = proof
  const [first, second] = envelopes
  return eventOf(contract, { ...evidence, type: 'equivocation-proved', culprit, culpritSeq, first, second })
}

/** Counts from its stamp on; the one who brings it need not be the revoker. */
function readRevocation(
  { body }: EnvelopeOf<'capability-revoke'>,
  { at }: Evidence,
  verify: VerifyBytes,
): EscrowReading {
  const judged = readCapabilityRevocation(body, { verify, at })
  if (judged.kind === 'refused') return refused(judged.code)
  const { cid, revoker, expiresAt } = judged
  return { kind: 'event', event: { type: 'capability-revoked', cid, revoker, expiresAt, at } }
}

function eventOf(contract: ContractId, message: EscrowMessageEvent, terms?: EscrowTerms): EscrowReading {
  return { kind: 'event', event: { type: 'message-received', contract, terms, message } }
}

function isCurrencyOf(terms: EscrowTerms | undefined, currency: Currency): boolean {
  return terms === undefined || terms.currency === currency
}

/** Who signed, in the order given; `undefined` when a signature is wrong or a signer stands twice. */
function jointSigners(signatures: Joint, bytes: Uint8Array, verify: VerifyBytes): readonly Did[] | undefined {
  const signers = signatures.map(({ iss }) => iss)
  if (new Set(signers).size !== signers.length) return undefined
  const areRight = signatures.every(({ iss, signature }) => {
    const publicKey = publicKeyOfDid(iss)
    if (publicKey === undefined) return false
    return verify({ publicKeyHex: hexOfBytes(publicKey), bytes, signature: base64url.baseDecode(signature) })
  })
  return areRight ? signers : undefined
}

function refused(code: EscrowMessageRefusalCode | CapabilityRefusal): EscrowReading {
  return { kind: 'refused', code }
}

/** Type and body of the message that carries a receipt. */
export function receiptMessage(receipt: EscrowReceipt): {
  readonly type: `escrow-${EscrowReceipt['kind']}-receipt`
  readonly body: {
    readonly at: EscrowReceipt['at']
    readonly request?: Hash
    readonly currency: Currency
    readonly capturedNanos: EscrowReceipt['capturedNanos']
    readonly feeNanos: EscrowReceipt['feeNanos']
    readonly refundedNanos: EscrowReceipt['refundedNanos']
    readonly subject?: Hash
  }
} {
  const { kind, at, envelope, currency, capturedNanos, feeNanos, refundedNanos, subject } = receipt
  return {
    type: `escrow-${kind}-receipt`,
    body: {
      at,
      ...(envelope !== undefined && { request: envelope }),
      currency,
      capturedNanos,
      feeNanos,
      refundedNanos,
      ...(subject !== undefined && { subject }),
    },
  }
}

/** Canonical text of terms: what the contract's id is the hash of. */
export function termsText(terms: EscrowTerms): string {
  return canonicalText(bodyOfTerms(terms))
}
