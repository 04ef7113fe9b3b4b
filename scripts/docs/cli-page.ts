import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { COMMON_FLAGS, type FlagTable } from '../../src/cli/flags.ts'

/** The page of all commands, from what their help texts are made of. */
export async function cliPage(): Promise<string> {
  const commands: Command[] = []
  for (const entry of COMMANDS) commands.push(await entry.load())
  const overview = commands.map(
    ({ name, summary }) => `| [\`kernell ${name}\`](#kernell-${name.replaceAll(' ', '-')}) | ${summary} |`,
  )
  return `# The command line

Made from the help texts of the commands: \`kernell help NAME\` says the same. \`kernell\` alone serves. Results go to standard output and everything else to standard
error; with \`--json\` the result is one JSON document.

| command | what it does |
|---|---|
${overview.join('\n')}

## Flags of all commands

${flagTable(COMMON_FLAGS)}
${commands.map(formatCommand).join('\n')}`
}

function formatCommand({ name, summary, synopsis, flags, details, examples }: Command): string {
  const parts = [
    `## kernell ${name}\n`,
    `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.\n`,
    `\`\`\`text\n${`kernell ${name} ${synopsis}`.trim()}\n\`\`\`\n`,
    ...(Object.keys(flags).length === 0 ? [] : [flagTable(flags)]),
    ...(details ?? []).map((text) => `${escapeAngles(text)}\n`),
    ...(examples === undefined || examples.length === 0 ? [] : [`\`\`\`text\n${examples.join('\n')}\n\`\`\`\n`]),
  ]
  return parts.join('\n')
}

function flagTable(flags: FlagTable): string {
  const rows = Object.entries(flags).map(
    ([name, flag]) => `| \`--${name}${flag.value === undefined ? '' : ` ${flag.value}`}\` | ${cell(flag.describe)} |`,
  )
  return `| flag | meaning |\n|---|---|\n${rows.join('\n')}\n`
}

function cell(text: string): string {
  return escapeAngles(text).replaceAll('|', '\\|')
}

/** Outside of code a `<` would begin a tag. */
function escapeAngles(text: string): string {
  return text.replaceAll(/<(?=[A-Za-z/])/g, '&lt;')
}
