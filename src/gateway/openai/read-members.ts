import type { JsonValue } from '../../base/canonical-json.ts'
import { invalidRequest } from '../invalid-request.ts'
import { isJsonArray, isJsonObject, type JsonObject } from '../listener/parse-json-body.ts'

/** A text; `undefined` when absent or null. */
export function readText(value: JsonValue | undefined, param: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw invalidRequest(param, `${param} must be a string`)
  return value
}

/** A text with at least one character. */
export function requireText(value: JsonValue | undefined, param: string): string {
  const text = readText(value, param)
  if (text === undefined || text === '') throw invalidRequest(param, `${param} must be a non-empty string`)
  return text
}

/** A truth value; `undefined` when absent or null. `"false"` is not false. */
export function readBoolean(value: JsonValue | undefined, param: string): boolean | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') throw invalidRequest(param, `${param} must be true or false`)
  return value
}

export type NumberRange = { readonly least: number; readonly most: number; readonly isInteger?: boolean }

/** A number within a range, ends included; `undefined` when absent or null. */
export function readNumber(value: JsonValue | undefined, param: string, range: NumberRange): number | undefined {
  if (value === undefined || value === null) return undefined
  const kind = range.isInteger === true ? 'an integer' : 'a number'
  const isOfKind = typeof value === 'number' && (range.isInteger !== true || Number.isSafeInteger(value))
  if (!isOfKind || !(value >= range.least && value <= range.most)) {
    throw invalidRequest(param, `${param} must be ${kind} from ${range.least} to ${range.most}`)
  }
  return value
}

/** An object; `undefined` when absent or null. */
export function readObject(value: JsonValue | undefined, param: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw invalidRequest(param, `${param} must be an object`)
  return value
}

/** An object that must be there. */
export function requireObject(value: JsonValue | undefined, param: string): JsonObject {
  const object = readObject(value, param)
  if (object === undefined) throw invalidRequest(param, `${param} must be an object`)
  return object
}

/** A list; `undefined` when absent or null. */
export function readList(value: JsonValue | undefined, param: string): readonly JsonValue[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonArray(value)) throw invalidRequest(param, `${param} must be an array`)
  return value
}
