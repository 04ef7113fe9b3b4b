import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag } from '../flags.ts'
import { formatResult } from '../format-rollout.ts'
import { operatorName, useControl } from '../running-control.ts'

/** Takes the candidate back, at once. */
export const policyRollbackCommand: Command = {
  name: 'policy rollback',
  summary: 'take the candidate back at once; without one, go back to the policy before',
  synopsis: '[--to VERSION]',
  flags: {
    to: {
      value: 'VERSION',
      describe: 'a policy that answered everything before, or the one of the configuration',
    },
    reason: { value: 'TEXT', describe: 'kept in the journal' },
  },
  details: [
    'Needs no gate, and takes effect with the next decision. A candidate that was taken back can be promoted again, with a gate.',
  ],
  examples: ['kernell policy rollback', 'kernell policy rollback --to policy-1-0123456789ab --reason "complaints"'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const [to, reason] = [textFlag(flags, 'to'), textFlag(flags, 'reason')]
    const answer = await useControl(
      context,
      async ({ ask }) => await ask({ op: 'rollback', to, reason, by: operatorName() }),
    )
    if (isJson) terminal.printJson(answer)
    else terminal.print(formatResult(answer))
    return EXIT_CODES.done
  },
}
