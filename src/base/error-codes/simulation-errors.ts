import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of simulated worlds. */
export const SIMULATION_ERRORS = {
  SIMULATION_REAL_WORLD: {
    cause: 'Code in a simulated world asked the real one for time, chance, a timer or a connection.',
    remedy: 'Take it from the ports that the world gives: `clock`, `timers`, `random`, `transport`.',
    httpStatus: 500,
    isRetryable: false,
  },
  SIMULATION_STUCK: {
    cause: 'Something in a simulated world waits for what does not come any more.',
    remedy: 'Everything that takes time must come from the ports of the world; look at its last events with `--trace`.',
    httpStatus: 500,
    isRetryable: false,
  },
  SIMULATION_OPTIONS_INVALID: {
    cause: 'A scenario was given options that it does not take.',
    remedy: 'Correct what the message names; `kernell simulate SCENARIO --help` lists the options.',
    httpStatus: 400,
    isRetryable: false,
  },
  SIMULATION_SCENARIO_UNKNOWN: {
    cause: 'There is no scenario of this name.',
    remedy: '`kernell simulate --list` shows those that there are; a file of your own is named by its path.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
