import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** Runs the command as a user does, in a folder of its own. @returns The JSON document that it prints; rejects with its errors where it ends otherwise than with 0 or 1. */
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
  // A run with violations has a document, too.
  if (output === '') throw new Error(`kernell ${words.slice(0, 2).join(' ')} ended with ${code}: ${errors.trim()}`)
  return JSON.parse(output)
}
