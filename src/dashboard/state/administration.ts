import { type Json, type JsonObject, objectOf, textOf } from '../connection/json-value.ts'
import type { AskInit } from '../connection/node-client.ts'
import type { FormValues } from '../parts/form-dialog.tsx'
import { access } from './node-state.ts'
import { useView } from './use-view.ts'

/** What whoever looks manages: `node`, `tenant:NAME`, `team:NAME`; `undefined` for who manages nothing, or before that is known. */
export function useManaged(): string | undefined {
  const scope = textOf(objectOf(useView('/v1/admin', []).data)['scope'])
  return scope === '' ? undefined : scope
}

/** Asks the administration of the node. Rejects with what the node said. */
export async function manage(path: string, init: AskInit): Promise<JsonObject> {
  const { value } = access
  if (value.kind !== 'in') throw new Error('Nobody is signed in')
  return objectOf(await value.client.ask(`/v1/admin/${path}`, init))
}

/** What was written in a field, as a member of a request; nothing where it was left empty. */
export function given(values: FormValues, name: string): JsonObject {
  const text = values[name] ?? ''
  return text === '' ? {} : { [name]: text }
}

/** The same as a whole number. Throws for what is none: the node is not asked what somebody did not mean. */
export function wholeGiven(values: FormValues, name: string): number | undefined {
  const text = values[name] ?? ''
  if (text === '') return undefined
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new Error(`${JSON.stringify(text)} is no whole number`)
}

/** Text of a member that may be `null`. */
export function writtenOf(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : textOf(value)
}
