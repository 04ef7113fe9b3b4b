import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatStatus } from '../format-rollout.ts'
import { useControl } from '../running-control.ts'

/** Where the rollout stands. */
export const policyStatusCommand: Command = {
  name: 'policy status',
  summary: 'show which policy serves, which is being tried, and how it does',
  synopsis: '',
  flags: {},
  details: [
    'Evidence is the share of what rolls the candidate back; it may be looked at as often as one likes.',
    'Where `policy.online` is set, it says what the node has learned from its own tasks, and which version it registered last. Such a version is served by nobody until `policy evaluate --gate` and `policy promote` have brought it there.',
  ],
  examples: ['kernell policy status', 'kernell policy status --json'],
  async run(context) {
    const { terminal, isJson } = context
    const { answer, servedBy } = await useControl(context, async ({ ask, servedBy: url }) => ({
      answer: await ask({ op: 'status' }),
      servedBy: url,
    }))
    if (isJson) terminal.printJson(answer)
    else {
      terminal.print(formatStatus(answer, terminal.cutWidth))
      if (servedBy === undefined)
        terminal.note('No node serves from the data directory now; this is what it will begin with')
    }
    return EXIT_CODES.done
  },
}
