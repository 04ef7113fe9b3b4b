import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of simulated worlds. */
export const SIMULATION_ERRORS = {
  SIMULATION_REAL_WORLD: {
    cause: 'Code in a simulated world asked the real one for time, chance, a timer or a connection.',
    remedy: 'Take it from the ports that the world gives: `clock`, `timers`, `random`, `transport`.',
    httpStatus: 500,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
