import { isUtf8 } from 'node:buffer'
import type { JsonValue } from '../../base/canonical-json.ts'
import { invalidRequest } from '../invalid-request.ts'

export type JsonObject = { readonly [key: string]: JsonValue | undefined }

/** Levels of nesting that are passed on. Deeper values would exhaust the stack of whatever writes them again. */
export const JSON_DEPTH_MAX = 64

/** Escapes that can make half of a surrogate pair; bytes that are valid UTF-8 cannot hold one otherwise. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/

/**
 * Reads the body of a request as one JSON object. When a member occurs twice the last one counts, and what is passed on is written anew from the
 * value, so that no later reader can see another one. Halves of surrogate pairs become U+FFFD, as `TextEncoder` would make them.
 *
 * Throws `REQUEST_INVALID` for bytes that are not UTF-8, text that is not JSON, and values that are not an object.
 */
export function parseJsonBody(bytes: Buffer): JsonObject {
  if (bytes.length === 0) throw invalidRequest(undefined, 'The body is empty; a JSON object is expected')
  if (!isUtf8(bytes)) throw invalidRequest(undefined, 'The body is not valid UTF-8')
  const text = bytes.toString('utf8')
  const value = parseText(text)
  if (!isJsonObject(value)) throw invalidRequest(undefined, 'The body must be a JSON object')
  if (!SURROGATE_ESCAPE.test(text)) return value
  checkJsonTree(value, undefined)
  const repaired = withWholeCharacters(value)
  return isJsonObject(repaired) ? repaired : value
}

function parseText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : 'unknown'
    throw invalidRequest(undefined, `The body is not valid JSON: ${reason}`)
  }
}

/** Whether a value is a JSON object, not an array or null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is a JSON array. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/**
 * Checks a value that is passed on without being understood: at most `JSON_DEPTH_MAX` levels, numbers that JSON can write again
 * (`1e999` reads as infinity), and no member named `__proto__`, which some readers take for more than a name.
 *
 * Throws `REQUEST_INVALID` naming `param`.
 */
export function checkJsonTree(value: JsonValue, param: string | undefined): void {
  checkLevel(value, { param, depth: 0 })
}

function checkLevel(value: JsonValue, at: { readonly param: string | undefined; readonly depth: number }): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw invalidRequest(at.param, 'A number is too large to be represented')
  }
  if (typeof value !== 'object' || value === null) return
  if (at.depth >= JSON_DEPTH_MAX) throw invalidRequest(at.param, `Nested deeper than ${JSON_DEPTH_MAX} levels`)
  const below = { param: at.param, depth: at.depth + 1 }
  if (isJsonArray(value)) {
    for (const item of value) checkLevel(item, below)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw invalidRequest(at.param, 'A member may not be named __proto__')
    checkLevel(value[key] ?? null, below)
  }
}

function withWholeCharacters(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (isJsonArray(value)) return value.map(withWholeCharacters)
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.toWellFormed(), withWholeCharacters(member ?? null)]),
  )
}
