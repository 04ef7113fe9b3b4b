import type { PackagedAgent } from 'kernell-os/agents'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

/** The agents that come with the package. */
export const agentListCommand: Command = {
  name: 'agent list',
  summary: 'show the agents that can be run, and what they take',
  synopsis: '',
  flags: {},
  details: ['`kernell help agent run` says how the input is given.'],
  async run({ terminal, isJson }) {
    const { PACKAGED_AGENTS } = await import('kernell-os/agents')
    if (isJson) {
      terminal.printJson({
        agents: PACKAGED_AGENTS.map(({ name, summary, fields }) => ({
          name,
          summary,
          input: fields.map(({ name: field, kind, isRequired = false, describe }) => ({
            name: field,
            kind,
            required: isRequired,
            describe,
          })),
        })),
      })
      return EXIT_CODES.done
    }
    const blocks = PACKAGED_AGENTS.map((agent) => describe(agent, terminal))
    terminal.print(blocks.join('\n\n'))
    return EXIT_CODES.done
  },
}

/** Name and purpose, then a line for each field of the input. */
function describe({ name, summary, fields }: PackagedAgent, terminal: Terminal): string {
  const { width } = terminal
  const nameWidth = Math.max(0, ...fields.map((field) => field.name.length))
  const lines = fields.map(({ name: field, kind, isRequired, describe: what }) => {
    const kinds = isRequired === true ? `${kind}, required` : kind
    return cutLine(`  ${field.padEnd(nameWidth)}  ${kinds.padEnd(KIND_WIDTH)}  ${what}`, width)
  })
  return [`${terminal.style('bold', name)}  ${summary}`, ...lines].join('\n')
}

const KIND_WIDTH = 'whole, required'.length

/** Cuts without folding the blanks that set the columns. */
function cutLine(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}
