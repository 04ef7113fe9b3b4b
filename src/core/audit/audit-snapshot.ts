import { parseHash } from '../evidence/names.ts'
import { timestampFromMs } from '../../base/time.ts'
import type { AuditHead } from './audit-entry.ts'

/** What a journal that was shortened begins with: where its chain stood before the first entry that is kept, and the orders that may not be used again. */
export type AuditSnapshot = {
  readonly start: AuditHead
  /** Text of the entries that are kept, oldest first. */
  readonly kept: readonly string[]
  readonly used: readonly UsedOrder[]
}

/** An order that was used: it is refused until it has expired. */
export type UsedOrder = { readonly iss: string; readonly nonce: string; readonly exp: number }

export function formatAuditSnapshot({ start, kept, used }: AuditSnapshot): string {
  return JSON.stringify({ v: 1, start, kept, used })
}

/** Reads what `formatAuditSnapshot` wrote; `undefined` for anything else. */
export function parseAuditSnapshot(text: string): AuditSnapshot | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (
    typeof json !== 'object' ||
    json === null ||
    !('v' in json && 'start' in json && 'kept' in json && 'used' in json)
  )
    return undefined
  const start = parseHead(json.start)
  const kept = listOf(json.kept, (item) => (typeof item === 'string' ? item : undefined))
  const used = listOf(json.used, parseUsedOrder)
  return json.v !== 1 || start === undefined || kept === undefined || used === undefined
    ? undefined
    : { start, kept, used }
}

function parseHead(json: unknown): AuditHead | undefined {
  if (typeof json !== 'object' || json === null || !('entries' in json && 'hash' in json && 'at' in json))
    return undefined
  const { entries, hash, at } = json
  const parsed = typeof hash === 'string' ? parseHash(hash) : undefined
  const isInstant = typeof at === 'number' && Number.isFinite(at) && at >= 0
  return typeof entries !== 'number' || !isInstant || parsed === undefined
    ? undefined
    : { entries, hash: parsed, at: timestampFromMs(at) }
}

/** Reads an order that was used from what an entry or a snapshot says of it; `undefined` for anything else. */
export function parseUsedOrder(json: unknown): UsedOrder | undefined {
  if (typeof json !== 'object' || json === null || !('iss' in json && 'nonce' in json && 'exp' in json))
    return undefined
  const { iss, nonce, exp } = json
  return typeof iss === 'string' && typeof nonce === 'string' && typeof exp === 'number'
    ? { iss, nonce, exp }
    : undefined
}

function listOf<Item>(json: unknown, parse: (item: unknown) => Item | undefined): readonly Item[] | undefined {
  if (!Array.isArray(json)) return undefined
  const items: Item[] = []
  for (const item of json) {
    const parsed = parse(item)
    if (parsed === undefined) return undefined
    items.push(parsed)
  }
  return items
}
