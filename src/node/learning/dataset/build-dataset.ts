import { hash } from 'node:crypto'
import { CodedError } from '../../../base/errors.ts'
import { promptFeatureSet } from '../../../core/policy/prompt-feature-set.ts'
import { DataCardCounter, type DataCard, type DatasetMode } from '../../../learning/dataset/data-card.ts'
import { formatDatasetRow } from '../../../learning/dataset/dataset-row.ts'
import type { DatasetRow } from '../../../learning/dataset/label-row.ts'
import type { CheckedRow } from '../../../learning/dataset/leakage/checked-row.ts'
import { contractColumns } from '../../../learning/dataset/leakage/contract-columns.ts'
import { LeakageCheck, requireNoLeak } from '../../../learning/dataset/leakage/leakage-check.ts'
import { decodeFeatures } from '../../../learning/dataset/logged-task-of.ts'
import { recordIdentity, recordRank } from '../../../learning/dataset/record-identity.ts'
import { labelCompatibly, type Labelled } from '../../../learning/labels/compatibility-label.ts'
import { labelTask } from '../../../learning/labels/label-task.ts'
import type { TelemetryEvent } from '../../../wire/telemetry-event.ts'
import { readPackageVersion } from '../../package-version.ts'
import { cardPathOf } from './card-path.ts'
import { countBytes, type DataWorkOptions } from '../data-progress.ts'
import { DraftFile } from './draft-file.ts'
import { DuplicateFinder, type Duplicates } from './duplicate-finder.ts'
import type { EventSource, ReadEvent } from './event-source.ts'

export type BuildDatasetInit = {
  readonly source: EventSource
  /** Absolute path; `.gz` is packed. What is there is replaced. */
  readonly output: string
  readonly mode: DatasetMode
  /** Told of what was written before it can be seen; what it throws keeps it from appearing. */
  readonly onWritten?: (written: WrittenRows) => Promise<void>
  /** Records whose identities are kept in memory; for tests of what goes to disk. */
  readonly identitiesMax?: number
}

/** What went into a dataset, for whoever has to know of it when records are deleted. */
export type WrittenRows = {
  readonly rows: number
  /** SHA-256 of its text, unpacked. */
  readonly hash: string
  /** ISO 8601; `null` where no row has a time. */
  readonly from: string | null
  readonly to: string | null
  /** `null`: too many to keep in mind, or a record names none. */
  readonly tenants: readonly string[] | null
}

export type BuiltDataset = { readonly output: string; readonly cardPath: string; readonly card: DataCard }

/**
 * Labels records into a dataset and a data card beside it: every row that is kept, in the order of the records, unbalanced. Of records that are the
 * same the one with the most follow-ups is kept. Records are read twice, once to find duplicates; memory is bounded (see `DuplicateFinder`).
 * Both files appear whole or not at all.
 *
 * Throws `TRAINING_DATA_INVALID` when there is no record that can be read, `DATA_LEAKAGE` when outcomes are found among the features,
 * `DATA_INPUT_CHANGED`, `STORE_WRITE_FAILED`, and the signal's reason.
 */
export async function buildDataset(init: BuildDatasetInit, options: DataWorkOptions = {}): Promise<BuiltDataset> {
  const { source, output, mode } = init
  const { signal } = options
  const onBytes = countBytes('labelling', source.sizeBytes * 2, options.onProgress)
  const reading = { onBytes, ...(signal !== undefined && { signal }) }
  const duplicates = await findDuplicates(init, reading)
  await source.requireUnchanged()
  const data = new DraftFile({ file: output, ...(signal !== undefined && { signal }) })
  const cardPath = cardPathOf(output)
  const cardFile = new DraftFile({ file: cardPath })
  try {
    const builder = new RowBuilder(mode, source.name)
    let number = 0
    for await (const batch of source.read(reading)) {
      let text = ''
      for (const read of batch) {
        const row = builder.rowOf(read, duplicates.isDuplicate(number))
        if (row !== undefined) text += `${formatDatasetRow(row)}\n`
        number += 1
      }
      await data.write(text)
    }
    await source.requireUnchanged()
    const leakage = builder.check.report()
    requireNoLeak(leakage)
    const written = await data.finish()
    const rest = {
      mode,
      leakage,
      code_version: readPackageVersion(),
      data_sha256: written.sha256,
      data_bytes: written.size_bytes,
    }
    const card = builder.counter.card(rest)
    requireRecords(card, source.name)
    await cardFile.write(`${JSON.stringify(card, undefined, 2)}\n`)
    await cardFile.finish()
    signal?.throwIfAborted()
    await init.onWritten?.({ rows: card.counts.kept, hash: written.sha256, ...builder.origin() })
    await data.publish()
    await cardFile.publish()
    return { output, cardPath, card }
  } finally {
    await data.discard()
    await cardFile.discard()
  }
}

type Reading = Parameters<EventSource['read']>[0]

async function findDuplicates(
  { source, output, identitiesMax }: BuildDatasetInit,
  reading: Reading,
): Promise<Duplicates> {
  const finder = new DuplicateFinder({
    folder: output,
    ...(identitiesMax !== undefined && { entriesMax: identitiesMax }),
  })
  try {
    for await (const batch of source.read(reading))
      for (const read of batch)
        if ('event' in read) finder.add(hash('sha256', recordIdentity(read.event), 'buffer'), recordRank(read.event))
        else finder.add(undefined, 0)
    return finder.finish()
  } finally {
    finder.close()
  }
}

const TENANTS_MAX = 1000

/** Turns records into rows, and counts and checks what it does. */
class RowBuilder {
  readonly counter = new DataCardCounter()
  readonly check = new LeakageCheck()
  readonly #mode: DatasetMode
  readonly #name: string
  readonly #featureSet = promptFeatureSet()
  readonly #tenants = new Set<string | null>()
  readonly #range: { from: string | null; to: string | null } = { from: null, to: null }

  constructor(mode: DatasetMode, name: string) {
    this.#mode = mode
    this.#name = name
  }

  rowOf(read: ReadEvent, isDuplicate: boolean): DatasetRow | undefined {
    if ('problem' in read) {
      this.counter.dropUnreadable(read.line, read.problem)
      return undefined
    }
    if (isDuplicate) {
      this.counter.drop('duplicate')
      return undefined
    }
    const labelled: Labelled = this.#mode === 'compat' ? labelCompatibly(read.event) : labelTask(read.event)
    if ('dropped' in labelled) {
      this.counter.drop(labelled.dropped)
      return undefined
    }
    const row = withMetadata(labelled.row, read.columns)
    this.counter.keep(row)
    this.counter.keepOrigin(read.event.timestamp, read.event.policy_version)
    this.#noteOrigin(read.event)
    this.check.add(this.#checkedRow(row, read))
    return row
  }

  origin(): Pick<WrittenRows, 'from' | 'to' | 'tenants'> {
    const tenants = [...this.#tenants].flatMap((tenant) => (tenant === null ? [] : [tenant]))
    const isKnown = tenants.length === this.#tenants.size && tenants.length <= TENANTS_MAX
    return { ...this.#range, tenants: isKnown ? tenants : null }
  }

  #noteOrigin({ tenant, timestamp }: TelemetryEvent): void {
    if (this.#tenants.size <= TENANTS_MAX) this.#tenants.add(tenant)
    if (timestamp === null) return
    const { from, to } = this.#range
    if (from === null || timestamp < from) this.#range.from = timestamp
    if (to === null || timestamp > to) this.#range.to = timestamp
  }

  #checkedRow(row: DatasetRow, read: Extract<ReadEvent, { event: TelemetryEvent }>): CheckedRow {
    const { event, columns, answer, line } = read
    const { logged, ...label } = row
    const vector = logged?.feature_set === this.#featureSet ? decodeFeatures(logged.features) : undefined
    return {
      columns,
      contract: contractColumns(row),
      action: logged?.action ?? label.actual_route,
      label,
      tokensIn: event.tokens_in,
      outcomes: {
        success: event.success,
        cost: event.cost_usd,
        cost_usd: event.cost_usd,
        latency_ms: event.latency_ms,
        latency_s: label.latency_s,
        tokens_out: event.tokens_out,
        tokens_total: label.tokens_total,
        verifier_accepted: event.verifier_accepted,
        verifier_confidence: event.verifier_confidence,
        optimal_route: label.optimal_route,
        label_reason: label.label_reason,
        error_type: label.error_type,
        actual_tier_used: event.actual_tier_used,
        actual_route: label.actual_route,
        final_route_used: event.final_route_used,
        was_escalated: event.was_escalated,
      },
      place: `${this.#name}:${line}`,
      ...(vector !== undefined && { vector }),
      ...(logged?.prompt !== undefined && { prompt: logged.prompt }),
      ...(answer !== undefined && { answer }),
    }
  }
}

/** What other programs noted of a task stays with its row in the default mode, once the check has seen it. */
function withMetadata(row: DatasetRow, columns: CheckedRow['columns']): DatasetRow {
  if (row.logged === undefined || columns.size === 0) return row
  return { ...row, logged: { ...row.logged, metadata: Object.fromEntries(columns) } }
}

function requireRecords({ counts, unreadable }: DataCard, name: string): void {
  if (counts.records > counts.dropped.unreadable) return
  const [first] = unreadable
  const why = first === undefined ? 'there are none' : `none can be read (line ${first.line}: ${first.problem})`
  throw new CodedError('TRAINING_DATA_INVALID', {
    message: `There are no records to label in ${name}: ${why}`,
    details: { input: name, ...(first !== undefined && { line: first.line }) },
  })
}
