import type { KernellNode } from '../../node/kernell-node.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatTable, type Column } from '../format-table.ts'
import { WITHOUT_SERVERS } from '../record-flags.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'id', isFlexible: true },
  { heading: 'agent', isFlexible: true },
  { heading: 'version', align: 'right' },
  { heading: 'commits', align: 'right' },
  { heading: 'waiting', align: 'right' },
  { heading: 'timers', align: 'right' },
  { heading: 'effects', align: 'right' },
]

type StoredActor = Awaited<ReturnType<KernellNode['durableActors']['list']>>[number]

/** The durable actors of the data directory. */
export const agentStoredCommand: Command = {
  name: 'agent stored',
  summary: 'show the durable agents that are stored in the data directory',
  synopsis: '',
  flags: {},
  details: [
    'Version is that of the definition which wrote the state, commits are the turns that were stored; waiting, timers and effects are the messages, timers and effects that are open.',
  ],
  async run({ terminal, isJson, useNode }) {
    const agents = await useNode(async (node) => await node.durableActors.list(), WITHOUT_SERVERS)
    if (isJson) terminal.printJson({ agents: agents.map(({ isInMemory: _isInMemory, ...agent }) => agent) })
    else
      terminal.print(
        agents.length === 0 ? 'No agent is stored here' : formatTable(COLUMNS, agents.map(rowOf), terminal.cutWidth),
      )
    return EXIT_CODES.done
  },
}

function rowOf({ id, agent, version, commits, waiting, timers, effects }: StoredActor): readonly string[] {
  return [id, agent, ...[version, commits, waiting, timers, effects].map(String)]
}
