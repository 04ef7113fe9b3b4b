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
    // The door hands the runtimes to programs that are built on this package: what those do is theirs.
    const door = 'src/node/sandbox/index.ts'
    expect(importersOf((target) => makers.test(target))).toEqual([door, 'src/node/sandbox/sandbox-runtimes.ts'])
    expect(importersOf((target) => target === 'src/node/sandbox/sandbox-runtimes.ts')).toEqual([
      'src/node/sandbox/open-sandboxes.ts',
    ])
    expect(importersOf((target) => target === 'src/node/sandbox/open-sandboxes.ts')).toEqual([
      // It tries them out, and runs nothing of anybody.
      'src/node/diagnosis/diagnose-sandboxes.ts',
      door,
      'src/node/sandbox/run-in-sandbox.ts',
    ])
    expect(importersOf((target) => target === door)).toEqual([])
    const specifiers = SOURCES.flatMap((file) => readImports(file).map(({ specifier }) => specifier))
    expect(specifiers).not.toContain('kernell-os/sandbox')
    expect(withoutComments(readRepositoryFile('src/node/diagnosis/diagnose-sandboxes.ts'))).not.toMatch(/\.run\(/)
    expect(withoutComments(readRepositoryFile('src/node/sandbox/run-in-sandbox.ts'))).toMatch(/await runGranted\(/)
  })

  it('are started by the sandbox and by nobody else: no other part starts a process that a caller names', () => {
    const builtins = /^(?:node:)?(?:child_process|vm)$/
    const starters = SOURCES.filter((file) => readImports(file).some(({ specifier }) => builtins.test(specifier)))
    expect(starters.filter((file) => !file.startsWith('src/sandbox/'))).toEqual([])
  })
})
