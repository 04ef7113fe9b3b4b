import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Sha256Hex } from '../../../base/sha256.ts'
import type { DurationMs, Timestamp } from '../../../base/time.ts'
import type { GovernedBooksState } from '../../../core/books/governed-books.ts'
import type { EscrowRules } from '../../../core/escrow/escrow-rules.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { escrowRulesOf, hashOfParameters } from '../../../core/governance/parameter-set.ts'
import { hashOfWeights, type WeightSource } from '../../../core/governance/weight-table.ts'
import type { SetLineage } from '../../../core/notary/set-lineage.ts'
import type { JournalFinding } from '../../../core/transparency/journal-findings.ts'
import { timeRefusalOf, type VerifyBytes } from '../../../wire/v1/authenticate.ts'
import type { JournalPlace } from '../../ledger/journal-reader.ts'
import type { AuditedEnd, JournalAudit } from '../../ledger/read-copy.ts'
import { type BookedEvent, readSent, stampOfBooksEvent } from './booked-event.ts'
import type { BookedStep } from './journaled-books.ts'
import { LineageAudit } from './lineage-audit.ts'

/** Rules that contracts may pin, as a copy of the books has them. */
export type AuditedParameters = {
  readonly hash: Hash
  /** The first block in which they stand. */
  readonly slot: number
  /** `notary`: the notary set itself put them there, and no signature but that of a checkpoint answers for it. */
  readonly publishedBy: 'notary'
  /** Whose content this package knows: `default` or `trial`; `null` for others, of which the copy alone says what they are. */
  readonly name: string | null
}

export type AuditedWeights = {
  readonly hash: Hash
  readonly slot: number
  readonly publishedBy: 'notary'
  readonly source: WeightSource
  readonly voters: number
}

export type BooksReport = {
  readonly parameters: readonly AuditedParameters[]
  readonly parametersRetired: readonly Hash[]
  /** Tables of weights, in the order in which the notary set put them there. */
  readonly weights: readonly AuditedWeights[]
}

export type BooksAuditInit = {
  readonly verify: VerifyBytes
  readonly clockSkewMs: DurationMs
  /** Members of the set where they are known: a set of one leaves out no block. */
  readonly members: number | undefined
  /** The sets that may keep these books, where they are known. */
  readonly lineage?: SetLineage | undefined
  /** Rules whose hash is known to be theirs. */
  readonly parameters: readonly { readonly name: string; readonly hash: Hash; readonly rules: EscrowRules }[]
  readonly hash?: Sha256Hex | undefined
}

/** What of the books no replay shows: who signed the messages, whether they were valid under their stamps, and the order of the blocks. */
export class BooksAudit implements JournalAudit<GovernedBooksState, BookedEvent, BooksReport> {
  signatures = 0
  private readonly init: BooksAuditInit
  private readonly verify: VerifyBytes
  private readonly published = new Map<Hash, AuditedParameters>()
  private readonly retired: Hash[] = []
  private readonly tables: AuditedWeights[] = []
  private readonly lineage: LineageAudit | undefined
  private last: { readonly slot: number; readonly at: Timestamp } | undefined

  constructor(init: BooksAuditInit) {
    this.init = init
    this.lineage = init.lineage && new LineageAudit(init.lineage, init.hash)
    this.verify = (signed) => {
      const isRight = init.verify(signed)
      if (isRight) this.signatures += 1
      return isRight
    }
  }

  get report(): BooksReport {
    return { parameters: [...this.published.values()], parametersRetired: this.retired, weights: this.tables }
  }

  take(booked: BookedEvent, { index, state }: JournalPlace<GovernedBooksState>): JournalFinding | undefined {
    return (
      this.faultOfOrder(booked) ??
      this.lineage?.take(booked, { index, keeper: state.books.set.id }) ??
      (booked.sent === undefined ? this.faultOfOrdered(booked) : this.faultOfSent(booked))
    )
  }

  /** Takes the step that an entry came to. */
  follow(step: BookedStep): void {
    this.lineage?.follow(step)
  }

  end({ isCovered, state }: { readonly isCovered: boolean; readonly state: GovernedBooksState }): AuditedEnd {
    const { lineage } = this
    if (lineage === undefined) return {}
    const isBehind = lineage.isBehindOf(state.books.set.id)
    return {
      finding: lineage.end({ isCovered }),
      gaps: isBehind ? ['JOURNAL_BEFORE_CHANGE'] : [],
      until: lineage.untilOf(state.books.set.id),
    }
  }

  /** Entries of a block share its stamp. A notary alone counts only blocks with entries; among several, messages that change nothing make a block too. */
  private faultOfOrder({ slot, event }: BookedEvent): JournalFinding | undefined {
    const { last } = this
    const at = stampOfBooksEvent(event)
    this.last = { slot, at }
    if (last === undefined) return undefined
    const isSame = slot === last.slot && at === last.at
    const isNext = this.init.members === 1 ? slot === last.slot + 1 : slot > last.slot
    return isSame || isNext ? undefined : 'JOURNAL_SLOT_WRONG'
  }

  private faultOfSent({ sent, event }: BookedEvent): JournalFinding | undefined {
    if (sent === undefined) return undefined
    const { clockSkewMs, hash } = this.init
    const at = stampOfBooksEvent(event)
    const { envelope } = sent
    if (timeRefusalOf(envelope.head, { now: at, clockSkewMs }) !== undefined) return 'JOURNAL_ENVELOPE_TIME_WRONG'
    const reading = readSent(envelope, { at, verify: this.verify, hash })
    return reading.kind === 'refused' ? 'JOURNAL_ENVELOPE_SIGNATURE_WRONG' : undefined
  }

  private faultOfOrdered({ event, slot }: BookedEvent): JournalFinding | undefined {
    if (event.type === 'parameters-retired') this.retired.push(event.hash)
    if (event.type === 'governance-event-received' && event.event.type === 'weights-published') {
      const { table } = event.event
      const { source, rows } = table
      this.tables.push({ hash: hashOfWeights(table), slot, publishedBy: 'notary', source, voters: rows.length })
    }
    const published = publishedBy(event)
    if (published === undefined) return undefined
    const { hash } = published
    const known = this.init.parameters.find((each) => each.hash === hash)
    if (known !== undefined && canonicalJson(known.rules) !== canonicalJson(published.rules))
      return 'JOURNAL_PARAMETERS_WRONG'
    if (!this.published.has(hash))
      this.published.set(hash, { hash, slot, publishedBy: 'notary', name: known?.name ?? null })
    return undefined
  }
}

/** Rules that the notary set published, or founded its governance on. */
function publishedBy(event: BookedEvent['event']): { readonly hash: Hash; readonly rules: EscrowRules } | undefined {
  if (event.type === 'parameters-published') return event
  if (event.type !== 'governance-founded') return undefined
  const { parameters } = event
  return { hash: hashOfParameters(parameters), rules: escrowRulesOf(parameters) }
}
