import type { Exchange } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'

const LIMIT_MAX = 10_000

export type Page = { readonly query: URLSearchParams; readonly limit: number; readonly after: string | undefined }

/** Which part of a list is asked for: `limit` (1 to 10,000; 100 when absent) and `after`, an id. Throws `REQUEST_INVALID`. */
export function readPage({ request }: Exchange): Page {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams
  const limit = query.get('limit') ?? '100'
  const count = /^\d{1,5}$/.test(limit) ? Number(limit) : 0
  if (count < 1 || count > LIMIT_MAX) throw invalidRequest('limit', `limit must be an integer from 1 to ${LIMIT_MAX}`)
  return { query, limit: count, after: query.get('after') ?? undefined }
}

/** The list as the interface writes it. Throws `REQUEST_INVALID` for an `after` that is not in it. */
export function pageOf(items: readonly { readonly id: string }[], { limit, after }: Page): string {
  const at = after === undefined ? -1 : items.findIndex(({ id }) => id === after)
  if (after !== undefined && at === -1) throw invalidRequest('after', 'after must be the id of an item of the list')
  const data = items.slice(at + 1, at + 1 + limit)
  const ends = { first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null }
  return JSON.stringify({ object: 'list', data, ...ends, has_more: at + 1 + limit < items.length })
}
