import { execFile } from 'node:child_process'
import { builtinModules } from 'node:module'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { PACKAGED_AGENTS } from '../../agents/packaged/registry.ts'
import { listDoors, listTypeScript, readImports, readRepositoryFile, ROOT } from '../repo/repository.ts'

const FILES = listTypeScript('agents')
const NAMES = readdirSync(join(ROOT, 'agents')).filter((name) => existsSync(join(ROOT, 'agents', name, 'agent.ts')))
const run = promisify(execFile)

describe('the packaged agents', () => {
  it('are these', () => {
    const expected = [
      'cache-warmer',
      'echo',
      'monitor',
      'pipeline',
      'planner',
      'researcher',
      'summarizer',
      'treasurer',
      'verifier',
    ]
    // They need a notary set and a journal, so `kernell market` runs what they do.
    const market = ['arbiter', 'auctioneer', 'buyer', 'governor', 'seller']
    // By itself it does nothing.
    const others = ['misbehaver']
    expect(NAMES.toSorted()).toEqual([...expected, ...market, ...others].toSorted())
    expect(PACKAGED_AGENTS.map(({ name }) => name)).toEqual(expected)
    expect(PACKAGED_AGENTS.map(({ definition }) => definition.name)).toEqual(expected)
  })

  it('can be listed and run from the command line', () => {
    expect(COMMANDS.map(({ name }) => name)).toEqual(expect.arrayContaining(['agent list', 'agent run']))
  })
})

describe.each(NAMES)('agents/%s', (name) => {
  it('has an example that runs offline, checks itself, and says in a few lines what it showed', async () => {
    const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'agents', name, 'run.ts')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '' },
      timeout: 20_000,
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(3)
    expect(lines.length).toBeLessThanOrEqual(8)
    expect(stderr).toBe('')
  })

  it('exports one definition, and the types of what goes in and out', () => {
    const source = readRepositoryFile(`agents/${name}/agent.ts`)
    expect(source.match(/^export const \w+: AgentDefinition = defineAgent\(/gm)).toHaveLength(1)
    expect(source).toMatch(/^export type \w+Event\b/m)
  })

  it('has a page: what for, what goes in and out, an example, its limits', () => {
    const page = readRepositoryFile(`agents/${name}/README.md`)
    expect(page.startsWith(`# ${name}\n`)).toBe(true)
    for (const part of ['## Events', '## Input', '## Example', '## Limits']) expect(page).toContain(part)
    expect(page.split('\n').length).toBeLessThan(90)
    // Every event and reply of the agent is on its page.
    const types = [...readRepositoryFile(`agents/${name}/agent.ts`).matchAll(/readonly type: '([a-z-]+)'/g)]
    expect(types.map((match) => match[1] ?? '').filter((type) => !page.includes(`\`${type}\``))).toEqual([])
  })
})

describe('agents', () => {
  const doors = new Set(listDoors().map(({ door }) => `kernell-os${door.slice(1)}`))

  it.each(FILES)('%s imports what a stranger can import', (file) => {
    const isRun = file.endsWith('/run.ts')
    const past = readImports(file).filter(({ specifier, file: target }) => {
      if (target !== undefined) return !target.startsWith('agents/')
      if (specifier.startsWith('node:')) return !isRun || !builtinModules.includes(specifier.slice('node:'.length))
      return specifier !== 'xstate' && !doors.has(specifier)
    })
    expect(past.map(({ specifier }) => specifier)).toEqual([])
  })

  it('use test doubles in their examples only', () => {
    const users = FILES.filter((file) => readImports(file).some(({ specifier }) => specifier === 'kernell-os/testing'))
    expect(users.every((file) => file.endsWith('/run.ts'))).toBe(true)
    const offline = FILES.filter((file) =>
      readImports(file).some(({ file: target }) => target?.startsWith('agents/offline/')),
    )
    expect(offline.every((file) => file.endsWith('/run.ts') || file.startsWith('agents/offline/'))).toBe(true)
  })
})
