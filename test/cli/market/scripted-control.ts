import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTerminal } from '../../../src/cli/terminal.ts'
import { runCommandLine } from '../../../src/cli/run-command-line.ts'
import { announceRunningNode } from '../../../src/node/running-node.ts'

type Asked = { readonly op: string; readonly [name: string]: unknown }

/** What the node answers to one operation. */
export type Answers = { [op: string]: (asked: Asked) => unknown }

export type ControlRun = { readonly code: number; readonly output: string; readonly errors: string }

export type ScriptedControl = {
  readonly folder: string
  /** What the command line has done, in order: `asked OP`, and `said TEXT` for what went to stderr. */
  readonly events: string[]
  readonly answers: Answers
  kernell(words: string, signal?: AbortSignal): Promise<ControlRun>
  close(): Promise<void>
}

const CONTRACT = `c-${'a'.repeat(64)}`

/** A contract in its last state whose result is `result`. */
const PURCHASED: Answers = {
  disclosure: () => ({ discloses: [{ to: 'seller', who: ['did:key:z1'], what: 'the input' }] }),
  'input-begin': () => ({ missing: [] }),
  buy: () => ({ effect: 'applied' }),
  purchase: () => ({
    view: { contract: CONTRACT, state: 'FINAL', transitions: [], resultHash: 'b'.repeat(64) },
    failed: null,
  }),
  result: () => ({ bytes: Buffer.from('the result').toString('base64url') }),
}

/** A folder with a data directory that says that a node serves from it: this process, with answers from a script. */
export async function openScriptedControl(): Promise<ScriptedControl> {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-control-'))
  const events: string[] = []
  const answers: Answers = { ...PURCHASED }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked
      events.push(`asked ${asked.op}`)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answers[asked.op]?.(asked) ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  mkdirSync(join(folder, 'data'))
  announceRunningNode(join(folder, 'data'), `http://127.0.0.1:${port}`, 'token')
  return {
    folder,
    events,
    answers,
    kernell: async (words, signal = new AbortController().signal) => {
      let output = ''
      let errors = ''
      const environment = { KERNELL_DATA_DIR: join(folder, 'data'), XDG_CONFIG_HOME: folder }
      const said = (text: string): void => {
        errors += text
        events.push(`said ${text}`)
      }
      const code = await runCommandLine(words.split(' '), {
        terminal: createTerminal({
          output: { write: (text) => (output += text) },
          errors: { write: said },
          environment,
        }),
        environment,
        workingDir: folder,
        signal,
        version: '0.0.0',
        createNode: () => Promise.reject(new Error('This command asks a node that runs')),
        readStandardInput: async () => await Promise.resolve(new Uint8Array()),
      })
      return { code, output, errors }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Writes a file of the folder. */
export function put({ folder }: Pick<ScriptedControl, 'folder'>, name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content)
}
