import type { IncomingMessage } from 'node:http'
import { invalidRequest } from '../invalid-request.ts'

/** Parameters of one query at most, and characters of a value. */
const PARAMETERS_MAX = 32
const VALUE_MAX = 512

/** The parameters behind the `?`. Throws `REQUEST_INVALID` for one that is sent twice, too many or too long. */
export function readQuery({ url = '' }: IncomingMessage): ReadonlyMap<string, string> {
  const start = url.indexOf('?')
  const query = new Map<string, string>()
  if (start === -1) return query
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const shown = name.slice(0, 64)
    if (query.has(name)) throw invalidRequest(shown, 'A parameter may be sent once')
    if (value.length > VALUE_MAX) throw invalidRequest(shown, `A parameter has at most ${VALUE_MAX} characters`)
    if (query.size >= PARAMETERS_MAX) throw invalidRequest(shown, `There are at most ${PARAMETERS_MAX} parameters`)
    query.set(name, value)
  }
  return query
}

/** The same as members of a request; those named in `numbers` as numbers. Throws `REQUEST_INVALID`. */
export function membersOfQuery(
  query: ReadonlyMap<string, string>,
  numbers: readonly string[],
): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    [...query].map(([name, value]) => [name, numbers.includes(name) ? numberOf(name, value) : value]),
  )
}

function numberOf(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidRequest(name, `${name} must be a whole number`)
}
