import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { textOf } from '../registered-policies.ts'
import { useControl } from '../running-control.ts'

/** A version that nobody serves goes. */
export const policyRemoveCommand: Command = {
  name: 'policy remove',
  summary: 'delete a policy that neither serves nor is what a rollback goes back to',
  synopsis: 'VERSION',
  positionalsMax: 1,
  flags: {},
  examples: ['kernell policy remove policy-1-0123456789ab'],
  async run(context) {
    const { terminal, isJson, positionals } = context
    const [version] = positionals
    if (version === undefined) throw usageError('Name the policy: a version of `kernell policy list`')
    const answer = await useControl(context, async ({ ask }) => await ask({ op: 'remove', version }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(textOf(answer, 'effect') === 'removed' ? `${version} is removed` : `There was no ${version}`)
    return EXIT_CODES.done
  },
}
