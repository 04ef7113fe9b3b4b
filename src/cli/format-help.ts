import type { Command } from './command.ts'
import { COMMANDS } from './command-table.ts'
import { COMMON_FLAGS, type FlagTable } from './flags.ts'

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
      'Every command takes --json, --data-dir DIR and --config FILE. Without COMMAND it serves. `kernell help COMMAND` shows the rest.',
    ),
    ...prose('Exit: 0 done, 1 failed, 2 wrong usage, 3 refused by a policy or a limit.'),
  ].join('\n')
}

/** `kernell help NAME` and `kernell NAME --help`. */
export function formatCommandHelp(command: Command, width: number): string {
  const usage = ['usage: kernell', command.name, command.synopsis, '[flags]'].filter((part) => part !== '').join(' ')
  return [
    `${usage}\n\n${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
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

function formatPairs(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const indent = Math.max(...rows.map(([left]) => left.length)) + 4
  // Beside each other while the right side keeps a readable width; else below each other.
  const isWide = width - indent >= 28
  return rows.flatMap(([left, right]) => {
    if (!isWide) return [`  ${left}`, ...wrapText(right, width - 6).map((line) => `      ${line}`)]
    const [first = '', ...rest] = wrapText(right, width - indent)
    return [`  ${left.padEnd(indent - 2)}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)]
  })
}

function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
