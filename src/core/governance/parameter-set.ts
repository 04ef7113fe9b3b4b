import { assert } from '../../base/assert.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { AMOUNT_MAX } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { DAY_MS, type DurationMs, durationFromMs, MINUTE_MS } from '../../base/time.ts'
import { DEFAULT_ESCROW_RULES, type EscrowRules, TIMER_MAX_MS } from '../escrow/escrow-rules.ts'
import { type EscrowTimers, TIMER_NAMES, type TimerName } from '../escrow/escrow-terms.ts'
import { type Hash, parseHash } from '../evidence/names.ts'
import type { GovernanceRefusal } from './governance-refusals.ts'

/** Spans are milliseconds, shares are millionths, amounts are nano-units. */
export type ParameterKind = 'duration' | 'share' | 'amount'

export type ParameterRange = { readonly kind: ParameterKind; readonly min: bigint; readonly max: bigint }

const ANY_SPAN: ParameterRange = { kind: 'duration', min: 0n, max: BigInt(TIMER_MAX_MS) }
const ANY_SHARE: ParameterRange = { kind: 'share', min: 0n, max: 1_000_000n }
const ANY_AMOUNT: ParameterRange = { kind: 'amount', min: 0n, max: AMOUNT_MAX }

const SINGLE_PARAMETERS = {
  /** Share of the captured amount that a notary set may ask. */
  'fee.perMillionMax': ANY_SHARE,
  'fee.flatMaxNanos': ANY_AMOUNT,
  'fee.arbiterMaxNanos': ANY_AMOUNT,
  /** Least bonds of bonded contracts, as a share of the price. */
  'bond.workerPerMillionMin': ANY_SHARE,
  'bond.payerPerMillionMin': ANY_SHARE,
  /** How far two honest clocks may differ: applies to `iat` and `exp`, never to deadlines. */
  'clock.epsilonMs': { kind: 'duration', min: 0n, max: BigInt(MINUTE_MS) },
  /** How long the answer to a request is kept. */
  'retention.idempotencyMs': { kind: 'duration', min: BigInt(DAY_MS), max: BigInt(TIMER_MAX_MS) },
  'governance.votingMs': { kind: 'duration', min: 100n, max: BigInt(90 * DAY_MS) },
  /** Least timelock, whatever contracts are live. */
  'governance.timelockMinMs': { kind: 'duration', min: 0n, max: BigInt(365 * DAY_MS) },
  /** How long a proposal may be executed after its timelock. */
  'governance.executionMs': { kind: 'duration', min: 100n, max: BigInt(90 * DAY_MS) },
  /** Share of all weight that must take part, abstentions included. */
  'governance.quorumPerMillion': { kind: 'share', min: 1n, max: 1_000_000n },
  /** Share of the weight for and against that must be passed; never below one half. */
  'governance.thresholdPerMillion': { kind: 'share', min: 500_000n, max: 999_999n },
} as const satisfies Record<string, ParameterRange>

export type ParameterName = `minimum.${TimerName}` | `maximum.${TimerName}` | keyof typeof SINGLE_PARAMETERS

/** Every parameter has a value, an integer within its range. */
export type ParameterSet = Readonly<Record<ParameterName, bigint>>

/** A parameter and the value that it is to have, in milliseconds, millionths or nano-units, by its kind in `PARAMETERS`, and within its range there. */
export type ParameterChange = { readonly name: ParameterName; readonly value: bigint }

/** Changes of one proposal at most. */
export const CHANGES_MAX = 32

/** All parameters with their ranges. */
export const PARAMETERS: Readonly<Record<ParameterName, ParameterRange>> = {
  ...(Object.fromEntries(
    TIMER_NAMES.flatMap((name) => [
      [`minimum.${name}`, ANY_SPAN],
      [`maximum.${name}`, ANY_SPAN],
    ]),
  ) as Record<`minimum.${TimerName}` | `maximum.${TimerName}`, ParameterRange>),
  ...SINGLE_PARAMETERS,
}

export const PARAMETER_NAMES: readonly ParameterName[] = Object.keys(PARAMETERS).toSorted() as ParameterName[]

/** Reads the name of a parameter; `undefined` for other text. */
export function parseParameterName(text: string): ParameterName | undefined {
  return PARAMETER_NAMES.find((name) => name === text)
}

/** The set that a market begins with: the spans of the escrow, a vote of a week, a fifth of all weight, two thirds for. */
export const DEFAULT_PARAMETERS: ParameterSet = parametersOf(DEFAULT_ESCROW_RULES, {
  'fee.perMillionMax': 50_000n,
  'fee.flatMaxNanos': 1_000_000_000n,
  'fee.arbiterMaxNanos': 10_000_000_000n,
  'bond.workerPerMillionMin': 100_000n,
  'bond.payerPerMillionMin': 0n,
  'clock.epsilonMs': 5_000n,
  'retention.idempotencyMs': BigInt(DAY_MS),
  'governance.votingMs': BigInt(7 * DAY_MS),
  'governance.timelockMinMs': BigInt(2 * DAY_MS),
  'governance.executionMs': BigInt(14 * DAY_MS),
  'governance.quorumPerMillion': 200_000n,
  'governance.thresholdPerMillion': 666_666n,
})

/** A set of the escrow's rules and everything else. */
export function parametersOf(
  rules: EscrowRules,
  others: Readonly<Record<keyof typeof SINGLE_PARAMETERS, bigint>>,
): ParameterSet {
  const spans = TIMER_NAMES.flatMap((name) => [
    [`minimum.${name}`, BigInt(rules.minimums[name])],
    [`maximum.${name}`, BigInt(rules.maximums[name])],
  ])
  return { ...others, ...(Object.fromEntries(spans) as ParameterSet) }
}

/** What contracts under a set keep to. */
export function escrowRulesOf(set: ParameterSet): EscrowRules {
  return { minimums: timersOf(set, 'minimum'), maximums: timersOf(set, 'maximum') }
}

function timersOf(set: ParameterSet, bound: 'minimum' | 'maximum'): EscrowTimers {
  return Object.fromEntries(TIMER_NAMES.map((name) => [name, durationOf(set, `${bound}.${name}`)])) as EscrowTimers
}

/** A span of a set in milliseconds. */
export function durationOf(set: ParameterSet, name: ParameterName): DurationMs {
  return durationFromMs(Number(set[name]))
}

/** Why values are not a parameter set; `undefined` when they are. */
export function findParameterFault(set: ParameterSet): GovernanceRefusal | undefined {
  const isWithin = PARAMETER_NAMES.every(
    (name) => set[name] >= PARAMETERS[name].min && set[name] <= PARAMETERS[name].max,
  )
  const isOrdered = TIMER_NAMES.every((name) => set[`minimum.${name}`] <= set[`maximum.${name}`])
  return isWithin && isOrdered ? undefined : 'GOVERNANCE_PARAMETER_RANGE'
}

export type ChangedSet =
  | { readonly kind: 'changed'; readonly set: ParameterSet }
  | { readonly kind: 'refused'; readonly code: GovernanceRefusal }

/** The set after changes, if each names one parameter once and the whole is a set other than before. */
export function changeParameters(set: ParameterSet, changes: readonly ParameterChange[]): ChangedSet {
  const names = new Set(changes.map(({ name }) => name))
  if (changes.length === 0 || changes.length > CHANGES_MAX || names.size !== changes.length) {
    return { kind: 'refused', code: 'GOVERNANCE_CHANGES_WRONG' }
  }
  if (changes.some(({ name }) => !Object.hasOwn(PARAMETERS, name))) {
    return { kind: 'refused', code: 'GOVERNANCE_PARAMETER_UNKNOWN' }
  }
  const changed: ParameterSet = { ...set, ...Object.fromEntries(changes.map(({ name, value }) => [name, value])) }
  const fault = findParameterFault(changed)
  if (fault !== undefined) return { kind: 'refused', code: fault }
  return changes.every(({ name, value }) => set[name] === value)
    ? { kind: 'refused', code: 'GOVERNANCE_CHANGES_WRONG' }
    : { kind: 'changed', set: changed }
}

/** The name of a set, which contracts are signed with: SHA-256 of the canonical JSON of its purpose and its values as decimal text. */
export function hashOfParameters(set: ParameterSet): Hash {
  const parameters = Object.fromEntries(PARAMETER_NAMES.map((name) => [name, set[name].toString()]))
  return hashOf({ parameters, purpose: 'kernell/parameter-set/v1' })
}

/** SHA-256 of canonical JSON. */
export function hashOf(value: unknown): Hash {
  const hash = parseHash(sha256Hex(canonicalJson(value)))
  assert(hash !== undefined, 'a digest in hexadecimal digits is a hash')
  return hash
}
