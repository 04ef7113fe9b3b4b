import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CodedError } from '../../base/errors.ts'
import type { Scenario } from '../../simulation/scenario/scenario.ts'

/** Where a scenario comes from, in a form that crosses threads. */
export type ScenarioSource =
  | { readonly kind: 'built-in'; readonly name: string }
  | { readonly kind: 'file'; readonly url: string }

/** A name of the table, or the path of a module. Throws `SIMULATION_SCENARIO_UNKNOWN` and, for a file that cannot be read, `SIMULATION_SCENARIO_INVALID`. */
export async function sourceOf(word: string, workingDir: string): Promise<ScenarioSource> {
  if (!/[/\\]|\.[cm]?[jt]s$/.test(word)) {
    await findBuiltIn(word)
    return { kind: 'built-in', name: word }
  }
  const path = resolve(workingDir, word)
  if (!existsSync(path))
    throw new CodedError('SIMULATION_SCENARIO_INVALID', {
      message: `${word} is not there`,
      details: { file: word, remedy: 'Check the path; `kernell simulate` lists the scenarios that need none.' },
    })
  try {
    accessSync(path, constants.R_OK)
    return { kind: 'file', url: pathToFileURL(path).href }
  } catch (cause: unknown) {
    throw invalid(word, 'cannot be read', cause)
  }
}

/** Loads it on this thread; a module that was loaded before is not loaded again. Throws `SIMULATION_SCENARIO_INVALID`. */
export async function loadScenario(source: ScenarioSource): Promise<Scenario> {
  if (source.kind === 'built-in') return await findBuiltIn(source.name)
  lendPackages()
  let loaded: Readonly<Record<string, unknown>>
  try {
    loaded = (await import(source.url)) as Readonly<Record<string, unknown>>
  } catch (cause: unknown) {
    throw invalid(source.url, `cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  const scenario = loaded['default']
  const fault = faultOf(scenario)
  if (fault !== undefined) throw invalid(source.url, `is no scenario: ${fault}`)
  return scenario as Scenario
}

/** The table reaches most of the package: a thread that plays a file has no need of it. */
async function findBuiltIn(name: string): Promise<Scenario> {
  const { findScenario } = await import('../../simulation/scenarios/scenario-table.ts')
  return findScenario(name)
}

/** What is wrong with the shape of a default export; `undefined`: nothing. */
function faultOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'its default export must be what `defineScenario` returns'
  const { name, summary, schema, open } = value as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name))
    return '`name` must be lower-case letters, digits and hyphens'
  if (typeof summary !== 'string') return '`summary` must be a line of text'
  const isSchema = typeof schema === 'object' && schema !== null && 'safeParse' in schema
  if (!isSchema) return '`schema` must be a schema of zod'
  return typeof open === 'function' ? undefined : '`open` must be a function'
}

/** Packages that a scenario file is written with: found beside it, or else those of this program. */
const LENT = /^(?:kernell-os|zod)(?:\/|$)/
let isLending = false

/** Modules of scenario files that this thread has loaded, packages aside. */
const ownModules: Set<string> = new Set()
const PROGRAM = new URL('../../', import.meta.url).href

function isOwn(url: string): boolean {
  return url.startsWith('file:') && !url.startsWith(PROGRAM) && !url.includes('/node_modules/')
}

/** SHA-256 of what they say, 64 hexadecimal digits. */
export function ownModulesHash(): string {
  const hash = createHash('sha256')
  for (const url of [...ownModules].toSorted()) hash.update(`${url}\0`).update(readFileSync(fileURLToPath(url)))
  return hash.digest('hex')
}

/** A scenario file may lie anywhere, without packages of its own. */
function lendPackages(): void {
  if (isLending) return
  isLending = true
  registerHooks({
    resolve(specifier, context, next) {
      if (!LENT.test(specifier)) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
    load(url, context, next) {
      if (isOwn(url)) ownModules.add(url)
      return next(url, context)
    },
  })
}

function invalid(file: string, why: string, cause?: unknown): CodedError {
  return new CodedError('SIMULATION_SCENARIO_INVALID', { message: `${file} ${why}`, cause, details: { file } })
}
