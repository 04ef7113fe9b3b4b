import { formatDuration, formatUsd } from '../../base/format.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, type Flags } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { RECORD_FLAGS, recordFilterOf, WITHOUT_SERVERS } from '../record-flags.ts'

const LIMIT_DEFAULT = 20

const COLUMNS: readonly Column[] = [
  { heading: 'time' },
  { heading: 'tenant' },
  { heading: 'tier' },
  { heading: 'domain' },
  { heading: 'outcome', isFlexible: true },
  { heading: 'tokens', align: 'right' },
  { heading: 'cost', align: 'right' },
  { heading: 'latency', align: 'right' },
]

type Inspection = {
  readonly total: number
  readonly shown: readonly TelemetryEvent[]
  readonly unreadable: number
  readonly isKeeping: boolean
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
    'Records are kept only with `telemetry.consent`. They hold a salted hash of the task, never its text unless `telemetry.keepText` is set. --json prints them as they are stored.',
  ],
  examples: ['kernell data inspect --limit 5', 'kernell data inspect --tenant default --from 2026-01-31 --json'],
  async run({ flags, terminal, isJson, useNode }) {
    const inspection = await useNode(async (node) => await inspect(node, flags), WITHOUT_SERVERS)
    const { total, shown, unreadable, isKeeping } = inspection
    if (isJson) terminal.printJson({ records: total, unreadable, consent: isKeeping, shown })
    else terminal.print(formatInspection(inspection, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

async function inspect(node: KernellNode, flags: Flags): Promise<Inspection> {
  const limit = numberFlag(flags, 'limit', { min: 1, max: 100_000, isWhole: true }) ?? LIMIT_DEFAULT
  const shown: TelemetryEvent[] = []
  for await (const event of node.records.list({ ...recordFilterOf(flags), limit, isNewestFirst: true }))
    shown.push(event)
  const { unreadableCount: unreadable } = node.records
  return { total: await node.records.count(), shown, unreadable, isKeeping: node.config.telemetry.consent }
}

function formatInspection({ total, shown, unreadable, isKeeping }: Inspection, width: number): string {
  const consent = isKeeping ? 'records are kept' : 'no new records are kept: telemetry.consent is false'
  const damaged = unreadable === 0 ? '' : `, ${unreadable} cannot be read (\`kernell data purge\` deletes them)`
  const summary = `${total} records stored, ${shown.length} shown${damaged}; ${consent}.`
  return shown.length === 0 ? summary : `${formatTable(COLUMNS, shown.map(rowOf), width)}\n\n${summary}`
}

function rowOf(event: TelemetryEvent): readonly string[] {
  return [
    event.timestamp ?? '-',
    event.tenant ?? '-',
    event.actual_tier_used,
    event.task_domain ?? '-',
    outcomeOf(event),
    `${event.tokens_in}+${event.tokens_out}`,
    event.cost_usd === null ? 'unknown' : formatUsd(event.cost_usd),
    formatDuration(event.latency_ms),
  ]
}

function outcomeOf(event: TelemetryEvent): string {
  const words = [event.success ? 'accepted' : 'not accepted']
  if (event.was_escalated) words.push('escalated')
  if (event.fallback_trigger !== null) words.push(event.fallback_trigger)
  return words.join(', ')
}
