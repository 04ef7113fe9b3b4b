import { join } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import type { EnvelopeRefusal } from '../../../core/evidence/envelope-refusals.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { recordsOfSnapshot } from '../../../market/parties/journal/party-journal.ts'
import { decodePartyRecord, type KeptEnvelope } from '../../../market/parties/journal/party-record.ts'
import { PARTY_JOURNAL } from '../../../market/parties/role/start-party.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import { createNodeFileSystem } from '../../../storage/node-file-system.ts'
import { hasJournalFiles, readJournalFiles } from '../../../storage/read-journal-files.ts'
import { signatureRefusalOf, type VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { findRunningNode } from '../../running-node.ts'

/** Two different messages of one issuer at one place of a contract: both are signed, so they convict it. */
export type ChainFork = {
  readonly issuer: Did
  readonly contract: string
  readonly seq: number
  readonly messages: readonly [Hash, Hash]
}

/** What `kernell ledger verify` says of the directory of a buyer or seller, which keeps no books. */
export type PartyVerification = {
  readonly kind: 'party'
  /** Every record is right, and nobody contradicts itself. */
  readonly ok: boolean
  /** Records of the journal. */
  readonly entries: number
  /** Signed messages among them, of this party and of others. */
  readonly messages: number
  readonly signaturesChecked: number
  /** Contracts and auctions that there are messages about. */
  readonly contracts: number
  readonly firstBad: {
    readonly index: number
    readonly code: 'STORE_CORRUPTED' | 'PARTY_CHAIN_BROKEN' | EnvelopeRefusal
  } | null
  readonly equivocations: readonly ChainFork[]
}

type Place = { readonly hash: Hash; readonly prev: Hash | undefined }

/** Whether a data directory holds the journal of a party. */
export async function isPartyDirectory(path: string): Promise<boolean> {
  return await hasJournalFiles(createNodeFileSystem(), join(path, PARTY_JOURNAL))
}

/**
 * Checks what a party has said and heard from its journal alone: every record, the signature of every message, and the chain of each issuer in each contract. Files of
 * contracts are not looked at. A node may be running there; nothing is locked or changed. Rejects with the signal's reason, and what the file system throws.
 */
export async function verifyParty(path: string, { signal }: AbortOptions = {}): Promise<PartyVerification> {
  const audit = new PartyAudit(verifySignatureWith(createNodeVerifier()))
  const records = readJournalFiles(createNodeFileSystem(), {
    directory: join(path, PARTY_JOURNAL),
    isBeingWritten: findRunningNode(path) !== undefined,
    // What a snapshot stands for.
    beginning: async function* (snapshot) {
      yield* recordsOfSnapshot(snapshot)
    },
  })
  try {
    for await (const payload of records) {
      signal?.throwIfAborted()
      if (!audit.take(payload)) break
    }
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_CORRUPTED')) throw error
    audit.breakOff()
  }
  return audit.report()
}

class PartyAudit {
  private readonly verify: VerifyBytes
  /** By contract and issuer, then by the place in the chain. */
  private readonly chains = new Map<string, Map<number, Place>>()
  private readonly contracts = new Set<string>()
  private readonly forks: ChainFork[] = []
  private entries = 0
  private messages = 0
  private firstBad: PartyVerification['firstBad'] = null

  constructor(verify: VerifyBytes) {
    this.verify = verify
  }

  /** @returns Whether it is right. Throws `STORE_CORRUPTED` for bytes that are no record. */
  take(payload: Uint8Array): boolean {
    const record = decodePartyRecord(payload, this.entries)
    if (record.kind === 'said' || record.kind === 'heard') {
      const code = this.judge(record.kept)
      if (code !== undefined) {
        this.firstBad = { index: this.entries, code }
        return false
      }
    }
    this.entries += 1
    return true
  }

  breakOff(): void {
    this.firstBad = { index: this.entries, code: 'STORE_CORRUPTED' }
  }

  report(): PartyVerification {
    const { entries, messages, contracts, firstBad, forks } = this
    const ok = firstBad === null && forks.length === 0
    const counts = { entries, messages, signaturesChecked: messages, contracts: contracts.size }
    return { kind: 'party', ok, ...counts, firstBad, equivocations: forks }
  }

  private judge({ envelope }: KeptEnvelope): 'PARTY_CHAIN_BROKEN' | EnvelopeRefusal | undefined {
    const refusal = signatureRefusalOf(envelope, this.verify)
    if (refusal !== undefined) return refusal
    this.messages += 1
    const { iss, seq, prev, contract } = envelope.head
    if (contract === undefined) return undefined
    this.contracts.add(contract)
    const name = `${contract} ${iss}`
    const chain = this.chains.get(name) ?? new Map<number, Place>()
    this.chains.set(name, chain)
    const known = chain.get(seq)
    if (known !== undefined && known.hash !== envelope.hash)
      this.forks.push({ issuer: iss, contract, seq, messages: [known.hash, envelope.hash] })
    if (known !== undefined) return undefined
    chain.set(seq, { hash: envelope.hash, prev })
    const [before, after] = [chain.get(seq - 1), chain.get(seq + 1)]
    const isLinked =
      (before === undefined || before.hash === prev) && (after === undefined || after.prev === envelope.hash)
    return isLinked ? undefined : 'PARTY_CHAIN_BROKEN'
  }
}
