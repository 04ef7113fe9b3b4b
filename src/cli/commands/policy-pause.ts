import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, textFlag } from '../flags.ts'
import { formatResult } from '../format-rollout.ts'
import { operatorName, useControl } from '../running-control.ts'

const FLAGS: FlagTable = { reason: { value: 'TEXT', describe: 'kept in the journal' } }

/** Keeps the rollout where it is. */
export const policyPauseCommand: Command = {
  name: 'policy pause',
  summary: 'keep the candidate where it is: it goes no step further by itself',
  synopsis: '',
  flags: FLAGS,
  details: [
    'Holds over restarts, until `kernell policy resume`, and ends with the candidate. It goes on being tried where it is, and is still taken back when it is worse; `policy promote` and `policy rollback` do what they do.',
  ],
  examples: ['kernell policy pause --reason "over the weekend"'],
  run: async (context) => await order(context, 'pause'),
}

/** Lets the rollout go on. */
export const policyResumeCommand: Command = {
  name: 'policy resume',
  summary: 'let a paused candidate go on by itself',
  synopsis: '',
  flags: FLAGS,
  examples: ['kernell policy resume'],
  run: async (context) => await order(context, 'resume'),
}

async function order(context: CommandContext, op: 'pause' | 'resume'): Promise<ExitCode> {
  const { flags, terminal, isJson } = context
  const reason = textFlag(flags, 'reason')
  const answer = await useControl(context, async ({ ask }) => await ask({ op, reason, by: operatorName() }))
  if (isJson) terminal.printJson(answer)
  else terminal.print(formatResult(answer))
  return EXIT_CODES.done
}
