import { resolve } from 'node:path'
import { readPolicyFile } from '../../node/learning/evaluation/read-evaluation-data.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { registerPolicy } from '../registered-policies.ts'

/** A file becomes a version. */
export const policyRegisterCommand: Command = {
  name: 'policy register',
  summary: 'keep the file of a trained policy in the registry, as a version',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: {},
  details: ['The same file again changes nothing; it repairs a version that is damaged.'],
  examples: ['kernell policy register policy.json'],
  async run(context) {
    const { terminal, isJson, positionals, workingDir } = context
    const [file] = positionals
    if (file === undefined) throw usageError('Name the file of the policy')
    const registered = await registerPolicy(context, await readPolicyFile(resolve(workingDir, file)))
    if (isJson) terminal.printJson(registered)
    else
      terminal.print(
        `${registered.version}${registered.effect === 'exists' ? ' was registered already' : ' is registered'}`,
      )
    return EXIT_CODES.done
  },
}
