import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, numberFlag, textFlag, usageError } from '../flags.ts'
import { formatResult } from '../format-rollout.ts'
import { operatorName, useControl } from '../running-control.ts'

/** Takes a policy a step further up. */
export const policyPromoteCommand: Command = {
  name: 'policy promote',
  summary: 'take a policy a step up: to the shadow, to some of the conversations, to all',
  synopsis: 'VERSION [--stage shadow|canary|full] [--percent N]',
  positionalsMax: 1,
  flags: {
    stage: {
      value: 'STAGE',
      describe: 'shadow (default for a new candidate), canary or full; without it the next step of the one under way',
    },
    percent: { value: 'N', describe: 'share of the conversations in the canary, above 0 and below 100' },
    reason: { value: 'TEXT', describe: 'kept in the journal' },
  },
  details: [
    'A policy is promoted only with a gate report that this node signed, that says it passed, and that compares this very artefact with the policy that serves now: `kernell policy evaluate VERSION --data F --gate`. Without one the command ends with exit code 3. After the watch took a candidate back, only a report of newer data counts; and one that was judged by looser bounds than `policy.gate` allows never does.',
    'The gate does not change what the watch looks at: a candidate that passed with `--cost-tolerance any` is still taken back when it costs more than `policy.rollout.slo.costMargin` (default a quarter) above the incumbent.',
    'While a node serves from the data directory the promotion takes effect there with the next decision; requests under way keep the policy that decided them. With `policy.rollout.autoAdvance` (the default) later steps are taken by themselves, and a candidate that does harm is rolled back.',
  ],
  examples: [
    'kernell policy promote policy-1-0123456789ab',
    'kernell policy promote policy-1-0123456789ab --stage canary --percent 10',
    'kernell policy promote policy-1-0123456789ab --stage full --reason "better by 3 points"',
  ],
  async run(context) {
    const { flags, terminal, isJson, positionals } = context
    const [version] = positionals
    if (version === undefined) throw usageError('Name the policy: a version of `kernell policy list`')
    const stage = choiceFlag(flags, 'stage', ['shadow', 'canary', 'full'])
    const percent = numberFlag(flags, 'percent', { min: 0.01, max: 99.99 })
    if (percent !== undefined && stage !== undefined && stage !== 'canary')
      throw usageError('--percent goes with --stage canary')
    const reason = textFlag(flags, 'reason')
    const answer = await useControl(
      context,
      async ({ ask }) => await ask({ op: 'promote', version, stage, percent, reason, by: operatorName() }),
    )
    if (isJson) terminal.printJson(answer)
    else terminal.print(formatResult(answer))
    return EXIT_CODES.done
  },
}
