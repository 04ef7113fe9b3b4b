/** What the command tells the shell: done, failed, wrong usage, refused by a policy or a limit, ended by Ctrl-C. */
export const EXIT_CODES = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: 130 } as const

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]
