import { readNumber, readOneOf, readText, readTextList, fieldsOf } from '../../wire/telemetry-fields.ts'
import { DERIVATION_KINDS, type Derivation } from './derivation.ts'

/** A derivation as the ledger keeps it: tenants by their hashes. */
export type KeptDerivation = Derivation & { readonly tenants: readonly string[] | null }

export function formatDerivation(kept: KeptDerivation): string {
  return JSON.stringify(kept)
}

/** `undefined` for what `formatDerivation` has not written. */
export function parseDerivation(text: string): KeptDerivation | undefined {
  try {
    const fields = fieldsOf(JSON.parse(text))
    const kind = readOneOf(fields, 'kind', DERIVATION_KINDS)
    if (kind === null) return undefined
    return {
      kind,
      path: readText(fields, 'path', null),
      version: readText(fields, 'version', null),
      made_at: readText(fields, 'made_at'),
      from: readText(fields, 'from', null),
      to: readText(fields, 'to', null),
      rows: readNumber(fields, 'rows', { min: 0 }),
      hash: readText(fields, 'hash', null),
      tenants: fields.get('tenants') === null ? null : readTextList(fields, 'tenants'),
    }
  } catch (error: unknown) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
