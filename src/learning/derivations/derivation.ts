/** What was made from records: files that left the data directory, and policies in it. */
export const DERIVATION_KINDS = ['export', 'labels', 'sft', 'policy'] as const
export type DerivationKind = (typeof DERIVATION_KINDS)[number]

/** Something that was made from this node's records, for whoever has to delete it with them. */
export type Derivation = {
  readonly kind: DerivationKind
  /** Absolute path of the file; `null` for what is no file of the operator's. */
  readonly path: string | null
  /** Of a policy; `null` for anything else. */
  readonly version: string | null
  /** ISO 8601, UTC, milliseconds. */
  readonly made_at: string
  /** Instants of the first and the last record that went in, both included; `null` where they are not known. */
  readonly from: string | null
  readonly to: string | null
  /** How many records, rows or examples it holds. */
  readonly rows: number
  /** Lower-case hex SHA-256 of its text, that of a packed file unpacked; `null` where nobody computed it. */
  readonly hash: string | null
}

/** Where a derivation comes from: records of this node, files that were made from them, or both. */
export type DerivationInit = Derivation & {
  /** Tenants whose records went in; `null`: nobody counted, so any tenant's may have. */
  readonly tenants: readonly string[] | null
  /** Files that it was made from, in place of records: what is known of them holds for it as well. */
  readonly sources?: readonly DerivationSource[]
}

export type DerivationSource = {
  /** Absolute. */
  readonly path: string
  /** SHA-256 of its text, unpacked, by which a file is known again that was copied, moved, packed or unpacked. */
  readonly hash?: string
}
