/**
 * Messages of governance. Each is signed by the one who acts: who proposes, votes, delegates, executes or cancels. A table of weights is published by the
 * notary set, which orders it by itself. Values of parameters are decimal text, whatever their unit.
 *
 * @see protocol/spec/governance.md
 */
import { z } from 'zod'
import type { DurationMs } from '../../base/time.ts'
import {
  CHANGES_MAX,
  PARAMETER_NAMES,
  type ParameterChange,
  type ParameterName,
} from '../../core/governance/parameter-set.ts'
import { TIMELOCK_MAX_MS } from '../../core/governance/governance-state.ts'
import { VOTE_CHOICES } from '../../core/governance/tally.ts'
import { VOTERS_MAX, WEIGHT_SOURCES } from '../../core/governance/weight-table.ts'
import { DID, HASH, noteOf } from './fields.ts'

/** An integer from 0 to 2^64 - 1 as decimal text. */
const INTEGER: z.ZodType<bigint, string> = z.codec(
  z
    .string()
    .max(20)
    .regex(/^(0|[1-9][0-9]{0,19})$/),
  z.bigint().max(2n ** 64n - 1n),
  { decode: (text) => BigInt(text), encode: (value) => value.toString() },
)

const TIMELOCK = z.int().min(0).max(TIMELOCK_MAX_MS) as unknown as z.ZodType<DurationMs, number>

const CHANGE: z.ZodType<ParameterChange, unknown> = z.strictObject({
  name: z.enum(PARAMETER_NAMES as readonly [ParameterName, ...ParameterName[]]),
  value: INTEGER,
})

/** A table of weights as a file: its rows ascend by voter. */
export const WEIGHT_TABLE = z.strictObject({
  source: z.enum(WEIGHT_SOURCES),
  rows: z
    .array(z.strictObject({ voter: DID, weight: INTEGER }))
    .min(1)
    .max(VOTERS_MAX),
})

export const GOVERNANCE_MESSAGES = {
  /** Signed by a voter. Its hash is the proposal's name. `base` is the hash of the set that it changes, `weights` of the newest table. */
  'governance-propose': z.strictObject({
    base: HASH,
    changes: z.array(CHANGE).min(1).max(CHANGES_MAX),
    weights: HASH,
    timelockMs: TIMELOCK,
    /** Why, for people. */
    note: noteOf(2000).optional(),
  }),
  /** Signed by the voter. */
  'governance-vote': z.strictObject({ proposal: HASH, choice: z.enum(VOTE_CHOICES) }),
  /** Signed by the voter who delegates; without `to` it takes its delegation back. */
  'governance-delegate': z.strictObject({ to: DID.optional() }),
  /** Signed by anybody. */
  'governance-execute': z.strictObject({ proposal: HASH }),
  /** Signed by the one who proposed. */
  'governance-cancel': z.strictObject({ proposal: HASH }),
} as const
