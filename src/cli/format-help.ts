import type { Command } from './command.ts'
import { COMMANDS } from './command-table.ts'
import { COMMON_FLAGS, type FlagTable } from './flags.ts'
import { formatPairs, wrapText } from './wrap-text.ts'

/** `kernell help`: every command on a line. */
export function formatOverview(version: string, width: number): string {
  const rows = [
    ...COMMANDS.map(({ name, summary }) => [name, summary] as const),
    ['version', 'show the version'] as const,
  ]
  const prose = (text: string): readonly string[] => wrapText(text, width)
  return [
    ...prose(`kernell ${version} - decides how each AI task is executed, and records what really happened`),
    '',
    'usage: kernell [COMMAND] [flags]',
    '',
    ...formatPairs(rows, width),
    '',
    ...prose(
      'Every command takes --json, --data-dir DIR and --config FILE. Without COMMAND it serves. `kernell help COMMAND` shows the rest, also for the first word of several: `kernell help models`.',
    ),
    ...prose(
      'Exit: 0 done, 1 failed, 2 wrong usage, 3 refused by a policy or a limit, 129 ended by a closed terminal, 130 by Ctrl-C, 143 by SIGTERM.',
    ),
  ].join('\n')
}

/** `kernell help GROUP`: the commands whose first words are these. */
export function formatGroupHelp(group: string, width: number): string {
  const rows = COMMANDS.filter(({ name }) => name.startsWith(`${group} `)).map(
    ({ name, summary }) => [name, summary] as const,
  )
  return [
    ...wrapText(`usage: kernell ${group} COMMAND [flags]`, width),
    '',
    ...formatPairs(rows, width),
    '',
    ...wrapText(`\`kernell help ${group} COMMAND\` shows the rest.`, width),
  ].join('\n')
}

/** Whether commands begin with this word and none is it alone. */
export function isGroup(word: string): boolean {
  return COMMANDS.some(({ name }) => name.startsWith(`${word} `)) && COMMANDS.every(({ name }) => name !== word)
}

/** `kernell help NAME` and `kernell NAME --help`. */
export function formatCommandHelp(command: Command, width: number): string {
  const usage = ['usage: kernell', command.name, command.synopsis, '[flags]'].filter((part) => part !== '').join(' ')
  return [
    wrapText(usage, width).join('\n'),
    wrapText(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`, width).join('\n'),
    ['flags:', ...formatPairs(flagRows({ ...command.flags, ...COMMON_FLAGS }), width)].join('\n'),
    ...(command.details ?? []).map((paragraph) => wrapText(paragraph, width).join('\n')),
    ...(command.examples === undefined
      ? []
      : [['examples:', ...command.examples.map((example) => `  ${example}`)].join('\n')]),
  ].join('\n\n')
}

function flagRows(table: FlagTable): readonly (readonly [string, string])[] {
  return Object.entries(table).map(([name, flag]) => [
    `--${name}${flag.value === undefined ? '' : ` ${flag.value}`}${flag.isList ? '...' : ''}`,
    flag.describe,
  ])
}
