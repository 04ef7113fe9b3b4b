import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, usageError } from '../flags.ts'
import { WITHOUT_SERVERS } from '../record-flags.ts'

/** Forgets one durable actor. */
export const agentRemoveCommand: Command = {
  name: 'agent remove',
  summary: 'remove a durable agent with all that is stored of it',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: { yes: { describe: 'needed, since nothing brings it back' } },
  details: ['`kernell agent stored` names the agents. `kernell agent export` writes one to a file before.'],
  examples: ['kernell agent remove invoices --yes'],
  async run({ flags, positionals, terminal, isJson, useNode }) {
    const [id] = positionals
    if (id === undefined) throw usageError('Name the agent to remove')
    if (!isFlagSet(flags, 'yes')) throw usageError('This removes the agent for good; add --yes to do it')
    await useNode(async (node) => await node.durableActors.remove(id), WITHOUT_SERVERS)
    if (isJson) terminal.printJson({ id })
    else terminal.print(`Removed agent ${id}`)
    return EXIT_CODES.done
  },
}
