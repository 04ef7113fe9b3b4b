import { once } from 'node:events'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { AccessReach } from '../../node/access/access-actor.ts'
import { formatCsvLine } from '../../node/usage/format-csv.ts'
import type { NodeUsage } from '../../node/usage/node-usage.ts'
import { readUsageQuery, type UsageFilter, type UsageQuery } from '../../node/usage/usage-query.ts'
import { USAGE_SUMS } from '../../node/usage/usage-table.ts'
import { USAGE_COLUMNS, type UsageRow } from '../../node/usage/usage-row.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { actorOf, respondPrivate } from './administrator.ts'
import { readQuery } from './admin-query.ts'

/** `GET /v1/admin/usage`: what tasks took and cost, added up by what `by` names. Of an admin by key, of its own tenant or team. */
export async function answerUsage(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { query, format } = asked(exchange, ['json', 'csv'])
  const narrowed = within(query, actorOf(exchange).reach)
  await respondSummary(exchange, context, { query: narrowed, format })
}

/** `GET /v1/usage`: the same of the caller's own key; where no key is asked for, of everybody's tenant. */
export async function answerOwnUsage(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { query, format } = asked(exchange, ['json', 'csv'])
  const { tenant, keyId } = exchange.who.caller
  const own = { ...query, tenant, ...(keyId !== undefined && { key: keyId }) }
  await respondSummary(exchange, context, { query: own, format })
}

/** `GET /v1/admin/usage/export`: every task, one line each, as they are read. */
export async function answerUsageExport(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { query, format } = asked(exchange, ['jsonl', 'csv'])
  if (query.by.length > 0) throw invalidRequest('by', 'An export has every task; GET /v1/admin/usage adds up')
  const filter = within(query, actorOf(exchange).reach)
  const rows = usageOf(context).rows(filter, { signal: exchange.signal })
  await respondRows(exchange, rows, format === 'csv' ? 'csv' : 'jsonl')
}

type Format = 'json' | 'jsonl' | 'csv'
type Asked = { readonly query: UsageQuery; readonly format: Format }

/** The first format is that of who names none. */
function asked({ request }: Exchange, formats: readonly Format[]): Asked {
  const members = Object.fromEntries(readQuery(request))
  const format = formats.find((known) => known === (members['format'] ?? formats[0]))
  if (format === undefined) throw invalidRequest('format', `format must be one of ${formats.join(', ')}`)
  return { query: readUsageQuery(members, ['format']), format }
}

/** What somebody asks for, and may see. */
function within<Filter extends UsageFilter>(filter: Filter, reach: AccessReach): Filter {
  if (reach.kind === 'node') return filter
  // What is asked of another tenant is asked of nobody: it has no tasks here.
  const isOther = filter.tenant !== undefined && filter.tenant !== reach.tenant
  const isOtherTeam = reach.team !== undefined && filter.team !== undefined && filter.team !== reach.team
  const team = reach.team === undefined ? {} : { team: reach.team }
  if (!isOther && !isOtherTeam) return { ...filter, tenant: reach.tenant, ...team }
  throw new CodedError('ACCESS_ENTRY_UNKNOWN', { message: 'There is no such tenant or team' })
}

async function respondSummary(exchange: Exchange, context: GatewayContext, { query, format }: Asked): Promise<void> {
  const summary = await usageOf(context).summarize(query, { signal: exchange.signal })
  if (format !== 'csv') {
    respondPrivate(exchange, summary)
    return
  }
  const rows = summary['data'] as readonly Readonly<Record<string, JsonValue>>[]
  const columns = [...query.by, ...USAGE_SUMS]
  const text = [columns, ...rows.map((row) => columns.map((name) => row[name]))].map(formatCsvLine).join('')
  const { response, commonHeaders } = exchange
  response.writeHead(200, [
    'content-type',
    'text/csv; charset=utf-8; header=present',
    'content-length',
    String(Buffer.byteLength(text)),
    ...PRIVATE,
    ...commonHeaders,
  ])
  response.end(text)
}

const PRIVATE = ['cache-control', 'no-store']

/** Nothing is sent before the first task was read, so that a failure until then is an answer. */
async function respondRows(
  { response, commonHeaders, signal }: Exchange,
  rows: AsyncIterable<UsageRow>,
  format: 'jsonl' | 'csv',
): Promise<void> {
  const isCsv = format === 'csv'
  const begin = (): void => {
    const type = isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson'
    response.writeHead(200, ['content-type', type, ...PRIVATE, ...commonHeaders])
    if (isCsv) response.write(formatCsvLine(USAGE_COLUMNS))
  }
  try {
    for await (const row of rows) {
      if (!response.headersSent) begin()
      const line = isCsv ? formatCsvLine(USAGE_COLUMNS.map((name) => row[name])) : `${JSON.stringify(row)}\n`
      if (!response.write(line)) await once(response, 'drain', { signal })
    }
  } catch (error: unknown) {
    // Whoever reads sees that it broke off.
    if (response.headersSent) response.destroy()
    throw error
  }
  if (!response.headersSent) begin()
  response.end()
}

/** Throws `USAGE_NOT_KEPT` on a node that counts nothing. */
function usageOf({ node }: GatewayContext): NodeUsage {
  if (node.usage !== undefined) return node.usage
  throw new CodedError('USAGE_NOT_KEPT', { message: 'This node keeps no records of tasks' })
}
