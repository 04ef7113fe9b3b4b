import type { JsonValue } from '../../base/canonical-json.ts'

/** A JSON object, as metadata of messages and tasks are. */
export type JsonObjectValue = { readonly [name: string]: JsonValue | undefined }

/** The member of metadata under a name; `undefined` for anything that is no object. */
export function memberOf(metadata: unknown, name: string): unknown {
  if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, name)) return undefined
  return (metadata as Readonly<Record<string, unknown>>)[name]
}
