import type { JsonValue } from '../base/canonical-json.ts'
import { type Column, formatTable } from './format-table.ts'
import { listOf, membersOf, textOf, textsOf } from './registered-policies.ts'
import { visibleText } from './visible-text.ts'

/** One organisation, tenant, team, key or budget, a line for each of its members. */
export function formatEntry(entry: JsonValue): string {
  const rows = Object.entries(membersOf(entry)).flatMap(([name, value]) => {
    if (name === 'object' || name === 'key' || value === undefined || value === null) return []
    return [[name.replaceAll('_', ' '), describe(name, value)] as const]
  })
  const width = rows.reduce((widest, [name]) => Math.max(widest, name.length), 0)
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function describe(name: string, value: JsonValue): string {
  if (name === 'budgets') return Array.isArray(value) ? value.map(describeBudget).join('; ') || 'none' : ''
  if (name === 'secrets')
    return Array.isArray(value)
      ? value.map((secret) => `${textOf(secret, 'prefix')}...${untilOf(secret)}`).join(', ')
      : ''
  if (typeof value === 'string') return visibleText(value)
  if (Array.isArray(value)) return value.map((item) => describe('', item)).join(', ')
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([member, limit]) => `${member.replaceAll('_', ' ')} ${JSON.stringify(limit)}`)
      .join(', ')
  return JSON.stringify(value)
}

function untilOf(secret: JsonValue): string {
  const until = textOf(secret, 'valid_until')
  return until === '' ? '' : ` until ${until}`
}

function describeBudget(budget: JsonValue): string {
  return `${textOf(budget, 'spent_usd')} of ${textOf(budget, 'limit_usd')} USD (${textOf(budget, 'window')})`
}

type Cell = { readonly column: Column; readonly of: (entry: JsonValue) => string }

const CELLS: Readonly<Record<string, readonly Cell[]>> = {
  organisation: [cell('id'), cell('label'), budgets(), cell('source')],
  tenant: [cell('id'), cell('organisation'), cell('label'), budgets(), cell('source')],
  team: [cell('id'), cell('label'), budgets(), cell('source')],
  key: [
    cell('id'),
    cell('tenant'),
    cell('team'),
    cell('label'),
    cell('role'),
    cell('prefix'),
    cell('state'),
    cell('expires_at', 'expires'),
    cell('source'),
  ],
  budget: [
    cell('scope'),
    cell('window'),
    cell('limit_usd', 'limit USD', 'right'),
    cell('spent_usd', 'spent', 'right'),
    cell('held_usd', 'held', 'right'),
    cell('available_usd', 'left', 'right'),
    cell('source'),
  ],
}

function cell(name: string, heading = name, align: 'left' | 'right' = 'left'): Cell {
  return { column: { heading, align, isFlexible: name === 'label' }, of: (entry) => visibleText(textOf(entry, name)) }
}

function budgets(): Cell {
  return {
    column: { heading: 'budgets', isFlexible: true },
    of: (entry) => listOf(entry, 'budgets').map(describeBudget).join('; '),
  }
}

/** A page of a list as a table. */
export function formatEntries(kind: string, page: JsonValue, width: number): string {
  const entries = listOf(page, 'data')
  if (entries.length === 0) return 'none'
  const cells = CELLS[kind] ?? []
  const rows = entries.map((entry) => cells.map(({ of }) => of(entry)))
  // A column in which nothing stands is left out.
  const shown = cells.map((_, place) => rows.some((row) => row[place] !== ''))
  const only = <Item>(items: readonly Item[]): readonly Item[] => items.filter((_, place) => shown[place])
  return formatTable(
    only(cells.map(({ column }) => column)),
    rows.map((row) => only(row)),
    width,
  )
}

const SUMS: readonly Column[] = [
  { heading: 'requests', align: 'right' },
  { heading: 'failed', align: 'right' },
  { heading: 'cache hits', align: 'right' },
  { heading: 'tokens in', align: 'right' },
  { heading: 'tokens out', align: 'right' },
  { heading: 'cost USD', align: 'right' },
  { heading: 'saved USD (estimated)', align: 'right' },
]

/** What was used, a row for each group. */
export function formatUsage(usage: JsonValue, width: number): string {
  const by = textsOf(usage, 'by')
  const rows = listOf(usage, 'data').map((row) => {
    const members = membersOf(row)
    const count = (name: string): number => Number(members[name] ?? 0)
    return [
      ...by.map((name) => visibleText(textOf(row, name)) || '-'),
      String(count('requests')),
      String(count('requests') - count('succeeded')),
      String(count('cache_hits')),
      String(count('tokens_in')),
      String(count('tokens_out')),
      `${textOf(row, 'cost_usd')}${count('requests_without_cost') > 0 ? ' and more' : ''}`,
      textOf(row, 'saved_usd_estimated') || '-',
    ]
  })
  if (rows.length === 0) return 'nothing was used'
  const table = formatTable([...by.map((heading): Column => ({ heading, isFlexible: true })), ...SUMS], rows, width)
  const reach = [
    ['sums', 'sums_from'],
    ['records', 'records_from'],
  ].flatMap(([what, name = '']) => {
    const from = textOf(usage, name)
    return from === '' ? [] : [`${what} go back to ${from}`]
  })
  return [table, ...reach].join('\n')
}
