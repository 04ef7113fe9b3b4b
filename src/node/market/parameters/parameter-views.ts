import { PARAMETER_NAMES } from '../../../core/governance/parameter-set.ts'
import { knownParameters } from '../../../market/parties/parameters/market-parameters.ts'

/** A parameter set as it is shown: spans in milliseconds, shares in millionths, amounts in nano-units, as decimal text. */
export type ParameterView = {
  readonly name: string
  /** What contracts pin. */
  readonly hash: string
  readonly values: Readonly<Record<string, string>>
}

/** The sets that notaries of this version publish; `trial` where they are asked to. */
export function viewParameters(): readonly ParameterView[] {
  return knownParameters().map(({ name, hash, set }) => ({
    name,
    hash,
    values: Object.fromEntries(PARAMETER_NAMES.map((parameter) => [parameter, set[parameter].toString()])),
  }))
}
