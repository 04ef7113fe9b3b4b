import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { OwnerView } from '../../core/ledger/view-owner.ts'
import { blockOfCertificate, type Certificate, refuseCertificate } from '../../core/notary/certificate.ts'
import { honestShareOf, type NotarySet } from '../../core/notary/notary-set.ts'
import type { FormerSet } from '../../core/notary/set-lineage.ts'
import type { VerifyStatement } from '../../core/notary/statement.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type {
  AccountsPage,
  AccountsQuery,
  CurrenciesPage,
  CurrenciesQuery,
  TransfersPage,
  TransfersQuery,
  ContractEvidence,
  CheckpointOptions,
  ContractView,
  EntryProof,
  EvidenceOptions,
  FollowOptions,
  GovernanceView,
  BeginningProof,
  GrowthProof,
  JournalCheckpoint,
  JournalSizes,
  LogCheckpoint,
  NotaryAnswer,
  NotaryClient,
} from '../../ports/notary-client.ts'
import type { Transport } from '../../ports/transport.ts'
import { decodeEnvelope } from '../../wire/v1/envelope.ts'
import { decodeBytes, decodeSubmitAnswer, readEvidenceAnswer } from '../../wire/v1/notary-questions.ts'
import { type JournalProof, readJournalBeginning } from '../../wire/v1/journal-proofs.ts'
import { formatReceipt, readReceipt, refuseReceipt } from '../../wire/v1/notary-receipt.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { areSetsNamed } from '../governance/view-governance.ts'
import { isConsistencyProven } from '../ledger/journal-proofs.ts'
import { RecentTexts } from './recent-texts.ts'
import { readProof, unreachable, wrong } from './remote-answers.ts'
import { type Asked, SetQuestions } from './set-questions.ts'

export type RemoteNotaryComponents = {
  readonly transport: Transport
  readonly verify: VerifyStatement
  /** Told of certificates that hold: of one slot there is one block, whoever says it. */
  readonly onCertificate?: ((certificate: Certificate) => void) | undefined
}

export type RemoteNotaryInit = {
  readonly set: NotarySet
  readonly before?: readonly FormerSet[]
  /** Where members are reached from here, where that is another place than the set names. */
  readonly addresses?: ReadonlyMap<Did, string>
  /** Longest wait for one member, milliseconds. */
  readonly timeoutMs: number
}

/** Receipts that are remembered, of about a kilobyte each. */
const VERIFIED_MAX = 1_024

/**
 * A notary set elsewhere. It believes certificates, and what `f + 1` members say alike, and no single member of a set of several. A member that does not answer, or
 * whose answer its signatures do not bear out, is passed over for another.
 */
export class RemoteNotary implements NotaryClient {
  readonly set: NotarySet
  readonly before: readonly FormerSet[]
  private readonly components: RemoteNotaryComponents
  private readonly questions: SetQuestions
  /** Receipts of evidence that were found right: whoever follows a contract gets them again with every step. */
  private readonly verified = new RecentTexts(VERIFIED_MAX)

  /** Makes the members known to the transport by their addresses. Throws `NETWORK_ADDRESS_INVALID`. */
  constructor(components: RemoteNotaryComponents, init: RemoteNotaryInit) {
    this.set = init.set
    this.before = init.before ?? []
    this.components = components
    this.questions = new SetQuestions(components.transport, init)
    for (const { key, address } of init.set.members)
      if (key !== components.transport.did) components.transport.addPeer(key, init.addresses?.get(key) ?? address)
  }

  async submit(envelope: Uint8Array, { signal }: AbortOptions = {}): Promise<NotaryAnswer> {
    const decoded = decodeEnvelope(envelope)
    const message: Hash | undefined = decoded.kind === 'decoded' ? decoded.envelope.hash : undefined
    const statements = new Map<string, { answer: NotaryAnswer; signatures: { member: number; signature: string }[] }>()
    const causes: unknown[] = []
    for (const member of this.questions.membersInTurn()) {
      const answer = await this.questions
        .submit(member, envelope, signal)
        .then(decodeSubmitAnswer)
        .catch((cause: unknown) => {
          signal?.throwIfAborted()
          causes.push(cause)
          return null
        })
      if (answer === null) continue
      const read = answer && readReceipt(answer.receipt)
      if (answer === undefined || read === undefined) {
        causes.push(wrong(member, 'no receipt'))
        continue
      }
      const { receipt } = read
      // A statement of one member is looked at as if one were enough, and counted below.
      const judge = receipt.kind === 'statement' ? { ...this.set, f: 0 } : this.set
      const refusal = refuseReceipt(judge, { message, receipt }, this.components.verify)
      if (refusal !== undefined) {
        causes.push(wrong(member, refusal))
        continue
      }
      this.questions.first = member
      if (receipt.kind === 'transition') {
        this.components.onCertificate?.(receipt.certificate)
        return answer
      }
      const key = canonicalJson(receipt.statement)
      const said = statements.get(key) ?? { answer, signatures: [] }
      statements.set(key, said)
      // Of each member only its own word counts.
      const own = receipt.signatures.find((signature) => signature.member === member)
      if (own !== undefined) said.signatures.push(own)
      if (said.signatures.length < honestShareOf(this.set)) continue
      const { statement } = receipt
      const joined = said.signatures.toSorted((one, other) => one.member - other.member)
      return {
        ...answer,
        receipt: utf8Bytes(formatReceipt(this.set.id, { kind: 'statement', statement, signatures: joined })),
      }
    }
    throw unreachable(this.set, causes)
  }

  async contract(contract: ContractId, options: FollowOptions = {}): Promise<ContractView | undefined> {
    const { afterSeq, waitMs, signal } = options
    const hasSeq = afterSeq !== undefined && afterSeq >= 0
    const question = {
      about: 'contract' as const,
      contract,
      ...(hasSeq && { afterSeq }),
      ...(waitMs !== undefined && { waitMs }),
    }
    const isRight = (value: unknown): boolean => {
      if (value === null) return true
      const { certificate } = value as ContractView
      return (
        certificate !== null &&
        certificate.contract === contract &&
        refuseCertificate(this.set, certificate, this.components.verify) === undefined
      )
    }
    const view = (await this.questions.alike(question, { isRight, signal })) as ContractView | null
    if (view !== null && view.certificate !== null) this.components.onCertificate?.(view.certificate)
    return view ?? undefined
  }

  async evidence(contract: ContractId, { judge, signal }: EvidenceOptions = {}): Promise<readonly ContractEvidence[]> {
    const read = (value: unknown): readonly ContractEvidence[] => {
      const evidence = this.readEvidence(value)
      judge?.(evidence)
      return evidence
    }
    return await this.questions.any({ about: 'evidence', contract }, { read, signal })
  }

  async accounts(query: AccountsQuery = {}, { signal }: AbortOptions = {}): Promise<AccountsPage> {
    return (await this.questions.alike({ about: 'accounts', ...query }, { signal })) as AccountsPage
  }

  async currencies(query: CurrenciesQuery = {}, { signal }: AbortOptions = {}): Promise<CurrenciesPage> {
    return (await this.questions.alike({ about: 'currencies', ...query }, { signal })) as CurrenciesPage
  }

  async transfers(query: TransfersQuery = {}, { signal }: AbortOptions = {}): Promise<TransfersPage> {
    return (await this.questions.alike({ about: 'transfers', ...query }, { signal })) as TransfersPage
  }

  async owner(owner: Did, { signal }: AbortOptions = {}): Promise<OwnerView> {
    return (await this.questions.alike({ about: 'owner', owner }, { signal })) as OwnerView
  }

  async governance({ signal }: AbortOptions = {}): Promise<GovernanceView | undefined> {
    const view = (await this.questions.alike({ about: 'governance' }, { signal })) as GovernanceView | null
    if (view === null || areSetsNamed(view)) return view ?? undefined
    throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'A parameter set does not have its hash' })
  }

  async prove(index: number, { signal }: AbortOptions = {}): Promise<EntryProof> {
    return await this.askProof({ about: 'prove', index }, signal, (proof) =>
      proof.kind === 'inclusion' && proof.proof.index === index ? proof.proof : undefined,
    )
  }

  async proveGrowth(from: number, { signal }: AbortOptions = {}): Promise<GrowthProof> {
    return await this.askProof({ about: 'growth', from }, signal, (proof) =>
      proof.kind === 'consistency' && proof.proof.from === from ? proof.proof : undefined,
    )
  }

  /** What one member says: its path of hashes is looked at, and its roots are for the asker to compare. */
  async proveBeginning({ from, to }: JournalSizes, { signal }: AbortOptions = {}): Promise<BeginningProof> {
    const read = (value: unknown): BeginningProof => {
      const proof = readJournalBeginning(value)
      if (proof?.from === from && proof.to === to && isConsistencyProven(proof)) return proof
      throw new CodedError('NOTARY_ANSWER_WRONG', { message: `A beginning of ${from} in ${to} entries is not shown` })
    }
    return await this.questions.any({ about: 'growth', from, to }, { read, signal })
  }

  async checkpoint({ signal }: CheckpointOptions = {}): Promise<JournalCheckpoint> {
    return await this.askProof({ about: 'checkpoint' }, signal, (proof) =>
      proof.kind === 'checkpoint' ? proof.proof : undefined,
    )
  }

  /** What one member has signed is believed as far as its signature and the path of hashes go. */
  private async askProof<Proof>(
    question: Asked,
    signal: AbortSignal | undefined,
    choose: (proof: JournalProof) => Proof | undefined,
  ): Promise<Proof> {
    const read = (value: unknown): Proof => {
      const proof = choose(readProof(value, { lineage: this, verify: this.components.verify }))
      if (proof !== undefined) return proof
      throw new CodedError('NOTARY_ANSWER_WRONG', { message: `The proof for ${question.about} is of something else` })
    }
    return await this.questions.any(question, { read, signal })
  }

  async firstSince(at: Timestamp, { signal }: AbortOptions = {}): Promise<LogCheckpoint | undefined> {
    const isRight = (value: unknown): boolean => {
      if (value === null) return true
      const found = value as LogCheckpoint
      const { certificate, slot, block } = found
      return (
        certificate.slot === slot &&
        certificate.at === found.at &&
        found.at >= at &&
        blockOfCertificate(certificate) === block &&
        refuseCertificate(this.set, certificate, this.components.verify) === undefined
      )
    }
    const question = { about: 'first-since', at } as const
    return ((await this.questions.alike(question, { isRight, signal })) as LogCheckpoint | null) ?? undefined
  }

  /** Throws `NOTARY_ANSWER_WRONG` for anything but pieces of evidence whose receipts hold. */
  private readEvidence(value: unknown): readonly ContractEvidence[] {
    const items = readEvidenceAnswer(value)
    if (items === undefined) throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'Not the evidence of a contract' })
    return items.map(({ envelope, receipt }) => {
      const bytes = decodeBytes(receipt)
      const sent = envelope === undefined ? undefined : decodeBytes(envelope)
      if (bytes === undefined || (envelope !== undefined && sent === undefined))
        throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'Not the bytes of a piece of evidence' })
      const piece = { envelope: sent, receipt: bytes }
      if (this.verified.has(receipt)) return piece
      const read = readReceipt(bytes)
      const isRight =
        read !== undefined &&
        refuseReceipt(this.set, { message: undefined, receipt: read.receipt }, this.components.verify) === undefined
      if (!isRight) throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'A receipt of the evidence does not hold' })
      this.verified.add(receipt)
      return piece
    })
  }
}
