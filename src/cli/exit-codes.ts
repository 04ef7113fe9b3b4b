/** What the command tells the shell: done, failed, wrong usage, refused by a policy or a limit; ended by a closed terminal, by Ctrl-C, by SIGTERM, which are 128 and the signal's number. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]
