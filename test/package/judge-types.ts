import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ATTW = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.bin/attw')

/** Ways of resolving that are no promise: the package is ES modules alone, with an exports map, and says so. */
const NOT_PROMISED = ['node10', 'node16-cjs']
/** Bytes, which have no types. */
const NO_MODULE = 'wasm/core.wasm'

type Problem = {
  readonly kind: string
  readonly entrypoint?: string
  readonly fileName?: string
  readonly moduleSpecifier?: string
  /** Problems of an entry point say how it was resolved, those of a file with which setting of the compiler. */
  readonly resolutionKind?: string
  readonly resolutionOption?: string
}

/**
 * What `attw` finds in a packed package by the ways of resolving that projects of ES modules use. Its exit code also counts files that
 * the oldest way does not resolve, whatever profile is named, so its findings are judged here. Throws where there is one.
 */
export async function judgeTypes(folder: string, tarball: string): Promise<string> {
  const words = [tarball, '--profile=esm-only', '--format=json', `--exclude-entrypoints=${NO_MODULE}`]
  // Into a file: it ends before a pipe has taken all that it wrote.
  const file = join(folder, 'attw.json')
  const output = await open(file, 'w')
  const attw = spawn(ATTW, words, { cwd: folder, stdio: ['ignore', output.fd, 'inherit'] })
  await once(attw, 'close')
  await output.close()
  const { analysis } = JSON.parse(await readFile(file, 'utf8')) as {
    readonly analysis: { readonly entrypoints: object; readonly problems: readonly Problem[] }
  }
  const doors = Object.keys(analysis.entrypoints).length
  const found = analysis.problems.filter((problem) => !NOT_PROMISED.includes(wayOf(problem)))
  if (found.length > 0 || doors < 2) throw new Error(found.map(describe).join('\n') || 'attw found no entry points')
  return `${doors} doors resolve with types`
}

function wayOf({ resolutionKind, resolutionOption }: Problem): string {
  return resolutionKind ?? resolutionOption ?? ''
}

function describe(problem: Problem): string {
  const { kind, entrypoint, fileName, moduleSpecifier } = problem
  return [kind, wayOf(problem), entrypoint ?? fileName, moduleSpecifier].filter((part) => part !== undefined).join('  ')
}
