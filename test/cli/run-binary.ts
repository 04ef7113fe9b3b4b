import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMAND, compileCache } from '../build/build-package.ts'

export type BinaryInit = {
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
  readonly input?: string
}

export type BinaryRun = { readonly code: number | null; readonly output: string; readonly errors: string }

/** A started command, with what it has printed so far. */
export type StartedBinary = {
  readonly child: ChildProcess
  /** Resolves with the first output line that the pattern matches; rejects when the process ends before. */
  untilOutput(pattern: RegExp): Promise<string>
  /** Resolves when the process has ended and its pipes are read. */
  readonly ended: Promise<BinaryRun>
}

const folders: string[] = []

/** A folder of its own for one test; `removeFolders` takes all of them away. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-binary-'))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Starts the real command with an environment that holds no key of the developer's machine, and looks for no server on it. */
export function startBinary(words: readonly string[], init: BinaryInit = {}): StartedBinary {
  const folder = init.folder ?? makeFolder()
  const environment = {
    PATH: process.env.PATH ?? '',
    KERNELL_DISCOVER: 'false',
    KERNELL_DATA_DIR: join(folder, 'data'),
    XDG_CONFIG_HOME: folder,
    HOME: folder,
    ...compileCache(),
  }
  const child = spawn(process.execPath, [COMMAND, ...words], {
    cwd: folder,
    env: { ...environment, ...init.environment },
    stdio: 'pipe',
  })
  let output = ''
  let errors = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdin.end(init.input ?? '')
  const ended = once(child, 'close').then(([code]): BinaryRun => ({
    code: typeof code === 'number' ? code : null,
    output,
    errors,
  }))
  const lineFound = async (pattern: RegExp): Promise<string> =>
    await new Promise((resolve) => {
      const look = (): void => {
        const line = output.split('\n').find((one) => pattern.test(one))
        if (line === undefined) return
        listeners.delete(look)
        resolve(line)
      }
      listeners.add(look)
      look()
    })
  const untilOutput = async (pattern: RegExp): Promise<string> => {
    const endedFirst = ended.then((run): never => {
      throw new Error(`ended with ${run.code} before ${String(pattern)}:\n${run.output}${run.errors}`)
    })
    return await Promise.race([lineFound(pattern), endedFirst])
  }
  return { child, untilOutput, ended }
}

/** Runs the real command to its end. */
export async function runBinary(words: readonly string[], init: BinaryInit = {}): Promise<BinaryRun> {
  return await startBinary(words, init).ended
}
