import { DEFAULT_TENANT, parseTenantId } from '../../base/identifiers.ts'
import { serveMcpStdio } from '../../gateway/mcp/serve-stdio.ts'
import { CALLER_ROLES } from '../../node/config/node-config.ts'
import { bridgeNode } from '../../node/mcp/bridge-node.ts'
import { outgoingText } from '../../node/outgoing-text.ts'
import { findRunningNode } from '../../node/running-node.ts'
import type { Command } from '../command.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, textFlag, usageError } from '../flags.ts'
import { lockedBy } from '../locked-directory.ts'

/** Speaks the Model Context Protocol over standard input and output, for a client that starts this command. */
export const mcpCommand: Command = {
  name: 'mcp',
  summary: 'be a server of the Model Context Protocol for the client that starts this command',
  synopsis: '',
  flags: {
    role: {
      value: 'ROLE',
      describe: 'what the client may use, as the role of a key: member (default), admin, operator or viewer',
    },
    tenant: { value: 'NAME', describe: 'whose cache, budgets and memory (default: default)' },
    ...ARTEFACT_FLAGS,
  },
  details: [
    'Standard output carries the protocol and nothing else. It ends when the client closes its end.',
    'While `kernell serve` has the data directory open, messages go on to that node at /mcp, and what they may do is up to its keys; set KERNELL_API_KEY where it wants one. --role and --tenant are then refused.',
    'In the configuration of a desktop client: "mcpServers": {"kernell": {"command": "kernell", "args": ["mcp"]}}.',
  ],
  examples: ['kernell mcp', 'kernell mcp --role admin --tenant desk'],
  async run(context) {
    const { flags, terminal, signal, environment } = context
    const tenant = parseTenantId(textFlag(flags, 'tenant') ?? DEFAULT_TENANT)
    if (tenant === undefined) throw usageError('--tenant takes 1 to 128 characters of A-Z a-z 0-9 . _ : -')
    const role = choiceFlag(flags, 'role', CALLER_ROLES) ?? 'member'
    const { stdin: input, stdout: output } = process
    const { dataDir, server } = context.loadConfig(configOfArtefactFlags(flags))
    const running = findRunningNode(dataDir)
    if (running !== undefined) {
      for (const name of ['role', 'tenant', ...Object.keys(ARTEFACT_FLAGS)])
        if (textFlag(flags, name) !== undefined)
          throw lockedBy(running, { what: `has the data directory open, and takes no --${name} from a caller` })
      const apiKey = environment.KERNELL_API_KEY || undefined
      const { bodyBytesMax: bytesMax, requestTimeoutMs: timeoutMs } = server
      await bridgeNode({ node: running, apiKey, input, output, signal, bytesMax, timeoutMs })
      return EXIT_CODES.done
    }
    const { PACKAGED_AGENTS: agents } = await import('kernell-os/agents')
    const onFailure = (error: unknown): void =>
      terminal.note(outgoingText(error instanceof Error ? (error.stack ?? error.message) : String(error)))
    await context.useNode(async (node) => {
      await serveMcpStdio({ node, caller: { tenant }, role, agents, input, output, onFailure, signal })
    }, configOfArtefactFlags(flags))
    return EXIT_CODES.done
  },
}
