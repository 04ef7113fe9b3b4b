/** What the node answers is read member by member: a page stays whole whatever a newer or older node says. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined }
export type JsonObject = { readonly [name: string]: Json | undefined }

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

export function rowsOf(value: Json | undefined): readonly JsonObject[] {
  return listOf(value).map(objectOf)
}

/** `fallback` for what is no text. */
export function textOf(value: Json | undefined, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function isTrue(value: Json | undefined): boolean {
  return value === true
}
