import { type ControlRequest, invalidRequest, optionalText } from '../control/control-request.ts'
import { USAGE_KINDS, type UsageKind } from '../../telemetry/sums/usage-figures.ts'
import { refuseUnknown } from '../access/parse-access.ts'

/** What usage can be told apart by. */
export const USAGE_DIMENSIONS = [
  'organisation',
  'tenant',
  'team',
  'key',
  'model',
  'provider',
  'route',
  'tier',
  'kind',
  'month',
  'day',
  'hour',
] as const
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number]

/** Whose usage, and of when. */
export type UsageFilter = {
  readonly tenant?: string
  readonly organisation?: string
  readonly team?: string
  readonly key?: string
  readonly model?: string
  /** Absent: both tasks and embeddings. */
  readonly kind?: UsageKind
  /** ISO 8601 instants: `from` is included, `to` is not. */
  readonly from?: string
  readonly to?: string
}

export type UsageQuery = UsageFilter & { readonly by: readonly UsageDimension[] }

const FILTERS = ['tenant', 'organisation', 'team', 'key', 'model'] as const
const BY_MAX = 4
/** A day, or an instant of it with or without its time zone, which is UTC where none is said. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** Reads `by`, the filters, `from` and `to`. Throws `REQUEST_INVALID`. */
export function readUsageQuery(request: ControlRequest, alsoKnown: readonly string[]): UsageQuery {
  refuseUnknown(request, ['by', ...FILTERS, 'kind', 'from', 'to', ...alsoKnown])
  return { by: parseDimensions(optionalText(request, 'by')), ...readUsageFilter(request) }
}

function readUsageFilter(request: ControlRequest): UsageFilter {
  const from = parseInstant(request, 'from')
  const to = parseInstant(request, 'to')
  if (from !== undefined && to !== undefined && from >= to)
    throw invalidRequest('to', 'to must be later than from; it is not included itself')
  const named = FILTERS.flatMap((name) => {
    const value = optionalText(request, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const kind = parseKind(request)
  return {
    ...Object.fromEntries(named),
    ...(kind !== undefined && { kind }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

function parseKind(request: ControlRequest): UsageKind | undefined {
  const text = optionalText(request, 'kind')
  const kind = USAGE_KINDS.find((known) => known === text)
  if (text === undefined || kind !== undefined) return kind
  throw invalidRequest('kind', `kind must be one of ${USAGE_KINDS.join(', ')}`)
}

function parseDimensions(text: string | undefined): readonly UsageDimension[] {
  if (text === undefined || text === '') return []
  const names = text.split(',').map((name) => name.trim())
  const known = names.flatMap((name) => USAGE_DIMENSIONS.find((dimension) => dimension === name) ?? [])
  if (known.length === names.length && new Set(known).size === known.length && known.length <= BY_MAX) return known
  throw invalidRequest('by', `by must be 1 to ${BY_MAX} of ${USAGE_DIMENSIONS.join(', ')}, with commas, each once`)
}

function parseInstant(request: ControlRequest, name: string): string | undefined {
  const text = optionalText(request, name)
  if (text === undefined) return undefined
  const isZoned = !text.includes('T') || /(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  const ms = INSTANT.test(text) && isDay(text.slice(0, 10)) ? Date.parse(isZoned ? text : `${text}Z`) : Number.NaN
  const instant = Number.isFinite(ms) ? new Date(ms).toISOString() : ''
  // A time zone may lead out of the years that have four digits, whose texts alone are in the order of time.
  if (/^\d{4}-/.test(instant)) return instant
  throw invalidRequest(name, `${name} must be a day or an instant of UTC, such as 2030-01-31 or 2030-01-31T12:00:00Z`)
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text)
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)
}
