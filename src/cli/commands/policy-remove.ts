import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, usageError } from '../flags.ts'
import { textOf } from '../registered-policies.ts'
import { useControl } from '../running-control.ts'

/** A version that nobody serves goes. */
export const policyRemoveCommand: Command = {
  name: 'policy remove',
  summary: 'delete a policy that neither serves nor is what a rollback goes back to',
  synopsis: 'VERSION',
  positionalsMax: 1,
  flags: { yes: { describe: 'needed, since nothing brings the signed reports back' } },
  details: [
    'What its gates said goes with it. `kernell policy show VERSION` tells both; the file of the policy can be registered again, its reports cannot be signed again without another evaluation.',
  ],
  examples: ['kernell policy remove policy-1-0123456789ab --yes'],
  async run(context) {
    const { flags, terminal, isJson, positionals } = context
    const [version] = positionals
    if (version === undefined) throw usageError('Name the policy: a version of `kernell policy list`')
    if (!isFlagSet(flags, 'yes'))
      throw usageError('This removes the policy and its signed gate reports for good; add --yes to do it')
    const answer = await useControl(context, async ({ ask }) => await ask({ op: 'remove', version }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(textOf(answer, 'effect') === 'removed' ? `${version} is removed` : `There was no ${version}`)
    return EXIT_CODES.done
  },
}
