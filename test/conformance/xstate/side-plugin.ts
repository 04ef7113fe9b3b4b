import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Vite } from 'vitest/node'

export type Side = 'xstate' | 'kernell'

/** What the test files get `createActor` from. Not a setup file: what that loads cannot be mocked by a test. */
const SIDE_FILES: Readonly<Record<Side, string>> = {
  xstate: fileURLToPath(new URL('./xstate-side.ts', import.meta.url)),
  kernell: fileURLToPath(new URL('./kernell-side.ts', import.meta.url)),
}
const SUBJECT = '\0createActor-under-test'
const ENVIRONMENT = '\0environment-of-the-suite'
const SYSTEM_ENVIRONMENT = fileURLToPath(new URL('../../../src/actors/system/system-environment.ts', import.meta.url))
/** Modules of the package by the specifier under which our runtime imports them. */
const PACKAGE_MODULES: Readonly<Record<string, string>> = {
  xstate: 'index.ts',
  'xstate/actions': 'actions.ts',
  'xstate/actors': 'actors/index.ts',
  'xstate/guards': 'guards.ts',
  'xstate/graph': 'graph/index.ts',
}

/**
 * Lets XState's test files run against one side. Their import of the package's index gets the side's `createActor`, and
 * everything else as it is; `xstate` imported by our runtime is the checkout too, so that there is one XState in the run.
 *
 * @param core  Absolute path of `packages/core`.
 */
export function sidePlugin(core: string, side: Side): Vite.Plugin {
  const source = join(core, 'src')
  const index = join(source, 'index.ts')
  return {
    name: `kernell-conformance-${side}`,
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (specifier === 'vitest') return fileURLToPath(import.meta.resolve('vitest'))
      const moduleFile = PACKAGE_MODULES[specifier]
      if (moduleFile !== undefined) return join(source, moduleFile)
      if (importer === undefined || !specifier.startsWith('.')) return undefined
      const file = asModule(resolve(dirname(importer), specifier))
      if (file === SYSTEM_ENVIRONMENT) return ENVIRONMENT
      return file === index && isTest(core, importer) ? SUBJECT : undefined
    },
    load(id) {
      if (id === SUBJECT) return subjectSource(index, SIDE_FILES[side])
      return id === ENVIRONMENT ? environmentSource(join(source, 'reportUnhandledError.ts')) : undefined
    },
  }
}

/** What test files get for the package's index. A name exported by itself goes before the same name of a star. */
function subjectSource(index: string, sideFile: string): string {
  return [
    `export * from ${JSON.stringify(index)}`,
    `export { createActor, createActor as interpret } from ${JSON.stringify(sideFile)}`,
  ].join('\n')
}

/**
 * Our environment, with errors that nobody listens to reported through XState's module for that: two of the test files
 * replace this module, to see what is reported. Unreplaced it does what ours does.
 */
function environmentSource(reporterFile: string): string {
  return [
    `import { createSystemEnvironment as create } from ${JSON.stringify(`${SYSTEM_ENVIRONMENT}?original`)}`,
    `import { reportUnhandledError } from ${JSON.stringify(reporterFile)}`,
    `export const createSystemEnvironment = () => ({ ...create(), reportError: (error) => reportUnhandledError(error) })`,
  ].join('\n')
}

/** The file that a specifier without ending, or of a folder, means. */
function asModule(path: string): string {
  return [path, `${path}.ts`, join(path, 'index.ts')].find((file) => file.endsWith('.ts') && existsSync(file)) ?? path
}

function isTest(core: string, importer: string): boolean {
  return importer.startsWith(join(core, 'test')) || importer.startsWith(join(core, 'src/graph/test'))
}
