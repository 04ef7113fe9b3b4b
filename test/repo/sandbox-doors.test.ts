import { describe, expect, it } from 'vitest'
import { listTypeScript, readImports, readRepositoryFile, withoutComments } from './repository.ts'

const SOURCES = [...listTypeScript('src'), ...listTypeScript('agents')]

/** Who imports a file as code, types left out. */
function importersOf(isMeant: (target: string) => boolean): readonly string[] {
  return SOURCES.filter((file) =>
    readImports(file).some(({ file: target, isTypeOnly }) => target !== undefined && !isTypeOnly && isMeant(target)),
  )
}

describe('programs that nobody trusts', () => {
  it('are run by a capability alone: nobody else holds the runtimes', () => {
    const makers = /^src\/sandbox\/\w+\/create-\w+-sandbox\.ts$/
    expect(importersOf((target) => makers.test(target))).toEqual([
      // The door of the package, for those who judge by themselves; nothing in here goes through it.
      'src/node/sandbox/index.ts',
      'src/node/sandbox/sandbox-runtimes.ts',
    ])
    expect(importersOf((target) => target === 'src/node/sandbox/index.ts')).toEqual([])
    expect(importersOf((target) => target === 'src/node/sandbox/sandbox-runtimes.ts')).toEqual([
      'src/node/sandbox/open-sandboxes.ts',
    ])
    expect(importersOf((target) => target === 'src/node/sandbox/open-sandboxes.ts')).toEqual([
      // It tries them out, and runs nothing of anybody.
      'src/node/diagnosis/diagnose-sandboxes.ts',
      // The door of the package again.
      'src/node/sandbox/index.ts',
      'src/node/sandbox/run-in-sandbox.ts',
    ])
    expect(withoutComments(readRepositoryFile('src/node/diagnosis/diagnose-sandboxes.ts'))).not.toMatch(/\.run\(/)
    expect(withoutComments(readRepositoryFile('src/node/sandbox/run-in-sandbox.ts'))).toMatch(/await runGranted\(/)
  })

  it('are started by the sandbox and by nobody else: no other part starts a process that a caller names', () => {
    const builtins = /^(?:node:)?(?:child_process|vm)$/
    const starters = SOURCES.filter((file) => readImports(file).some(({ specifier }) => builtins.test(specifier)))
    expect(starters.filter((file) => !file.startsWith('src/sandbox/'))).toEqual([])
  })
})
