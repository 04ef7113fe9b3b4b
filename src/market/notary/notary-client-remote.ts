import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { OwnerView } from '../../core/ledger/view-owner.ts'
import { blockOfCertificate, refuseCertificate } from '../../core/notary/certificate.ts'
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
  FollowOptions,
  GovernanceView,
  GrowthProof,
  JournalCheckpoint,
  LogCheckpoint,
  NotaryAnswer,
  NotaryClient,
} from '../../ports/notary-client.ts'
import type { Transport } from '../../ports/transport.ts'
import { decodeEnvelope } from '../../wire/v1/envelope.ts'
import {
  decodeBytes,
  decodePart,
  decodeSubmitAnswer,
  encodeQuestion,
  NOTARY_PROTOCOL,
  type NotaryQuestion,
} from '../../wire/v1/notary-questions.ts'
import type { JournalProof } from '../../wire/v1/journal-proofs.ts'
import { formatReceipt, readReceipt, refuseReceipt } from '../../wire/v1/notary-receipt.ts'
import { hashOfText } from '../../wire/v1/signing-bytes.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { areSetsNamed } from '../governance/view-governance.ts'
import { RecentTexts } from './recent-texts.ts'
import { readProof, unreachable, withoutCertificate, wrong } from './remote-answers.ts'

export type RemoteNotaryComponents = {
  readonly transport: Transport
  readonly verify: VerifyStatement
}

export type RemoteNotaryInit = {
  readonly set: NotarySet
  readonly before?: readonly FormerSet[]
  /** Longest wait for one member, milliseconds. */
  readonly timeoutMs: number
}

/** Parts of one answer at most: 256 MiB of text. */
const PARTS_MAX = 1_024
/** Receipts that are remembered, of about a kilobyte each. */
const VERIFIED_MAX = 1_024
/** Times that members are compared whose answers differ because the books move meanwhile. */
const ROUNDS_MAX = 3

/**
 * A notary set elsewhere. It believes certificates, and what `f + 1` members say alike, and no single member of a set of several. A member that does not answer, or
 * whose answer its signatures do not bear out, is passed over for another.
 */
export class RemoteNotary implements NotaryClient {
  readonly set: NotarySet
  readonly before: readonly FormerSet[]
  private readonly components: RemoteNotaryComponents
  private readonly init: RemoteNotaryInit
  /** Receipts of evidence that were found right: whoever follows a contract gets them again with every step. */
  private readonly verified = new RecentTexts(VERIFIED_MAX)
  /** Who is asked first: whoever answered last. */
  private first = 0

  /** Makes the members known to the transport by their addresses. Throws `NETWORK_ADDRESS_INVALID`. */
  constructor(components: RemoteNotaryComponents, init: RemoteNotaryInit) {
    this.set = init.set
    this.before = init.before ?? []
    this.components = components
    this.init = init
    for (const { key, address } of init.set.members)
      if (key !== components.transport.did) components.transport.addPeer(key, address)
  }

  async submit(envelope: Uint8Array, { signal }: AbortOptions = {}): Promise<NotaryAnswer> {
    const decoded = decodeEnvelope(envelope)
    const message: Hash | undefined = decoded.kind === 'decoded' ? decoded.envelope.hash : undefined
    const statements = new Map<string, { answer: NotaryAnswer; signatures: { member: number; signature: string }[] }>()
    const causes: unknown[] = []
    for (const member of this.membersInTurn()) {
      const answer = await this.askMember(member, envelope, signal)
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
      this.first = member
      if (receipt.kind === 'transition') return answer
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
    const view = (await this.agree(question, signal)) as ContractView | null
    if (view === null) return undefined
    const { certificate } = view
    const isCertified =
      certificate !== null &&
      certificate.contract === contract &&
      refuseCertificate(this.set, certificate, this.components.verify) === undefined
    if (!isCertified)
      throw new CodedError('NOTARY_ANSWER_WRONG', { message: `${contract}: its certificate does not hold` })
    return view
  }

  async evidence(contract: ContractId, { signal }: AbortOptions = {}): Promise<readonly ContractEvidence[]> {
    const items = (await this.askAny({ about: 'evidence', contract }, signal)) as readonly {
      envelope?: string
      receipt: string
    }[]
    return items.map(({ envelope, receipt }) => {
      const bytes = decodeBytes(receipt)
      const piece = { envelope: envelope === undefined ? undefined : decodeBytes(envelope), receipt: bytes }
      if (this.verified.has(receipt)) return piece
      const read = readReceipt(bytes)
      const isRight =
        read !== undefined &&
        refuseReceipt(this.set, { message: undefined, receipt: read.receipt }, this.components.verify) === undefined
      if (!isRight) throw new CodedError('NOTARY_ANSWER_WRONG', { message: `${contract}: a receipt does not hold` })
      this.verified.add(receipt)
      return piece
    })
  }

  async accounts(query: AccountsQuery = {}, { signal }: AbortOptions = {}): Promise<AccountsPage> {
    return (await this.agree({ about: 'accounts', ...query }, signal)) as AccountsPage
  }

  async currencies(query: CurrenciesQuery = {}, { signal }: AbortOptions = {}): Promise<CurrenciesPage> {
    return (await this.agree({ about: 'currencies', ...query }, signal)) as CurrenciesPage
  }

  async transfers(query: TransfersQuery = {}, { signal }: AbortOptions = {}): Promise<TransfersPage> {
    return (await this.agree({ about: 'transfers', ...query }, signal)) as TransfersPage
  }

  async owner(owner: Did, { signal }: AbortOptions = {}): Promise<OwnerView> {
    return (await this.agree({ about: 'owner', owner }, signal)) as OwnerView
  }

  async governance({ signal }: AbortOptions = {}): Promise<GovernanceView | undefined> {
    const view = (await this.agree({ about: 'governance' }, signal)) as GovernanceView | null
    if (view === null || areSetsNamed(view)) return view ?? undefined
    throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'A parameter set does not have its hash' })
  }

  async prove(index: number, { signal }: AbortOptions = {}): Promise<EntryProof> {
    const proof = await this.askProof({ about: 'prove', index }, signal)
    if (proof.kind === 'inclusion' && proof.proof.index === index) return proof.proof
    throw new CodedError('NOTARY_ANSWER_WRONG', { message: `Entry ${index}: the proof is of something else` })
  }

  async proveGrowth(from: number, { signal }: AbortOptions = {}): Promise<GrowthProof> {
    const proof = await this.askProof({ about: 'growth', from }, signal)
    if (proof.kind === 'consistency' && proof.proof.from === from) return proof.proof
    throw new CodedError('NOTARY_ANSWER_WRONG', { message: `From entry ${from}: the proof is of something else` })
  }

  async checkpoint({ signal }: CheckpointOptions = {}): Promise<JournalCheckpoint> {
    const proof = await this.askProof({ about: 'checkpoint' }, signal)
    if (proof.kind === 'checkpoint') return proof.proof
    throw new CodedError('NOTARY_ANSWER_WRONG', { message: 'Not a checkpoint' })
  }

  /** What one member has signed is believed as far as its signature and the path of hashes go. */
  private async askProof(question: Asked, signal: AbortSignal | undefined): Promise<JournalProof> {
    return readProof(await this.askAny(question, signal), { lineage: this, verify: this.components.verify })
  }

  async firstSince(at: Timestamp, { signal }: AbortOptions = {}): Promise<LogCheckpoint | undefined> {
    const found = (await this.agree({ about: 'first-since', at }, signal)) as LogCheckpoint | null
    if (found === null) return undefined
    const { certificate, slot, block } = found
    const isCertified =
      certificate.slot === slot &&
      certificate.at === found.at &&
      found.at >= at &&
      blockOfCertificate(certificate) === block &&
      refuseCertificate(this.set, certificate, this.components.verify) === undefined
    if (!isCertified) throw new CodedError('NOTARY_ANSWER_WRONG', { message: `${slot}: its certificate does not hold` })
    return found
  }

  /** What `f + 1` members say alike, signatures apart, of which every quorum has its own. */
  private async agree(question: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    const needed = honestShareOf(this.set)
    if (needed === 1) return await this.askAny(question, signal)
    const causes: unknown[] = []
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const answers = await Promise.allSettled(
        this.membersInTurn().map(async (member) => await this.askAll(member, question, signal)),
      )
      signal?.throwIfAborted()
      const said = new Map<string, { count: number; value: unknown }>()
      for (const answer of answers) {
        if (answer.status === 'rejected') {
          causes.push(answer.reason)
          continue
        }
        const key = withoutCertificate(answer.value)
        const group = said.get(key) ?? { count: 0, value: answer.value }
        group.count += 1
        said.set(key, group)
        if (group.count >= needed) return group.value
      }
    }
    throw unreachable(this.set, causes)
  }

  private async askAny(question: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    const causes: unknown[] = []
    for (const member of this.membersInTurn()) {
      try {
        const value = await this.askAll(member, question, signal)
        this.first = member
        return value
      } catch (cause: unknown) {
        signal?.throwIfAborted()
        if (CodedError.is(cause, 'LEDGER_ENTRY_UNKNOWN') || CodedError.is(cause, 'LEDGER_ENTRY_PRUNED')) throw cause
        causes.push(cause)
      }
    }
    throw unreachable(this.set, causes)
  }

  private async askAll(member: number, question: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    let text = ''
    let whole: string | undefined
    for (let part = 0, parts = 1; part < parts; part += 1) {
      const body = encodeQuestion({ ...question, part })
      const answer = decodePart(await this.askMember(member, body, signal))
      if (answer === undefined || answer.parts > PARTS_MAX || (whole !== undefined && answer.hash !== whole))
        throw wrong(member, 'parts that do not belong together')
      ;({ parts } = answer)
      whole = answer.hash
      text += answer.text
    }
    if (hashOfText(text) !== whole) throw wrong(member, 'a hash of something else')
    return (JSON.parse(text) as { readonly answer: unknown }).answer
  }

  private async askMember(member: number, body: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const key = this.set.members[member]?.key
    if (key === undefined) throw wrong(member, 'not of the set')
    const { timeoutMs } = this.init
    return await this.components.transport.request(key, { protocol: NOTARY_PROTOCOL, body, timeoutMs }, { signal })
  }

  private membersInTurn(): readonly number[] {
    const { length } = this.set.members
    return Array.from({ length }, (_, index) => (this.first + index) % length)
  }
}

type WithoutPart<Question> = Question extends NotaryQuestion ? Omit<Question, 'part'> : never
type Asked = WithoutPart<NotaryQuestion>
