import { DEFAULT_ESCROW_RULES, type EscrowRules, TEST_ESCROW_RULES } from '../../core/escrow/escrow-rules.ts'
import type { Hash } from '../../core/evidence/names.ts'
import {
  DEFAULT_PARAMETERS,
  escrowRulesOf,
  hashOfParameters,
  type ParameterSet,
  parametersOf,
} from '../../core/governance/parameter-set.ts'

/** A parameter set that contracts pin by its hash. */
export type KnownParameters = {
  readonly name: 'default' | 'trial'
  readonly hash: Hash
  readonly set: ParameterSet
  readonly rules: EscrowRules
}

/** The set that a market begins with, and the same with spans down to 100 ms, for trying things out. */
export function knownParameters(): readonly [KnownParameters, KnownParameters] {
  const trial = parametersOf(TEST_ESCROW_RULES, othersOf(DEFAULT_PARAMETERS))
  return [
    {
      name: 'default',
      hash: hashOfParameters(DEFAULT_PARAMETERS),
      set: DEFAULT_PARAMETERS,
      rules: DEFAULT_ESCROW_RULES,
    },
    { name: 'trial', hash: hashOfParameters(trial), set: trial, rules: escrowRulesOf(trial) },
  ]
}

function othersOf(set: ParameterSet): Parameters<typeof parametersOf>[1] {
  return set
}
