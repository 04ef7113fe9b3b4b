import { createGateway } from '../../gateway/create-gateway.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { configOfServingFlags, SERVING_FLAGS } from '../config-flags.ts'
import { describeNode, formatStartText } from '../describe-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'

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
    terminal.note(`request ${requestId}: ${describe(error)}`)
  const gateway = createGateway({ node, onFailure })
  try {
    announce(await gateway.listen(), node, context)
    await aborted(signal)
    if (!isJson) terminal.note('Stopping; requests in flight are finished first. Ctrl-C again ends at once.')
  } finally {
    await gateway.close()
  }
}

function announce(url: string, node: KernellNode, { terminal, isJson }: CommandContext): void {
  const description = describeNode(node)
  if (isJson) terminal.printJson({ event: 'ready', pid: process.pid, url, ...description })
  else terminal.print(formatStartText(url, description, terminal))
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
