import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, textFlag } from '../flags.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'
import { askRights } from '../running-control.ts'

/** What was allowed, refused and stopped on this node. */
export const auditListCommand: Command = {
  name: 'audit list',
  summary: 'show what was allowed, refused and stopped on this node',
  synopsis: '[--limit N] [--type TYPE]',
  flags: {
    limit: { value: 'N', describe: 'the newest N entries (default 100, at most 10000)' },
    type: { value: 'TYPE', describe: 'of this type alone, such as call-refused' },
  },
  details: [
    'Entries hold names, hashes and codes, no text of tasks and no secrets. Of more than 16,384 entries the oldest half is dropped.',
  ],
  examples: ['kernell audit list', 'kernell audit list --type call-refused --json'],
  async run(context) {
    const { flags, isJson, terminal } = context
    const limit = numberFlag(flags, 'limit', { min: 1, max: 10_000 })
    const request = { op: 'audit-list', limit, type: textFlag(flags, 'type') }
    const answer = await askRights(context, request)
    if (isJson) terminal.printJson(answer)
    else {
      const lines = listOf(answer, 'entries').map((entry) => {
        const event = membersOf(entry)['event'] ?? null
        const { type: _type, ...members } = membersOf(event)
        const rest = Object.entries(members).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        return `${numberOf(entry, 'index')}  ${new Date(numberOf(entry, 'at') ?? 0).toISOString()}  ${textOf(event, 'type')}  ${rest.join(' ')}`
      })
      terminal.print(lines.join('\n') || 'Nothing was recorded')
    }
    return EXIT_CODES.done
  },
}

/** Whether the journal is the one that was written. */
export const auditVerifyCommand: Command = {
  name: 'audit verify',
  summary: 'check that no entry of the audit journal was changed, left out or added',
  synopsis: '[--head INDEX:HASH]',
  flags: {
    head: { value: 'INDEX:HASH', describe: 'an end that was noted before; it has to be among the entries' },
  },
  details: [
    'Each entry names the hash of the one before. Who can write to the data directory could write the whole journal anew: note the end that this command prints somewhere else, and give it with --head the next time.',
    'Exit 1 where anything is wrong.',
  ],
  examples: ['kernell audit verify', 'kernell audit verify --head 41:9f86d081... --json'],
  async run(context) {
    const { flags, isJson, terminal } = context
    const request = { op: 'audit-verify', head: textFlag(flags, 'head') }
    const answer = await askRights(context, request)
    const isSound = membersOf(answer)['ok'] === true
    const head = membersOf(answer)['head'] ?? null
    const bad = membersOf(answer)['firstBad'] ?? null
    if (isJson) terminal.printJson(answer)
    else {
      const end = head === null ? 'none' : `${numberOf(head, 'index')}:${textOf(head, 'hash')}`
      const wrong = bad === null ? '' : `\nwrong    entry ${numberOf(bad, 'index')}: ${textOf(bad, 'finding')}`
      const counts = `${numberOf(answer, 'entries')}, of which ${numberOf(answer, 'dropped')} are dropped`
      terminal.print(`${isSound ? 'right' : 'wrong'}\nentries  ${counts}\nend      ${end}${wrong}`)
    }
    return isSound ? EXIT_CODES.done : EXIT_CODES.failed
  },
}
