import { join } from 'node:path'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

export type Json = Record<string, unknown>

export const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json

/** A folder in which each party of a test has a directory of its own, and runs as a real process. */
export function openMarketFolder() {
  const folder = makeFolder()
  const environment = { KERNELL_KEY_PASSPHRASE: 'correct horse battery staple' }
  const running = new Map<string, StartedBinary>()

  async function kernell(...words: readonly string[]): Promise<BinaryRun> {
    return await runBinary([...words, '--json'], { folder, environment })
  }

  /** @returns The DID of the new key. */
  async function makeKey(dataDir: string, role: string, ...words: readonly string[]): Promise<string> {
    if (words.length === 0) return await makeLightKey(join(folder, dataDir), role, environment.KERNELL_KEY_PASSPHRASE)
    return String(told(await kernell('key', 'create', '--role', role, '--data-dir', dataDir, ...words))['did'])
  }

  /** @returns Where it listens. */
  async function start(name: string, ...words: readonly string[]): Promise<string> {
    const flags = ['--data-dir', name, '--notary-set', 'set.json', '--port', '0', '--json']
    const started = startBinary(['node', ...flags, ...words], { folder, environment })
    running.set(name, started)
    const ready = JSON.parse(await started.untilOutput(/"event":"ready"/)) as Json
    return (ready['addresses'] as readonly string[])[0] ?? ''
  }

  async function stop(name: string): Promise<void> {
    const started = running.get(name)
    running.delete(name)
    started?.child.kill('SIGINT')
    await started?.ended
  }

  /** Ends every process and removes the folder. */
  async function end(): Promise<void> {
    for (const started of running.values()) started.child.kill('SIGINT')
    for (const started of running.values()) await started.ended
    removeFolders()
  }

  return { folder, environment, kernell, makeKey, start, stop, end }
}
