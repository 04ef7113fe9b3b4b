import type { JsonValue } from '../base/canonical-json.ts'
import { formatTable } from './format-table.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'
import { visibleText } from './visible-text.ts'

const COLUMNS = [
  { heading: 'peer' },
  { heading: 'way' },
  { heading: 'address', isFlexible: true },
  { heading: 'score', align: 'right' as const },
  { heading: 'last seen' },
  { heading: 'in', align: 'right' as const },
  { heading: 'out', align: 'right' as const },
  { heading: 'kept away', isFlexible: true },
]

/** Nodes as rows of a table; `total` is how many there are. */
export function describePeers(
  peers: readonly JsonValue[],
  { total, width }: { readonly total: number; readonly width: number },
): string {
  if (peers.length === 0) return 'No node is known: name one with `kernell node --bootstrap`'
  const rows = peers.map((peer) => [
    textOf(peer, 'peerId'),
    textOf(peer, 'direction') || 'away',
    textOf(peer, 'address') || '-',
    String(numberOf(peer, 'score') ?? 0),
    instantOf(peer, 'lastSeenAt'),
    bytesOf(peer, 'bytesIn'),
    bytesOf(peer, 'bytesOut'),
    describeBanOf(peer) ?? '',
  ])
  const rest = total - peers.length
  const more = rest > 0 ? `\n${rest} more: --limit ${Math.min(total, 10_000)}` : ''
  return visibleText(`${formatTable(COLUMNS, rows, width)}${more}`)
}

/** All of one node, with the parts of its score. */
export function describeWhole(peer: JsonValue): string {
  const { latencyMs, refusals } = membersOf(peer)
  const ban = describeBanOf(peer)
  const lines = [
    `peer       ${textOf(peer, 'peerId')}`,
    `did        ${textOf(peer, 'did')}`,
    `kept away  ${ban ?? 'no'}`,
    `last seen  ${instantOf(peer, 'lastSeenAt')}`,
    `latency    ${typeof latencyMs === 'number' ? `${latencyMs} ms` : 'not known'}`,
    `traffic    ${bytesOf(peer, 'bytesIn')} in, ${bytesOf(peer, 'bytesOut')} out; ${countOf(peer, 'questionsAsked')} questions asked, ${countOf(peer, 'questionsAnswered')} answered`,
    `refused    ${describeRefusals(refusals)}`,
    ...describeScore(peer),
    ...section('connections', listOf(peer, 'connections').map(describeConnection)),
    ...section('addresses', listOf(peer, 'knownAddresses').map(describeAddress)),
  ]
  return visibleText(lines.join('\n'))
}

const CONDUCT: Readonly<Record<string, string>> = {
  answered: 'answered some dozens of questions',
  'frame-invalid': 'sent what is no frame of the protocol',
  stalled: 'did not read what it asked for',
  'streams-flooded': 'opened more streams than it may',
  'message-rejected': 'passed on a message that was refused',
  'question-malformed': 'asked what is no question of the protocol',
  'message-refused': 'sent a signed message that is wrong, old, or meant for somebody else',
}

function describeScore(peer: JsonValue): readonly string[] {
  const parts = membersOf(peer)['scoreParts']
  const faded = numberOf(parts, 'fadedPoints') ?? 0
  const cuts = numberOf(peer, 'cuts') ?? 0
  return [
    `score      ${numberOf(peer, 'score') ?? 0}${cuts > 0 ? `, cut off ${timesOf(cuts)} of late` : ''}`,
    ...listOf(parts, 'conduct').map((part) => {
      const conduct = textOf(part, 'conduct')
      return `  ${signed(numberOf(part, 'points') ?? 0)}  ${CONDUCT[conduct] ?? conduct}, ${timesOf(numberOf(part, 'count') ?? 0)}, last ${instantOf(part, 'lastAt')}`
    }),
    ...(faded === 0 ? [] : [`  ${signed(faded)}  faded since, or beyond what counts`]),
  ]
}

function describeConnection(connection: JsonValue): string {
  const relayed = membersOf(connection)['isRelayed'] === true ? ', over a relay' : ''
  return `${textOf(connection, 'direction')} ${textOf(connection, 'address')} since ${instantOf(connection, 'openedAt')}, ${textOf(connection, 'encryption') || 'not encrypted'}, ${numberOf(connection, 'streams') ?? 0} streams${relayed}`
}

function describeAddress(known: JsonValue): string {
  return `${textOf(known, 'address')} (${textOf(known, 'source')}, ${instantOf(known, 'at')})`
}

function describeRefusals(refusals: JsonValue | undefined): string {
  const { banned, peer } = membersOf(refusals)
  const parts = [
    ...(typeof banned === 'number' ? [`${timesOf(banned)} while it was kept away`] : []),
    ...(typeof peer === 'number' ? [`${timesOf(peer)} for too many connections`] : []),
  ]
  return parts.join(', ') || 'never'
}

/** `undefined` for a peer that is welcome. */
function describeBanOf(peer: JsonValue): string | undefined {
  const ban = membersOf(peer)['ban']
  const kind = textOf(ban, 'kind')
  if (kind === '') return undefined
  const until = numberOf(ban, 'until')
  const end = until === undefined ? 'until it is taken back' : `until ${new Date(until).toISOString()}`
  const [reason, by] = [textOf(ban, 'reason'), textOf(ban, 'by')]
  if (kind === 'conduct') return `${end}, for its conduct`
  return `${end}${reason === '' ? '' : `: ${reason}`}${by === '' ? '' : ` (${by})`}`
}

function section(name: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [`${name}: none`] : [`${name}:`, ...lines.map((line) => `  ${line}`)]
}

function instantOf(value: JsonValue, name: string): string {
  const ms = numberOf(value, name)
  return ms === undefined ? 'not known' : new Date(ms).toISOString()
}

function bytesOf(value: JsonValue, name: string): string {
  const bytes = numberOf(value, name)
  return bytes === undefined ? '-' : `${bytes} B`
}

function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function countOf(value: JsonValue, name: string): string {
  return String(numberOf(value, name) ?? 'no')
}

function signed(points: number): string {
  return `${points > 0 ? '+' : ''}${points}`.padStart(8)
}
