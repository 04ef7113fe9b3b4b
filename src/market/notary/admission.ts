import { type Sha256Hex, sha256HexOfBytes } from '../../base/sha256.ts'
import type { DurationMs } from '../../base/time.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NotaryAnswer } from '../../ports/notary-client.ts'
import type { BatchVerifier, SignedBytes } from '../../ports/verifier.ts'
import { type Authenticated, authenticate, type VerifyBytes } from '../../wire/v1/authenticate.ts'
import type { Audience } from '../../wire/v1/envelope-head.ts'
import { decodeEnvelope, type Envelope } from '../../wire/v1/envelope.ts'
import { bytesOfHex } from '../../base/hex.ts'
import { readMessage, type SentEnvelope } from './books/booked-event.ts'

/** Who waits for what becomes of an envelope. */
export type Waiter = { readonly resolve: (answer: NotaryAnswer) => void; readonly reject: (cause: unknown) => void }

export type Admitted = {
  readonly kind: 'admitted'
  readonly sent: SentEnvelope
  readonly authenticated: Authenticated
  readonly waiter: Waiter
}
export type Dismissed = {
  readonly kind: 'dismissed'
  readonly message: Hash
  readonly code: string
  readonly waiter: Waiter
}

export type AdmissionComponents = {
  readonly verifier: BatchVerifier
  readonly clock: Clock
  readonly hash: Sha256Hex
  /** The names that this notary answers to. */
  readonly audience: readonly Audience[]
  readonly network: string
  readonly clockSkewMs: DurationMs
  /** In the order in which they came. */
  readonly onAdmitted: (batch: readonly (Admitted | Dismissed)[]) => void
}

/** Envelopes that are read in one turn: about 8 ms. */
const BATCH_MAX = 128
/** Batches whose signatures are being verified, so that the threads have work while the next one is read. */
const UNDER_WAY_MAX = 4

type Waiting = {
  readonly bytes: Uint8Array
  readonly waiter: Waiter
  readonly isTimeless: ((message: Hash) => boolean) | undefined
}

type Read = {
  readonly outcome: Admitted | Dismissed
  /** Of the envelope first, then those within its body. */
  readonly signatures: readonly SignedBytes[]
}

/**
 * The first step of the notary: bytes become authenticated envelopes. Everything that needs no key is checked here and now, and all signatures of a batch, those
 * within bodies too, are verified together, off the event loop where the verifier does so.
 */
export class Admission {
  private readonly components: AdmissionComponents
  private readonly queue: Waiting[] = []
  private underWay = 0
  /** Keeps the order of batches whose verdicts come in another one. */
  private tail: Promise<void> = Promise.resolve()

  constructor(components: AdmissionComponents) {
    this.components = components
  }

  /** `isTimeless`: of which messages something else says whether they came in time; absent: of none. */
  push(bytes: Uint8Array, waiter: Waiter, isTimeless?: (message: Hash) => boolean): void {
    this.queue.push({ bytes, waiter, isTimeless })
    // What comes in the same turn is read together.
    if (this.queue.length === 1) queueMicrotask(() => this.work())
    else if (this.queue.length === BATCH_MAX) this.work()
  }

  /** A batch that is not full goes when no other is under way: under load they are full by then, and without it nobody waits. */
  private work(): void {
    while (this.underWay < UNDER_WAY_MAX && this.queue.length > 0) {
      if (this.underWay > 0 && this.queue.length < BATCH_MAX) return
      const read = this.queue.splice(0, BATCH_MAX).map((waiting) => this.read(waiting))
      this.underWay += 1
      const verdicts = this.components.verifier.verifyBatch(read.flatMap(({ signatures }) => signatures))
      // Rejections are taken up in turn below.
      verdicts.catch(() => {})
      this.tail = this.tail.then(async () => await this.finish(read, verdicts))
    }
  }

  private async finish(read: readonly Read[], verdicts: Promise<readonly boolean[]>): Promise<void> {
    try {
      const all = await verdicts
      let position = 0
      const judged = read.map(({ outcome, signatures }) => {
        const own = all.slice(position, position + signatures.length)
        position += signatures.length
        return outcome.kind === 'admitted' ? judge(outcome, own) : outcome
      })
      this.components.onAdmitted(judged)
    } catch (cause: unknown) {
      // What was not judged is not accepted; whoever sent it sends it again.
      for (const { outcome } of read) outcome.waiter.reject(cause)
    } finally {
      this.underWay -= 1
      this.work()
    }
  }

  private read({ bytes, waiter, isTimeless }: Waiting): Read {
    const { hash, clock, audience, network, clockSkewMs } = this.components
    const decoded = decodeEnvelope(bytes, { hash })
    if (decoded.kind === 'refused') {
      const message = hashOfBytes(bytes)
      return { outcome: { kind: 'dismissed', message, code: decoded.code, waiter }, signatures: [] }
    }
    const { envelope, text } = decoded
    const signatures: SignedBytes[] = []
    const verify: VerifyBytes = ({ publicKeyHex, bytes: signed, signature }) => {
      signatures.push({ publicKey: bytesOfHex(publicKeyHex), bytes: signed, signature })
      return true
    }
    const now = isTimeless?.(envelope.hash) === true ? envelope.head.iat : clock.now()
    const init = { verify, now, clockSkewMs, audience, network }
    const authenticated = authenticate(envelope, init)
    if (authenticated.kind === 'refused') {
      return { outcome: dismissed(envelope, authenticated.code, waiter), signatures: [] }
    }
    if (isJoint(envelope)) {
      const reading = readMessage(authenticated, { verify, terms: undefined })
      if (reading.kind === 'refused') return { outcome: dismissed(envelope, reading.code, waiter), signatures: [] }
    }
    return { outcome: { kind: 'admitted', sent: { envelope, text }, authenticated, waiter }, signatures }
  }
}

function judge(admitted: Admitted, verdicts: readonly boolean[]): Admitted | Dismissed {
  if (verdicts.every(Boolean)) return admitted
  const { waiter, sent, authenticated } = admitted
  if (verdicts[0] !== true) return dismissed(sent.envelope, 'ENVELOPE_SIGNATURE_WRONG', waiter)
  // Which of the inner ones is wrong, and what that means, the reader of the message says.
  let position = 0
  const verify: VerifyBytes = () => {
    position += 1
    return verdicts[position] === true
  }
  const reading = readMessage(authenticated, { verify, terms: undefined })
  return dismissed(sent.envelope, reading.kind === 'refused' ? reading.code : 'ENVELOPE_SIGNATURE_WRONG', waiter)
}

function dismissed(envelope: Envelope, code: string, waiter: Waiter): Dismissed {
  return { kind: 'dismissed', message: envelope.hash, code, waiter }
}

/** Messages with signatures in their bodies. */
function isJoint({ type }: Envelope): boolean {
  return (
    type === 'capability-revoke' ||
    type === 'escrow-contract' ||
    type === 'escrow-voucher' ||
    type === 'escrow-cancel' ||
    type === 'escrow-ruling' ||
    type === 'equivocation-proof' ||
    type === 'ledger-key-rotate'
  )
}

/** What is no envelope is named by all of its bytes. */
function hashOfBytes(bytes: Uint8Array): Hash {
  return sha256HexOfBytes(bytes) as Hash
}
