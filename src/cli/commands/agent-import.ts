import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { readTextFile } from '../read-json-lines.ts'
import { WITHOUT_SERVERS } from '../record-flags.ts'

/** Brings an exported actor in. */
export const agentImportCommand: Command = {
  name: 'agent import',
  summary: 'bring in a durable agent that was exported',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: {},
  details: [
    'A file that is damaged, incomplete or of a newer format is refused, and so is an agent whose id is here already; nothing is changed then. The agent runs when a program that defines it next opens this data directory.',
  ],
  examples: ['kernell agent import invoices.jsonl'],
  async run({ positionals, terminal, isJson, workingDir, useNode }) {
    const [file] = positionals
    if (file === undefined) throw usageError('Name the file to import')
    const lines = readTextFile(file, workingDir)
      .split('\n')
      .filter((line) => line !== '')
    const id = await useNode(async (node) => await node.durableActors.importActor(lines), WITHOUT_SERVERS)
    if (isJson) terminal.printJson({ id })
    else terminal.print(`Agent ${id} is stored here`)
    return EXIT_CODES.done
  },
}
