import { addFigures, isInstant, USAGE_KINDS, type UsageFigures, type UsageNames } from './usage-figures.ts'

/** Sums of one hour or day, as one process writes them. */
export type SumRow = {
  readonly names: UsageNames
  /** The process that wrote it last. */
  readonly writer: string
  /** What that process counted. */
  readonly own: UsageFigures | undefined
  /** What processes before it counted in the same store, kept apart so that the start of a process is an instant at which sums can be cut. */
  readonly before: UsageFigures | undefined
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { fatal: true })

/** `[writer, names, own, before]`, each list in the order of its type. */
export function encodeRow({ names, writer, own, before }: SumRow): Uint8Array {
  const { kind, organisation, tenant, team, key, model, provider, route, tier } = names
  const named = [kind, organisation, tenant, team, key, model, provider, route, tier]
  return ENCODER.encode(JSON.stringify([writer, named, listOf(own), listOf(before)]))
}

/** `undefined` for bytes that are no row. */
export function rowOfBytes(bytes: Uint8Array): SumRow | undefined {
  const value = jsonOf(bytes)
  if (!Array.isArray(value)) return undefined
  const [writer, named, ownList, beforeList] = value as readonly unknown[]
  const [names, own, before] = [namesOf(named), figuresOf(ownList), figuresOf(beforeList)]
  if (typeof writer !== 'string' || names === undefined || own === 'wrong' || before === 'wrong') return undefined
  return { names, writer, own, before }
}

/** A row as the process `writer` goes on with it: what others counted is what came before. */
export function rowOfWriter(row: SumRow, writer: string): SumRow {
  if (row.writer === writer) return row
  return { names: row.names, writer, own: undefined, before: sumOf(row.before, row.own) }
}

export function sumOf(one: UsageFigures | undefined, other: UsageFigures | undefined): UsageFigures | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return addFigures(one, other)
}

function listOf(figures: UsageFigures | undefined): readonly unknown[] | null {
  if (figures === undefined) return null
  return [
    figures.requests,
    figures.succeeded,
    figures.cacheHits,
    figures.tokensIn,
    figures.tokensOut,
    figures.withoutCost,
    figures.withSavings,
    figures.costNanos.toString(),
    figures.savedNanos.toString(),
    figures.firstAt,
    figures.lastAt,
  ]
}

const COUNTS = 7

function figuresOf(list: unknown): UsageFigures | undefined | 'wrong' {
  if (list === null) return undefined
  if (!Array.isArray(list)) return 'wrong'
  const counts = list.slice(0, COUNTS).filter(isCount)
  const [requests, succeeded, cacheHits, tokensIn, tokensOut, withoutCost, withSavings] = counts
  const [costText, savedText, firstAt, lastAt] = list.slice(COUNTS) as readonly unknown[]
  const [costNanos, savedNanos] = [nanosOf(costText), nanosOf(savedText)]
  if (typeof firstAt !== 'string' || typeof lastAt !== 'string' || !isInstant(firstAt) || !isInstant(lastAt))
    return 'wrong'
  if (requests === undefined || succeeded === undefined || cacheHits === undefined) return 'wrong'
  if (tokensIn === undefined || tokensOut === undefined) return 'wrong'
  if (withoutCost === undefined || withSavings === undefined) return 'wrong'
  if (costNanos === undefined || savedNanos === undefined) return 'wrong'
  const counted = { requests, succeeded, cacheHits, tokensIn, tokensOut, withoutCost, withSavings }
  return { ...counted, costNanos, savedNanos, firstAt, lastAt }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function nanosOf(text: unknown): bigint | undefined {
  return typeof text === 'string' && /^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined
}

const NAMES = 9

function namesOf(list: unknown): UsageNames | undefined {
  if (!Array.isArray(list) || list.length !== NAMES) return undefined
  const names = list as readonly unknown[]
  if (!names.every((name): name is string | null => name === null || typeof name === 'string')) return undefined
  const [kindText, organisation = null, tenant = null, team = null, key = null, model = null, ...last] = names
  const [provider = null, route = null, tier] = last
  const kind = USAGE_KINDS.find((known) => known === kindText)
  if (kind === undefined || typeof tier !== 'string') return undefined
  return { kind, organisation, tenant, team, key, model, provider, route, tier }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(DECODER.decode(bytes))
  } catch {
    return undefined
  }
}
