import { randomBytes } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import { createGateway } from '../../gateway/create-gateway.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import { outgoingText } from '../../node/outgoing-text.ts'
import { announceRunningNode, withdrawRunningNode } from '../../node/running-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { configOfServingFlags, SERVING_FLAGS } from '../config-flags.ts'
import { describeNode, formatStartText } from '../describe-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

/** Opens the gateway and serves until the first Ctrl-C; requests in flight are finished, the second Ctrl-C drops them. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'answer over HTTP, as an OpenAI-compatible server',
  synopsis: '',
  flags: SERVING_FLAGS,
  details: [
    'With --json the first line is {"event":"ready","url",...} and the last {"event":"stopped"}. Ctrl-C finishes the requests in flight; a second one ends at once.',
  ],
  examples: [
    'kernell serve',
    'OPENAI_API_KEY=... kernell serve --port 9000',
    'kernell serve --policy policy.json --cache-calibration cache.json',
  ],
  async run(context) {
    await context.useNode(async (node) => await serve(node, context), configOfServingFlags(context.flags))
    if (context.isJson) context.terminal.printJson({ event: 'stopped' })
    return EXIT_CODES.done
  },
}

async function serve(node: KernellNode, context: CommandContext): Promise<void> {
  const { terminal, isJson, signal } = context
  const onFailure = (error: unknown, requestId: string): void =>
    terminal.note(outgoingText(`request ${requestId}: ${describe(error)}`))
  const controlToken = randomBytes(32).toString('base64url')
  const { PACKAGED_AGENTS: agents } = await import('kernell-os/agents')
  const adminToken = await node.access?.openAdminToken()
  const gateway = createGateway({
    node,
    onFailure,
    controlToken,
    mcp: { agents },
    ...(adminToken !== undefined && { adminToken }),
  })
  const { dataDir } = node.config
  try {
    const url = await gateway.listen()
    announceToCommands({ url, node, controlToken }, terminal)
    announce({ url, node, dashboard: gateway.dashboardLink() ?? null }, context)
    await aborted(signal)
    if (!isJson) terminal.note('Stopping; requests in flight are finished first. Ctrl-C again ends at once.')
  } finally {
    withdrawRunningNode(dataDir)
    await gateway.close()
  }
}

type Serving = { readonly url: string; readonly node: KernellNode; readonly controlToken: string }

/** Other commands then find this node, and with its secret may ask it to do what they cannot. Without it they say only that the directory is in use, so serving goes on. */
function announceToCommands({ url, node, controlToken }: Serving, terminal: Terminal): void {
  try {
    announceRunningNode(node.config.dataDir, url, controlToken)
  } catch (error) {
    terminal.note(`Other commands will not find this node: ${error instanceof Error ? error.message : String(error)}`)
  }
}

type Started = { readonly url: string; readonly node: KernellNode; readonly dashboard: string | null }

function announce({ url, node, dashboard }: Started, { terminal, isJson }: CommandContext): void {
  const description = describeNode(node)
  if (isJson) terminal.printJson({ event: 'ready', pid: process.pid, url, dashboard, ...description })
  else terminal.print(formatStartText({ url, dashboard }, description, terminal))
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** One line for what can happen to any node; the stack only of what the program did not expect. */
function describe(error: unknown): string {
  if (CodedError.is(error)) return `${error.message.replaceAll(/\s+/g, ' ')} (${error.code})`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
