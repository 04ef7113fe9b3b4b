import { DEFAULT_ESCROW_RULES, type EscrowRules, TEST_ESCROW_RULES } from '../../../core/escrow/escrow-rules.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import {
  DEFAULT_PARAMETERS,
  escrowRulesOf,
  hashOfParameters,
  type ParameterSet,
  parametersOf,
} from '../../../core/governance/parameter-set.ts'

export const PARAMETERS_NAMES = ['default', 'trial'] as const
export type ParametersName = (typeof PARAMETERS_NAMES)[number]

/** A parameter set that contracts pin by its hash. */
export type KnownParameters = {
  readonly name: ParametersName
  readonly hash: Hash
  readonly set: ParameterSet
  readonly rules: EscrowRules
}

/** Votes of a quarter of a minute that may be executed for an hour, without a least timelock. */
const TRIAL: ParameterSet = parametersOf(TEST_ESCROW_RULES, {
  ...DEFAULT_PARAMETERS,
  'governance.votingMs': 15_000n,
  'governance.timelockMinMs': 0n,
  'governance.executionMs': 3_600_000n,
})

/** The set that a market begins with, and one for trying things out: spans down to 100 ms, and votes that are over soon. */
export function knownParameters(): readonly [KnownParameters, KnownParameters] {
  return [
    {
      name: 'default',
      hash: hashOfParameters(DEFAULT_PARAMETERS),
      set: DEFAULT_PARAMETERS,
      rules: DEFAULT_ESCROW_RULES,
    },
    { name: 'trial', hash: hashOfParameters(TRIAL), set: TRIAL, rules: escrowRulesOf(TRIAL) },
  ]
}

/** Names of those sets by their hash. */
export function namedParameters(): ReadonlyMap<string, ParametersName> {
  return new Map(knownParameters().map(({ hash, name }) => [hash, name]))
}

/** The set of a name. */
export function foundingParameters(wanted: ParametersName): ParameterSet {
  return wanted === 'trial' ? TRIAL : DEFAULT_PARAMETERS
}
