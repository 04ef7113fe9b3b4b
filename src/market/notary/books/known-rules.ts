import type { EscrowRules } from '../../../core/escrow/escrow-rules.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { ParameterSet } from '../../../core/governance/parameter-set.ts'
import type { WeightTable } from '../../../core/governance/weight-table.ts'

export type NamedTable = { readonly hash: Hash; readonly table: WeightTable }

/** What a member's operator lets into the log besides messages: what other members order of this kind is let in if it is the same here. */
export type KnownRules = {
  /** Rules that contracts may pin, by their hash. */
  readonly parameters: readonly { readonly hash: Hash; readonly rules: EscrowRules }[]
  /** Issuers whose credits have room of their own in the books. */
  readonly issuers: readonly Did[]
  /** The set that governance begins with; `undefined`: this member does not want it to begin. */
  readonly founding: ParameterSet | undefined
  /** The newest table of weights that the operator gave. */
  readonly weights: () => NamedTable | undefined
}
