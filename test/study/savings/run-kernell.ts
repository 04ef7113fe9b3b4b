import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** Runs the command as a user does, in a folder of its own. @returns The JSON document that it prints; rejects with its error where it has none. */
export async function runKernell(words: readonly string[], folder: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--max-old-space-size=2048', MAIN, ...words, '--json'], {
    cwd: folder,
    // Nothing of the developer's own configuration.
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      KERNELL_DATA_DIR: join(folder, 'data'),
      KERNELL_DISCOVER: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const document: unknown = output === '' ? undefined : JSON.parse(output)
  // A run with violations ends with 1 and has its document, too.
  const hasFailed = typeof document !== 'object' || document === null || 'error' in document
  if (hasFailed) throw new Error(`kernell ${words[0]} ${words[1]} ended with ${code}: ${output.trim()}${errors.trim()}`)
  return document
}
