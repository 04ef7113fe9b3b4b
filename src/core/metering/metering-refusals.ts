type RefusalEntry = { readonly cause: string; readonly remedy: string }

/** Why a reading or a statement is not taken. */
export const METERING_REFUSALS = {
  METER_CONTRACT_WRONG: {
    cause: 'The reading is of another contract.',
    remedy: 'Send it to the meter of its contract.',
  },
  METER_SEQUENCE_WRONG: {
    cause: 'The number of the reading is not the one after the last.',
    remedy: 'Number readings from 0 without gaps.',
  },
  METER_TIME_BACK: {
    cause: 'The reading is older than the last.',
    remedy: 'Read the meter in the order of its stamps.',
  },
  METER_COUNT_BACK: {
    cause: 'A cumulative count is smaller than before, or is missing.',
    remedy: 'Count upward only, and name every unit that was counted before.',
  },
  METER_UNIT_UNPRICED: {
    cause: 'The price list has no price for a unit that was counted.',
    remedy: 'Count only what the contract prices.',
  },
  METER_UNITS_MANY: {
    cause: 'The reading has more units than a meter takes.',
    remedy: 'Price at most 32 units.',
  },
  METER_AMOUNT_LARGE: {
    cause: 'The rated amount exceeds 64 bits.',
    remedy: 'End the contract and start another.',
  },
  METER_STATEMENT_LARGE: {
    cause: 'The period has more lines than one statement takes.',
    remedy: 'Ask for a shorter period.',
  },
  METER_PERIOD_WRONG: {
    cause: 'The period ends before it starts.',
    remedy: 'Name a start that is not after the end.',
  },
} as const satisfies Record<string, RefusalEntry>

export type MeteringRefusalCode = keyof typeof METERING_REFUSALS
