import type { ToolServerReport } from '../../ports/tool-servers.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatTable } from '../format-table.ts'
import { useControl } from '../running-control.ts'
import { visibleText } from '../visible-text.ts'

/** Shows the servers of the Model Context Protocol that are configured, each asked what it offers. */
export const mcpServersCommand: Command = {
  name: 'mcp servers',
  summary: 'show the servers whose tools agents may call, and whether they answer',
  synopsis: '',
  flags: {},
  details: [
    'Each server of `mcp.servers` in the configuration is started, or asked, and says what it offers; the node that serves from the data directory asks, where there is one. A tool that may be called and is not offered, and one that is offered and may not be called, are both named.',
    'Ends with exit code 1 where a server does not answer or does not offer a tool that it should.',
  ],
  examples: ['kernell mcp servers', 'kernell mcp servers --json'],
  async run(context) {
    const { terminal, isJson } = context
    const { servers } = await useControl(
      context,
      // Written by `answerToolControl` of the same package.
      async (control) => (await control.ask({ op: 'servers' }, 'tools')) as unknown as Servers,
    )
    if (isJson) terminal.printJson({ servers })
    else if (servers.length === 0) terminal.print('No servers are configured: `mcp.servers` names them.')
    else terminal.print(formatServers(servers, terminal.cutWidth))
    const isWell = servers.every(
      ({ failure, tools }) => failure === undefined && tools.every(({ isOffered }) => isOffered),
    )
    return isWell ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

type Servers = { readonly servers: readonly ToolServerReport[] }

const COLUMNS = [
  { heading: 'server' },
  { heading: 'place', isFlexible: true },
  { heading: 'says', isFlexible: true },
  { heading: 'tools', isFlexible: true },
  { heading: 'not allowed', isFlexible: true },
] as const

function formatServers(servers: readonly ToolServerReport[], width: number): string {
  const rows = servers.map(({ server, place, tools, others, says, failure }) => [
    server,
    visibleText(place),
    failure === undefined ? visibleText(says ?? 'answers') : `${failure.code}: ${visibleText(failure.message)}`,
    tools.map(({ name, isOffered }) => visibleText(isOffered ? name : `${name} (not offered)`)).join(', '),
    visibleText(others.join(', ')),
  ])
  return formatTable(COLUMNS, rows, width)
}
