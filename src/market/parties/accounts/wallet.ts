import { CodedError } from '../../../base/errors.ts'
import { sha256HexOfBytes } from '../../../base/sha256.ts'
import type { DurationMs, Timestamp } from '../../../base/time.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import { encodeBase64 } from '../../../core/text/base64.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Random } from '../../../ports/random.ts'
import type { DeferredSigner } from '../../../ports/signer.ts'
import { encodeSignature, signerOfKey } from '../../../wire/v1/checkpoint.ts'
import { type Audience, validityMaxOf } from '../../../wire/v1/envelope-head.ts'
import { type Envelope, decodeEnvelope, prepareEnvelope } from '../../../wire/v1/envelope.ts'
import { statementBytes } from '../../../wire/v1/escrow-events.ts'
import { rotationBytes } from '../../../wire/v1/ledger-events.ts'
import type { MessageBody, MessageType } from '../../../wire/v1/message-types.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import type { PartyJournal } from '../journal/party-journal.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

export type WalletComponents = {
  readonly journal: PartyJournal
  /** Of the escrow key. Whose it is, is the party's name. */
  readonly signer: DeferredSigner
  /** Of keys in whose place that one is, the newest first: they sign what is said about contracts that name them. */
  readonly formerSigners?: readonly DeferredSigner[]
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
}

export type WalletInit = { readonly network: string }

export type SayInit<Type extends MessageType> = {
  /** What it is said for. The same act is the same message, whenever and however often it is asked for. 1 to 256 characters. */
  readonly act: string
  readonly type: Type
  readonly body: MessageBody<Type>
  readonly aud: Audience
  /** Contract or auction that it is about. */
  readonly subject?: ContractId | undefined
  /** Which key says it; absent: the one that the contract names, and outside of contracts the one that counts now. */
  readonly as?: Did | undefined
  /** Validity from now on; absent: the longest there is. */
  readonly validMs?: DurationMs
}

/** What several sign together. */
export type StatementInit = {
  readonly kind: Parameters<typeof statementBytes>[0]
  /** Where it stands, the contract first: nothing else is ever signed there. */
  readonly place: string
  readonly hash: Hash
  /** As in `SayInit`. */
  readonly as?: Did | undefined
}

/** Topic of the note on the last time that this party came back from a backup, under `mark`: `at` then, `since` when the backup was made. */
export const RESTORED = 'restored'
export type RestoredNote = { readonly at: number; readonly since: number; readonly isDone: boolean }

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()
const SALT_DOMAIN = 'kernell/market/task-salt/v1\0'
/** Topic of notes on joint statements, by `PLACE/KIND`. */
const STATEMENTS = 'statement'
/** Digits of a contract's name. */
const CONTRACT_LENGTH = 64

/**
 * Signs what one party says. A message gets its place behind the last one of its subject, is in the journal before anybody sees it, and is made once for each
 * act: after a crash the same act gives the same bytes, or, where nothing had been written, the only ones. So two different messages of one place never leave.
 */
export class Wallet {
  readonly did: Did
  private readonly components: WalletComponents
  private readonly network: string
  /** Keys that it signs with, the one that counts now first. */
  private readonly signers: ReadonlyMap<Did, DeferredSigner>
  /** The message that is on its way to the journal, by subject: the next one names it. */
  private readonly tails = new Map<string, Promise<unknown>>()
  private readonly saying = new Map<string, Promise<KeptEnvelope>>()
  private readonly stating = new Map<string, Promise<string>>()
  private gate: Promise<void> = Promise.resolve()

  constructor(components: WalletComponents, { network }: WalletInit) {
    this.components = components
    this.network = network
    const { signer, formerSigners = [] } = components
    this.did = signerOfKey(signer.publicKeyHex)
    this.signers = new Map([signer, ...formerSigners].map((one) => [signerOfKey(one.publicKeyHex), one]))
  }

  /** The keys that it signs with, the one that counts now first. */
  get keys(): readonly Did[] {
    return [...this.signers.keys()]
  }

  /** The key that signs about a contract: the one that the contract names where that is of this party, else the one that counts now. */
  keyFor(contract: string): Did {
    const note = this.components.journal.note(CONTRACTS, contract)
    const { terms, role } = (note ?? {}) as Partial<ContractNote>
    if (terms === undefined || role === undefined) return this.did
    // Canonical text of terms, written by this party.
    const named = (JSON.parse(terms) as Readonly<Record<'payer' | 'worker', Did>>)[role]
    return this.signers.has(named) ? named : this.did
  }

  /** Says and signs nothing before; what is asked for until then waits, and rejects as it does. */
  speakAfter(gate: Promise<void>): void {
    this.gate = gate
    gate.catch(() => undefined)
  }

  /** Resolves when it may speak. */
  get ready(): Promise<void> {
    return this.gate
  }

  /** 16 bytes, base64url, that nobody else can tell, and that are the same for the same text and key. */
  async saltOf(text: string, key: Did = this.did): Promise<string> {
    const secret = sha256HexOfBytes(await this.signed(key, ENCODER.encode(SALT_DOMAIN + text)))
    return nonceOf(Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(secret.slice(2 * at, 2 * at + 2), 16)))
  }

  /** What was said for an act; `undefined` when nothing was. */
  said(act: string): KeptEnvelope | undefined {
    return this.components.journal.said(act)
  }

  /**
   * The message of an act, durable. Throws what the journal throws, and `EVIDENCE_PLACE_TAKEN` for a subject that was forgotten.
   */
  async say<Type extends MessageType>(init: SayInit<Type>): Promise<KeptEnvelope> {
    await this.gate
    const known = this.said(init.act) ?? this.saying.get(init.act)
    if (known !== undefined) return await known
    const saying = this.write(init)
    this.saying.set(init.act, saying)
    try {
      return await saying
    } finally {
      this.saying.delete(init.act)
    }
  }

  /** The signature on a joint statement; the same place is signed again only for the same statement, else `EVIDENCE_PLACE_TAKEN`. */
  async sign({ kind, place, hash, as }: StatementInit): Promise<string> {
    const key = `${place}/${kind}`
    await this.gate
    await this.stating.get(key)
    const signing = this.writeStatement({ kind, place, hash, as })
    this.stating.set(
      key,
      signing.catch(() => ''),
    )
    try {
      return await signing
    } finally {
      this.stating.delete(key)
    }
  }

  /** Consent of one of its keys to take the place of another. */
  async signRotation({ from, key }: { readonly from: Did; readonly key: Did }): Promise<string> {
    return encodeSignature(await this.signed(key, rotationBytes({ from, key })))
  }

  /** What was signed at a place; `undefined` when nothing was. */
  signedAt(kind: StatementInit['kind'], place: string): string | undefined {
    const hash = this.components.journal.note(STATEMENTS, `${place}/${kind}`)
    return typeof hash === 'string' ? hash : undefined
  }

  private async writeStatement({ kind, place, hash, as }: StatementInit): Promise<string> {
    const { journal } = this.components
    const about = place.slice(0, CONTRACT_LENGTH)
    if (journal.isForgotten(about)) throw forgotten(about)
    const signer = as ?? this.keyFor(about)
    const known = this.signedAt(kind, place)
    if (known !== undefined && known !== hash)
      throw new CodedError('EVIDENCE_PLACE_TAKEN', { message: `${kind} ${place} was signed as ${known}` })
    if (known === undefined) await journal.keepNote(STATEMENTS, `${place}/${kind}`, hash)
    return encodeSignature(await this.signed(signer, statementBytes(kind, hash)))
  }

  private async write<Type extends MessageType>(init: SayInit<Type>): Promise<KeptEnvelope> {
    const subject = init.subject ?? init.type
    const before = this.tails.get(subject)
    const done = (async () => {
      await before
      return await this.writeNext(init, subject)
    })()
    const tail = done.catch(() => undefined)
    this.tails.set(subject, tail)
    try {
      return await done
    } finally {
      if (this.tails.get(subject) === tail) this.tails.delete(subject)
    }
  }

  private async writeNext<Type extends MessageType>(init: SayInit<Type>, subject: string): Promise<KeptEnvelope> {
    const { journal } = this.components
    if (journal.isForgotten(subject)) throw forgotten(subject)
    const iss = init.as ?? this.keyFor(subject)
    const prepared = this.prepare(init, { subject, iss })
    const bytes = prepared.finish(await this.signed(iss, prepared.signingBytes))
    const kept: KeptEnvelope = { envelope: decoded(bytes), bytes, act: init.act }
    await journal.append([{ kind: 'said', kept }])
    return kept
  }

  private async signed(key: Did, bytes: Uint8Array): Promise<Uint8Array> {
    const signer = this.signers.get(key)
    if (signer !== undefined) return await signer.sign(bytes)
    throw new CodedError('EVIDENCE_KEY_CHANGED', { message: `${key} is no key of this party` })
  }

  private prepare<Type extends MessageType>(
    { type, body, aud, subject: contract, validMs }: SayInit<Type>,
    { subject, iss }: { readonly subject: string; readonly iss: Did },
  ): ReturnType<typeof prepareEnvelope> {
    const { journal, clock, random } = this.components
    const last = journal.headOf(iss, subject)
    const iat = clock.now()
    return prepareEnvelope<Type>({
      type,
      body,
      net: this.network,
      contract,
      seq: last === undefined ? 0 : last.seq + 1 + this.gapAfter(last.hash),
      prev: last?.hash,
      iss,
      aud,
      iat,
      exp: (iat + (validMs ?? validityMaxOf(type))) as Timestamp,
      nonce: nonceOf(random.bytes(16)),
    })
  }

  /**
   * Places that are left out behind a message from before a restore: what was said there since, and did not count, nobody here knows any more. Fewer messages are said
   * than milliseconds pass.
   */
  private gapAfter(last: Hash): number {
    const { journal } = this.components
    const restoredAt = (journal.note(RESTORED, 'mark') as RestoredNote | undefined)?.at ?? 0
    return Math.max(0, restoredAt - (journal.envelope(last)?.envelope.head.iat ?? 0))
  }
}

/** 16 bytes as they stand in a head; also a contract's salt. */
export function nonceOf(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function forgotten(subject: string): CodedError {
  return new CodedError('EVIDENCE_PLACE_TAKEN', { message: `${subject} has ended and was forgotten` })
}

function decoded(bytes: Uint8Array): Envelope {
  const reading = decodeEnvelope(bytes)
  if (reading.kind === 'refused') throw new TypeError(`A message of its own is refused: ${reading.code}`)
  return reading.envelope
}
