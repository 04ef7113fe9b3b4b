import type { JsonValue } from '../../base/canonical-json.ts'
import type { AccessKind } from '../../core/access/access-entry.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import { changeFlags, creationFlags, membersOfFlags } from '../access-flags.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, numberFlag, textFlag } from '../flags.ts'
import { formatEntries, formatEntry } from '../format-access.ts'
import { subjectOf } from '../market-control.ts'
import { textOf } from '../registered-policies.ts'
import { operatorName, useControl } from '../running-control.ts'

/** Asks for what concerns access: of the node that serves from the data directory, or of one that is opened on it. */
export async function askAccess(context: CommandContext, request: ControlRequest): Promise<JsonValue> {
  return await useControl(context, async ({ ask }) => await ask({ by: operatorName(), ...request }, 'access'))
}

/** Prints one entry. */
export function printEntry({ isJson, terminal }: CommandContext, answer: JsonValue): ExitCode {
  if (isJson) terminal.printJson(answer)
  else terminal.print(formatEntry(answer))
  return EXIT_CODES.done
}

const PAGE_FLAGS: FlagTable = {
  limit: { value: 'N', describe: 'how many at most, up to 1000 (default 100)' },
  cursor: { value: 'TEXT', describe: 'go on behind the page before: its `next_cursor`' },
}

/** Prints a page of a list, and how to go on. */
export async function printPage(context: CommandContext, kind: string, request: ControlRequest): Promise<ExitCode> {
  const { flags, isJson, terminal } = context
  const limit = numberFlag(flags, 'limit', { min: 1, max: 1_000, isWhole: true })
  const cursor = textFlag(flags, 'cursor')
  const page = { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) }
  const answer = await askAccess(context, { ...request, ...page })
  if (isJson) terminal.printJson(answer)
  else {
    terminal.print(formatEntries(kind, answer, terminal.cutWidth))
    const next = textOf(answer, 'next_cursor')
    if (next !== '') terminal.note(`There are more: --cursor ${next}`)
  }
  return EXIT_CODES.done
}

export { PAGE_FLAGS }

const NAMED: Readonly<Record<AccessKind, string>> = {
  organisation: 'the organisation',
  tenant: 'the tenant',
  team: 'the team, TENANT/NAME',
  key: 'the key, by its id',
}

type EntryCommands = Readonly<Record<'create' | 'list' | 'show' | 'update' | 'remove', Command>>

function aOf(kind: AccessKind): string {
  return `${kind === 'organisation' ? 'an' : 'a'} ${kind}`
}

/** Commands that every kind has. */
function commandsOf(kind: AccessKind): EntryCommands {
  const id = kind === 'team' ? 'TENANT/NAME' : 'ID'
  return {
    create: creation(kind),
    list: {
      name: `access ${kind} list`,
      summary: `list the ${kind}s of this node, those of the configuration too`,
      synopsis: '',
      flags: { ...FILTERS[kind], ...PAGE_FLAGS },
      run: async (context) => await printPage(context, kind, { op: 'list', kind, ...filtersOf(context, kind) }),
    },
    show: {
      name: `access ${kind} show`,
      summary: `show one ${kind}, with its budgets and what is left of them`,
      synopsis: id,
      positionalsMax: 1,
      flags: {},
      run: async (context) =>
        printEntry(context, await askAccess(context, { op: 'show', kind, id: subjectOf(context, NAMED[kind]) })),
    },
    update: {
      name: `access ${kind} update`,
      summary: `change what ${aOf(kind)} may do; it holds from the next request on`,
      synopsis: id,
      positionalsMax: 1,
      flags: changeFlags(kind),
      details: [
        'What is not named stays. Of the rates all are given anew. What stands in the configuration is changed there.',
      ],
      async run(context) {
        const members = membersOfFlags(context.flags)
        const named = { op: 'update', kind, id: subjectOf(context, NAMED[kind]) }
        return printEntry(context, await askAccess(context, { ...members, ...named }))
      },
    },
    remove: {
      name: `access ${kind} remove`,
      summary: kind === 'key' ? 'forget a key; it is taken no more' : `forget ${aOf(kind)} that nothing is in`,
      synopsis: id,
      positionalsMax: 1,
      flags: {},
      async run(context) {
        const answer = await askAccess(context, { op: 'remove', kind, id: subjectOf(context, NAMED[kind]) })
        if (context.isJson) context.terminal.printJson(answer)
        else context.terminal.print(`removed  ${textOf(answer, 'id')}`)
        return EXIT_CODES.done
      },
    },
  }
}

const FILTERS: Readonly<Record<AccessKind, FlagTable>> = {
  organisation: {},
  tenant: { organisation: { value: 'ID', describe: 'of this organisation alone' } },
  team: { tenant: { value: 'ID', describe: 'of this tenant alone' } },
  key: {
    tenant: { value: 'ID', describe: 'of this tenant alone' },
    team: { value: 'ID', describe: 'of this team alone' },
    state: { value: 'STATE', describe: 'active, expired, revoked or disabled' },
  },
}

function filtersOf({ flags }: CommandContext, kind: AccessKind): ControlRequest {
  return Object.fromEntries(
    Object.keys(FILTERS[kind]).flatMap((name) => {
      const value = textFlag(flags, name)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function creation(kind: AccessKind): Command {
  const isKey = kind === 'key'
  const name = kind === 'team' ? 'NAME --tenant ID' : 'ID'
  return {
    name: `access ${kind} create`,
    summary: isKey ? 'make an API key, which is shown this once' : `make ${aOf(kind)}, with its budgets and rates`,
    synopsis: isKey ? '--tenant ID | --team TENANT/NAME' : name,
    positionalsMax: isKey ? 0 : 1,
    flags: creationFlags(kind),
    details: isKey
      ? [
          'Only its SHA-256 is kept. A key of the role admin manages the keys, teams and budgets of its tenant over HTTP; once a key was made, the node asks everybody for one.',
        ]
      : ['What a key may do is what every level that it is in allows: organisation, tenant, team and the key itself.'],
    examples: EXAMPLES[kind],
    async run(context) {
      const members = membersOfFlags(context.flags)
      const named = isKey ? {} : { [kind === 'team' ? 'name' : 'id']: subjectOf(context, `the new ${kind}`) }
      return printKey(context, await askAccess(context, { ...members, ...named, op: 'create', kind }))
    },
  }
}

const EXAMPLES: Readonly<Record<AccessKind, readonly string[]>> = {
  organisation: ['kernell access organisation create holding --budget month=1000'],
  tenant: ['kernell access tenant create acme --organisation holding --budget day=50 --requests-per-minute 600'],
  team: ['kernell access team create search --tenant acme --tier cheap_api local_small'],
  key: [
    'kernell access key create --team acme/search --label "search backend" --expires-in-days 90',
    'kernell access key create --tenant acme --role admin',
  ],
}

/** The key alone is on stdout, so that it can be taken from there. */
export function printKey(context: CommandContext, answer: JsonValue): ExitCode {
  const key = textOf(answer, 'key')
  if (context.isJson || key === '') return printEntry(context, answer)
  context.terminal.note(formatEntry(answer))
  context.terminal.note('This is the key. It is shown this once.')
  context.terminal.print(key)
  return EXIT_CODES.done
}

/** By kind. */
export const ENTRY_COMMANDS: Readonly<Record<AccessKind, EntryCommands>> = {
  organisation: commandsOf('organisation'),
  tenant: commandsOf('tenant'),
  team: commandsOf('team'),
  key: commandsOf('key'),
}

export const keyRotateCommand: Command = {
  name: 'access key rotate',
  summary: 'give a key a new secret; the one before is taken for a while longer',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: { 'grace-hours': { value: 'N', describe: 'how long the secret before is taken, at most 2160 (default 24)' } },
  details: ['--grace-hours 0 ends the secret before at once.'],
  examples: ['kernell access key rotate key_0123456789abcdef --grace-hours 1'],
  async run(context) {
    const hours = numberFlag(context.flags, 'grace-hours', { min: 0, max: 2_160 })
    const grace = hours === undefined ? {} : { grace_seconds: Math.round(hours * 3_600) }
    const request = { op: 'rotate', kind: 'key', id: subjectOf(context, NAMED.key), ...grace }
    return printKey(context, await askAccess(context, request))
  },
}

export const keyRevokeCommand: Command = {
  name: 'access key revoke',
  summary: 'take a key back for good: it is refused from the next request on',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: {},
  examples: ['kernell access key revoke key_0123456789abcdef'],
  async run(context) {
    const request = { op: 'revoke', kind: 'key', id: subjectOf(context, NAMED.key) }
    return printEntry(context, await askAccess(context, request))
  },
}
