import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, requiredFlag, usageError } from '../flags.ts'
import { WITHOUT_SERVERS } from '../record-flags.ts'

/** Takes one durable actor out: its state, messages, timers, effects and approvals. */
export const agentExportCommand: Command = {
  name: 'agent export',
  summary: 'write a durable agent to a file',
  synopsis: 'ID --output F.jsonl',
  positionalsMax: 1,
  flags: {
    output: { value: 'F', describe: 'file to write' },
    force: { describe: 'replace a file that is there' },
  },
  details: [
    'The agent stays where it is. The file is lines of JSON with a format number and a hash, appears whole or not at all, and only its owner can read it: it holds all that the agent knows.',
  ],
  examples: ['kernell agent export invoices --output invoices.jsonl'],
  async run({ flags, positionals, terminal, isJson, workingDir, useNode }) {
    const [id] = positionals
    if (id === undefined) throw usageError('Name the agent to export')
    const output = resolve(workingDir, requiredFlag(flags, 'output'))
    if (existsSync(output) && !isFlagSet(flags, 'force'))
      throw usageError(`The file ${output} is there already`, {
        file: output,
        remedy: 'Name another, or add --force to replace it.',
      })
    const lines = await useNode(async (node) => await node.durableActors.exportActor(id), WITHOUT_SERVERS)
    writeWhole(output, lines)
    if (isJson) terminal.printJson({ id, output, lines: lines.length })
    else terminal.print(`Wrote agent ${id} to ${output}`)
    return EXIT_CODES.done
  },
}

/** Writes beside the file and renames, so that a broken export never looks like a whole one. Throws `STORE_WRITE_FAILED`. */
function writeWhole(file: string, lines: readonly string[]): void {
  const draft = `${file}.partial`
  try {
    writeFileSync(draft, `${lines.join('\n')}\n`, { mode: 0o600 })
    renameSync(draft, file)
  } catch (cause: unknown) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `Cannot write ${file}`, cause })
  }
}
