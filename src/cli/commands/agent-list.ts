import type { PackagedAgent } from 'kernell-os/agents'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { formatPairs, wrapText } from '../wrap-text.ts'

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

/** Name and purpose, then the fields of the input: on a terminal wrapped, in a pipe each on a line. */
function describe({ name, summary, fields }: PackagedAgent, terminal: Terminal): string {
  const nameWidth = Math.max(0, ...fields.map((field) => field.name.length))
  const rows = fields.map(({ name: field, kind, isRequired, describe: what }) => {
    const kinds = isRequired === true ? `${kind}, required` : kind
    return [`${field.padEnd(nameWidth)}  ${kinds.padEnd(KIND_WIDTH)}`, what] as const
  })
  const [title = '', ...more] = wrapText(`${name}  ${summary}`, terminal.cutWidth)
  const heading = [title.replace(name, terminal.style('bold', name)), ...more]
  return [...heading, ...formatPairs(rows, terminal.cutWidth)].join('\n')
}

const KIND_WIDTH = 'whole, required'.length
