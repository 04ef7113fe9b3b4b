import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { createRunningNodeClient, findRunningNode, readControlToken } from '../../node/running-node.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textOf } from '../registered-policies.ts'

const TIMEOUT_MS = 10_000

/** A link for whoever has the data directory: its file says the secret that the node asks for. */
export const dashboardCommand: Command = {
  name: 'dashboard',
  summary: 'print a link that opens the dashboard of the node that serves from the data directory',
  synopsis: '',
  flags: {},
  details: [
    'The link works once, within a day, in one browser; it is as good as an admin key until the page is closed. What a node shows there is of this machine unless its gateway listens for others.',
  ],
  examples: ['kernell dashboard', 'xdg-open "$(kernell dashboard)"'],
  async run(context) {
    const { dataDir } = context.loadConfig()
    const node = findRunningNode(dataDir)
    const token = node === undefined ? undefined : readControlToken(dataDir)
    if (node === undefined || token === undefined)
      throw new CodedError('NODE_NOT_SERVING', { message: `No node serves from ${dataDir}`, details: { dataDir } })
    const client = createRunningNodeClient(node)
    try {
      const { body } = await client.ask({
        path: '/control/dashboard',
        body: { op: 'link' },
        headers: { 'x-kernell-control': token },
        apiKey: undefined,
        timeoutMs: TIMEOUT_MS,
        signal: context.signal,
      })
      const link = textOf(body as JsonValue, 'link')
      if (context.isJson) context.terminal.printJson({ link })
      else context.terminal.print(link)
    } finally {
      await client.close()
    }
    return EXIT_CODES.done
  },
}
