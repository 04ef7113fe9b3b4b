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
  SIMULATION_UNSTEADY: {
    cause: 'Runs of one seed differ, and in another place each time, so that no event can be named.',
    remedy: 'Look for what the world does not know of: state that outlives a run, or work of other threads.',
    httpStatus: 500,
    isRetryable: false,
  },
  SIMULATION_OPTIONS_INVALID: {
    cause: 'A scenario was given options that it does not take.',
    remedy: 'Correct what the message names; `kernell simulate SCENARIO --list` shows the options.',
    httpStatus: 400,
    isRetryable: false,
  },
  SIMULATION_FAULT_UNKNOWN: {
    cause: 'A run was to have a fault that the plan of its seed does not have.',
    remedy: 'Name ids that the message lists, or `none`; the plan of a seed changes with the options of its scenario.',
    httpStatus: 400,
    isRetryable: false,
  },
  SIMULATION_SCENARIO_UNKNOWN: {
    cause: 'There is no scenario of this name.',
    remedy: '`kernell simulate --list` shows those that there are; a file of your own is named by its path.',
    httpStatus: 404,
    isRetryable: false,
  },
  SIMULATION_SCENARIO_INVALID: {
    cause:
      'A file that was named as a scenario is none: it cannot be loaded, its default export has another shape, or what it opens or ends with cannot be played.',
    remedy:
      'Export by default what `defineScenario` of `kernell-os/simulation` returns; the README shows one. Correct what the message names.',
    httpStatus: 400,
    isRetryable: false,
  },
  SIMULATION_SCENARIO_FAILED: {
    cause: 'A scenario threw while its world was built or judged.',
    remedy: 'Correct the scenario: what goes wrong in its world is for its checks to say.',
    httpStatus: 500,
    isRetryable: false,
  },
  SIMULATION_SEED_HUNG: {
    cause:
      'A seed took longer than it was given, or its thread did not come back from a loop without end, and was ended.',
    remedy: 'Give it longer with `--timeout`, or play it alone with `--seed` and `--trace` to see where it stays.',
    httpStatus: 500,
    isRetryable: false,
  },
  SIMULATION_SEED_LOST: {
    cause: 'The thread that played a seed died, most often for lack of memory.',
    remedy: 'Play the seed alone with `--seed`, or fewer at a time with `--threads`.',
    httpStatus: 500,
    isRetryable: true,
  },
  SIMULATION_RESUME_OTHER: {
    cause:
      'A file to resume belongs to another run: another scenario, other options, another version, or it is no such file.',
    remedy: 'Name another file, or repeat the command with what the file begins with.',
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
