import { CodedError } from '../../base/errors.ts'

/** `direct`: sent as a task. `indirect`: harmful only where it stands, inside a document. `harmless`: a text that looks like one. `ordinary`: a task of every day. */
export type InjectionRowKind = 'direct' | 'indirect' | 'harmless' | 'ordinary'

/** A text with what is known of it. `source` names its collection; it is reported by, never learnt from. */
export type InjectionRow = { readonly text: string; readonly kind: InjectionRowKind; readonly source: string }

/** Rows of one file, with what tells the file apart. */
export type InjectionFile = { readonly name: string; readonly sha256: string; readonly rows: readonly InjectionRow[] }

/** What `--leave-out` may name: the beginning of a source's name. */
export const INJECTION_FAMILIES = ['tensor-trust', 'garak', 'piguard', 'notinject'] as const
export type InjectionFamily = (typeof INJECTION_FAMILIES)[number]

/** Whether a source belongs to a family. */
export function isOfFamily({ source }: InjectionRow, family: InjectionFamily | undefined): boolean {
  return family !== undefined && source.startsWith(`${family}-`)
}

/**
 * Reads JSON Lines. Rows `{text, label, source?}` are labelled: `benign`, `indirect_injection`, and every other label is an attack. Rows `{prompt}` are
 * ordinary tasks; other members are ignored. Throws `TRAINING_DATA_INVALID` naming file and line.
 */
export function parseInjectionRows(text: string, fileName: string): readonly InjectionRow[] {
  const rows: InjectionRow[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const row = parseRow(line, fileName)
    if (row === undefined) {
      throw new CodedError('TRAINING_DATA_INVALID', {
        message: `${fileName}, line ${at + 1}: a line needs the texts "text" and "label", or the text "prompt"`,
        details: { file: fileName, line: at + 1 },
      })
    }
    rows.push(row)
  }
  return rows
}

function parseRow(line: string, fileName: string): InjectionRow | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { text, label, prompt, source } = value as Record<string, unknown>
  if (typeof text === 'string' && typeof label === 'string')
    return { text, kind: kindOf(label), source: typeof source === 'string' ? source : fileName }
  return typeof prompt === 'string' ? { text: prompt, kind: 'ordinary', source: fileName } : undefined
}

function kindOf(label: string): InjectionRowKind {
  if (label === 'benign') return 'harmless'
  return label === 'indirect_injection' ? 'indirect' : 'direct'
}

/** Equal for texts that differ in case, blanks and signs only: such rows are one, and never stand on both sides of a split. */
export function rowKeyOf(text: string): string {
  const key = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  return key === '' ? text : key
}
