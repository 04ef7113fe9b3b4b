import { formatDuration, formatUsd } from '../../base/format.ts'
import type { Derivation } from '../../node/node-records.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, type Flags } from '../flags.ts'
import { derivationDocument, formatDerivations } from '../format-derivations.ts'
import { formatTable, type Column } from '../format-table.ts'
import { RECORD_FLAGS, recordFilterOf, WITHOUT_SERVERS } from '../record-flags.ts'

const LIMIT_DEFAULT = 20

const COLUMNS: readonly Column[] = [
  { heading: 'time' },
  { heading: 'tenant' },
  { heading: 'tier' },
  { heading: 'model' },
  { heading: 'domain' },
  { heading: 'outcome', isFlexible: true },
  { heading: 'tokens', align: 'right' },
  { heading: 'cost', align: 'right' },
  { heading: 'latency', align: 'right' },
]

/** Shown where there is any. */
const FOLLOW_UP_COLUMNS: readonly Column[] = [
  { heading: 'feedback', align: 'right' },
  { heading: 'shadows', align: 'right' },
]

type Inspection = {
  readonly total: number
  readonly shown: readonly TelemetryEvent[]
  readonly unreadable: number
  readonly unreadableFollowUps: number
  readonly derivations: readonly Derivation[]
  readonly isKeeping: boolean
  readonly isKeepingText: boolean
}

/** What is kept about finished tasks: the newest records, as they are stored. */
export const dataInspectCommand: Command = {
  name: 'data inspect',
  summary: 'show the records of finished tasks that this node keeps',
  synopsis: '',
  flags: {
    limit: { value: 'N', describe: `records shown, the newest first (default ${LIMIT_DEFAULT})` },
    ...RECORD_FLAGS,
  },
  details: [
    'Records are kept only with `telemetry.consent`. One holds: when, for which tenant and trace; a salted hash of the task and, as numbers, features of its prompt (lengths, counts, shares; no words); which models were considered, with what was expected of them and how likely each was chosen; every call that was made, its tokens, cost, time and verdict; and what the machine is like. The text of the task is kept only with `telemetry.keepText`, the answer never.',
    'Feedback and shadow runs are kept beside the records and hold no text. What was made from records (exports, labelled sets, policies) is remembered by path or version. --json prints records as they are exported.',
  ],
  examples: ['kernell data inspect --limit 5', 'kernell data inspect --tenant default --from 2026-01-31 --json'],
  async run({ flags, terminal, isJson, useNode }) {
    const inspection = await useNode(async (node) => await inspect(node, flags), WITHOUT_SERVERS)
    if (isJson) terminal.printJson(documentOf(inspection))
    else terminal.print(formatInspection(inspection, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

async function inspect(node: KernellNode, flags: Flags): Promise<Inspection> {
  const limit = numberFlag(flags, 'limit', { min: 1, max: 100_000, isWhole: true }) ?? LIMIT_DEFAULT
  const shown: TelemetryEvent[] = []
  for await (const event of node.records.list({ ...recordFilterOf(flags), limit, isNewestFirst: true }))
    shown.push(event)
  const { records, config } = node
  return {
    total: await records.count(),
    shown,
    unreadable: records.unreadableCount,
    unreadableFollowUps: records.unreadableFollowUps,
    derivations: await records.derivations(),
    isKeeping: config.telemetry.consent,
    isKeepingText: config.telemetry.consent && config.telemetry.keepText,
  }
}

function documentOf(inspection: Inspection): object {
  return {
    records: inspection.total,
    unreadable: inspection.unreadable,
    unreadable_follow_ups: inspection.unreadableFollowUps,
    consent: inspection.isKeeping,
    keep_text: inspection.isKeepingText,
    shown: inspection.shown,
    derivations: inspection.derivations.map(derivationDocument),
  }
}

function formatInspection(inspection: Inspection, width: number): string {
  const { total, shown, derivations } = inspection
  const summary = `${total} records stored, ${shown.length} shown${damageOf(inspection)}; ${consentOf(inspection)}.`
  const parts = shown.length === 0 ? [summary] : [formatRecords(shown, width), summary]
  if (derivations.length > 0) parts.push('Made from records:', formatDerivations(derivations, width))
  return parts.join('\n\n')
}

function formatRecords(shown: readonly TelemetryEvent[], width: number): string {
  if (!shown.some(({ feedback, shadows }) => feedback !== undefined || shadows !== undefined))
    return formatTable(COLUMNS, shown.map(rowOf), width)
  const rows = shown.map((event) => [...rowOf(event), feedbackOf(event), String(event.shadows?.length ?? 0)])
  return formatTable([...COLUMNS, ...FOLLOW_UP_COLUMNS], rows, width)
}

function damageOf({ unreadable, unreadableFollowUps }: Inspection): string {
  const records = unreadable === 0 ? '' : `, ${unreadable} cannot be read (\`kernell data purge\` deletes them)`
  return unreadableFollowUps === 0 ? records : `${records}, feedback of ${unreadableFollowUps} tasks cannot be read`
}

function consentOf({ isKeeping, isKeepingText }: Inspection): string {
  if (!isKeeping) return 'no new records are kept: telemetry.consent is false'
  return isKeepingText
    ? 'records are kept with the text of their task'
    : 'records are kept, without the text of their task'
}

function rowOf(event: TelemetryEvent): readonly string[] {
  return [
    event.timestamp ?? '-',
    event.tenant ?? '-',
    event.actual_tier_used,
    event.model_used ?? '-',
    event.task_domain ?? '-',
    outcomeOf(event),
    `${event.tokens_in}+${event.tokens_out}`,
    event.cost_usd === null ? 'unknown' : formatUsd(event.cost_usd),
    formatDuration(event.latency_ms),
  ]
}

/** How many said something, and what on average: 1 is good. */
function feedbackOf({ feedback = [] }: TelemetryEvent): string {
  if (feedback.length === 0) return '-'
  const mean = feedback.reduce((sum, { value }) => sum + value, 0) / feedback.length
  return `${feedback.length} x ${mean.toFixed(2)}`
}

function outcomeOf(event: TelemetryEvent): string {
  const words = [event.success ? 'accepted' : 'not accepted']
  if (event.was_escalated) words.push('escalated')
  if (event.fallback_trigger !== null) words.push(event.fallback_trigger)
  if (event.policy_arm === 'candidate') words.push(`${event.policy_stage ?? 'canary'} candidate`)
  return words.join(', ')
}
