import { randomBytes } from 'node:crypto'
import { createGateway } from '../../gateway/create-gateway.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { Logger } from '../../ports/logger.ts'
import { announceRunningNode, withdrawRunningNode } from '../../node/running-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { SERVING_FLAGS } from '../config-flags.ts'
import { describeNode, formatStartText } from '../describe-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { packagedSkills } from '../packaged-skills.ts'
import { useServedNode } from '../use-served-node.ts'

/** Opens the gateway and serves until the first Ctrl-C; requests in flight are finished, the second Ctrl-C drops them. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'answer over HTTP, as an OpenAI-compatible server',
  synopsis: '',
  flags: SERVING_FLAGS,
  details: [
    'What happens while it runs is told on standard error: a JSON document a line, or lines for people on a terminal (`log` in the configuration). With --json the first line is {"event":"ready","url",...} and the last {"event":"stopped"}. Ctrl-C finishes the requests in flight; a second one ends at once.',
  ],
  examples: [
    'kernell serve',
    'OPENAI_API_KEY=... kernell serve --port 9000',
    'kernell serve --policy policy.json --cache-calibration cache.json',
  ],
  async run(context) {
    await useServedNode(context, async (node, logger) => {
      await serve(node, context, logger)
      logger.info('stopped')
    })
    if (context.isJson) context.terminal.printJson({ event: 'stopped' })
    return EXIT_CODES.done
  },
}

async function serve(node: KernellNode, context: CommandContext, logger: Logger): Promise<void> {
  const { terminal, isJson, signal } = context
  const controlToken = randomBytes(32).toString('base64url')
  const { PACKAGED_AGENTS: agents } = await import('kernell-os/agents')
  const adminToken = await node.access?.openAdminToken()
  const gateway = createGateway({
    node,
    logger,
    controlToken,
    mcp: { agents },
    agentSkills: await packagedSkills(node),
    ...(adminToken !== undefined && { adminToken }),
  })
  const { dataDir } = node.config
  try {
    const url = await gateway.listen()
    announceToCommands({ url, node, controlToken }, logger)
    logger.info('listening', { url, version: node.health().version })
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
function announceToCommands({ url, node, controlToken }: Serving, logger: Logger): void {
  try {
    announceRunningNode(node.config.dataDir, url, controlToken)
  } catch (error) {
    logger.warn('other commands will not find this node', { error })
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
