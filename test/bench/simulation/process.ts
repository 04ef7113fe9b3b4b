import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a program of this folder in a process of its own; its last line is the figures. */
export async function playInProcess(
  program: string,
  values: readonly (string | number)[],
  nodeOptions: readonly string[] = [],
): Promise<Readonly<Record<string, number>>> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const { stdout } = await run(process.execPath, [...nodeOptions, path, ...values.map(String)], {
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as Readonly<Record<string, number>>
}
