import { dirname, resolve } from 'node:path'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import type { ControlRequest } from '../node/control/control-request.ts'
import {
  createRunningNodeClient,
  findRunningNode,
  isNodeGone,
  readControlToken,
  type RunningNode,
} from '../node/running-node.ts'
import type { CommandContext } from './command.ts'
import { type FlagTable, requiredFlag, textFlag, usageError } from './flags.ts'

/** Flags of commands that ask a running node. */
export const NODE_FLAGS: FlagTable = {
  node: { value: 'URL', describe: 'the node to ask; default: the one that serves from the data directory' },
  'token-file': {
    value: 'FILE',
    describe: 'its control token, `tokenFile` of its ready line; default: of the data directory',
  },
}

export const KEY_FLAG: FlagTable = {
  'idempotency-key': {
    value: 'K',
    describe:
      'name of this request: given again while it is remembered it does nothing again, and answers the same with `exists`',
  },
}

/** The node of the market, as commands use it. */
export type MarketControl = {
  /** Throws the coded error that the node answered with. */
  readonly ask: (request: ControlRequest) => Promise<JsonValue>
  /** The same for an answer of JSON lines, without the last one, which says that there are no more. */
  readonly lines: (request: ControlRequest) => AsyncIterable<string>
}

/** Longest wait for an answer, and for a pause between two lines; nodes send a sign of life more often. */
const TIMEOUT_MS = 120_000

/** Works with the node that takes part in the market. Throws `MARKET_NODE_MISSING` where none runs, and as the work does. */
export async function useMarket<Result>(
  context: CommandContext,
  work: (market: MarketControl) => Promise<Result>,
): Promise<Result> {
  const { node, token } = findNode(context)
  const client = createRunningNodeClient(node)
  const question = (body: ControlRequest): Parameters<typeof client.ask>[0] => ({
    path: '/control/market',
    body,
    headers: { 'x-kernell-control': token },
    apiKey: undefined,
    timeoutMs: TIMEOUT_MS,
    signal: context.signal,
  })
  try {
    return await work({
      ask: async (request) => {
        const { body } = await client.ask(question(request)).catch((error: unknown) => {
          throw unreachable(error, node)
        })
        return body as JsonValue
      },
      async *lines(request) {
        let isComplete = false
        for await (const line of client.lines(question(request))) {
          isComplete = line === '{"end":true}'
          if (!isComplete && line !== '') yield line
        }
        if (!isComplete) throw new CodedError('OUTBOUND_UNREACHABLE', { message: `The node at ${node.url} broke off` })
      },
    })
  } finally {
    await client.close()
  }
}

function findNode(context: CommandContext): { readonly node: RunningNode; readonly token: string } {
  const { flags, workingDir } = context
  const { dataDir } = context.loadConfig()
  const url = textFlag(flags, 'node')
  if (url !== undefined && !URL.canParse(url))
    throw usageError(`--node must be an address such as http://127.0.0.1:8787`)
  const tokenFile = textFlag(flags, 'token-file')
  const from = tokenFile === undefined ? dataDir : dirname(resolve(workingDir, tokenFile))
  const token = readControlToken(from)
  const node = url === undefined ? findRunningNode(from) : { pid: 0, url: new URL(url).origin }
  if (node === undefined || token === undefined)
    throw new CodedError('MARKET_NODE_MISSING', {
      message: `No node of the market serves from ${from}`,
      details: { dataDir: from },
    })
  return { node, token }
}

function unreachable(error: unknown, node: RunningNode): unknown {
  if (!isNodeGone(error, node)) return error
  return new CodedError('MARKET_NODE_MISSING', { message: `The node at ${node.url} does not answer`, cause: error })
}

/** The name of a request. Throws `COMMAND_INVALID` without one, or for one that is none. */
export function idempotencyKey({ flags }: Pick<CommandContext, 'flags'>): string {
  const key = requiredFlag(flags, 'idempotency-key')
  if (/^[\x21-\x7e]{1,128}$/.test(key)) return key
  throw usageError('--idempotency-key must be 1 to 128 printable characters without blanks')
}

/** The one word behind a command. Throws `COMMAND_INVALID` without it. */
export function subjectOf({ positionals }: Pick<CommandContext, 'positionals'>, what: string): string {
  const [subject] = positionals
  if (subject === undefined) throw usageError(`Name ${what}`)
  return subject
}
