import type { JsonValue } from '../../base/canonical-json.ts'
import { type ControlRequest, invalidRequest, optionalText } from '../control/control-request.ts'
import { wholeOf } from './parse-access.ts'

/** One page of a list that is sorted by id. */
export type Page = { readonly limit: number; readonly after: string | undefined }

const LIMIT_DEFAULT = 100
export const PAGE_LIMIT_MAX = 1_000
/** Items that are looked at for one page: where a filter leaves most of them out, a page may have fewer than were asked for, and there are more. */
const LOOKED_AT_MAX = 10_000

/** Reads `limit` and `cursor`. Throws `REQUEST_INVALID`. */
export function readPage(request: ControlRequest): Page {
  const limit = wholeOf(request, 'limit', { least: 1, most: PAGE_LIMIT_MAX }) ?? LIMIT_DEFAULT
  const cursor = optionalText(request, 'cursor')
  if (cursor === undefined) return { limit, after: undefined }
  const after = /^[A-Za-z0-9_-]{1,512}$/.test(cursor) ? Buffer.from(cursor, 'base64url').toString('utf8') : ''
  if (after === '') throw invalidRequest('cursor', 'cursor must be next_cursor of the page before')
  return { limit, after }
}

/**
 * The items behind the cursor. What comes or goes between two pages is in them or not, and nothing else is left out or told twice.
 *
 * @param describe  `undefined` leaves an item out.
 */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  { limit, after }: Page,
  describe: (item: Item) => JsonValue | undefined,
): JsonValue {
  const data: JsonValue[] = []
  let place = after === undefined ? 0 : firstAfter(items, after)
  const end = Math.min(items.length, place + LOOKED_AT_MAX)
  for (; place < end && data.length < limit; place += 1) {
    const item = items[place]
    const document = item === undefined ? undefined : describe(item)
    if (document !== undefined) data.push(document)
  }
  const last = items[place - 1]?.id
  const hasMore = place < items.length
  return {
    object: 'list',
    data,
    has_more: hasMore,
    next_cursor: hasMore && last !== undefined ? Buffer.from(last, 'utf8').toString('base64url') : null,
  }
}

function firstAfter(items: readonly { readonly id: string }[], id: string): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((items[middle]?.id ?? '') <= id) low = middle + 1
    else high = middle
  }
  return low
}
