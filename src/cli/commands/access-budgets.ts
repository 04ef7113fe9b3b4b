import type { ControlRequest } from '../../node/control/control-request.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { requiredFlag, textFlag, usageError } from '../flags.ts'
import { textOf } from '../registered-policies.ts'
import { askAccess, PAGE_FLAGS, printEntry, printPage } from './access-entries.ts'

const SYNOPSIS = 'SCOPE WINDOW'
const LIMIT = { limit: { value: 'USD', describe: 'most that may be spent in the window' } }
const DETAILS = [
  'SCOPE is `organisation:ID`, `tenant:ID`, `team:TENANT/NAME`, `key:ID`, `agent:NAME` or `node`; WINDOW is hour, day, month or total. Hours, days and months are those of UTC.',
  'A budget counts what is admitted after it was set. What is spent stays when the limit is changed.',
]

export const budgetListCommand: Command = {
  name: 'access budget list',
  summary: 'list the budgets of this node, and what is left of them',
  synopsis: '',
  flags: { scope: { value: 'SCOPE', describe: 'of this scope alone: tenant:acme' }, ...PAGE_FLAGS },
  async run(context) {
    const scope = textFlag(context.flags, 'scope')
    return await printPage(context, 'budget', { op: 'budget-list', ...(scope !== undefined && { scope }) })
  },
}

export const budgetShowCommand: Command = {
  name: 'access budget show',
  summary: 'show one budget, and what is left of it',
  synopsis: SYNOPSIS,
  positionalsMax: 2,
  flags: {},
  run: async (context) => printEntry(context, await askAccess(context, { op: 'budget-show', ...budgetOf(context) })),
}

export const budgetCreateCommand: Command = {
  name: 'access budget create',
  summary: 'limit what may be spent in a window, from now on',
  synopsis: `${SYNOPSIS} --limit USD`,
  positionalsMax: 2,
  flags: LIMIT,
  details: DETAILS,
  examples: [
    'kernell access budget create tenant:acme day --limit 50',
    'kernell access budget create node month --limit 2000',
  ],
  async run(context) {
    const [scope = '', window = ''] = wordsOf(context)
    const request = { op: 'budget-create', scope, window, limit_usd: requiredFlag(context.flags, 'limit') }
    return printEntry(context, await askAccess(context, request))
  },
}

export const budgetUpdateCommand: Command = {
  name: 'access budget update',
  summary: 'raise or lower a limit; nothing more is admitted beyond a lower one',
  synopsis: `${SYNOPSIS} --limit USD`,
  positionalsMax: 2,
  flags: LIMIT,
  details: DETAILS,
  examples: ['kernell access budget update tenant:acme day --limit 80'],
  async run(context) {
    const request = { op: 'budget-update', ...budgetOf(context), limit_usd: requiredFlag(context.flags, 'limit') }
    return printEntry(context, await askAccess(context, request))
  },
}

export const budgetRemoveCommand: Command = {
  name: 'access budget remove',
  summary: 'take a limit away',
  synopsis: SYNOPSIS,
  positionalsMax: 2,
  flags: {},
  async run(context) {
    const answer = await askAccess(context, { op: 'budget-remove', ...budgetOf(context) })
    if (context.isJson) context.terminal.printJson(answer)
    else context.terminal.print(`removed  ${textOf(answer, 'id')}`)
    return EXIT_CODES.done
  },
}

function budgetOf(context: CommandContext): ControlRequest {
  const [scope = '', window = ''] = wordsOf(context)
  return { id: `${scope}@${window}` }
}

function wordsOf({ positionals }: CommandContext): readonly string[] {
  if (positionals.length === 2) return positionals
  throw usageError('Name the scope and the window, such as `tenant:acme day`')
}
