import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRepositoryFile } from '../../repo/repository.ts'
import { COMMAND, compileCache } from '../../build/build-package.ts'
import { makeFolder, removeFolders } from '../run-binary.ts'

/** What a stranger copies out of the pages and runs, with real processes. */
const folder = makeFolder()
const SCRIPT = resolve(import.meta.dirname, '../../../agents/buyer/three-processes.sh')

type Terminal = { readonly shell: ChildProcess; readonly ended: Promise<number | null>; output: string }
const terminals: Terminal[] = []

/** A shell of its own group, so that Ctrl-C reaches what runs in it. */
function openTerminal(arguments_: readonly string[], environment: Readonly<Record<string, string>> = {}): Terminal {
  const shell = spawn('bash', arguments_, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH ?? ''}`,
      KERNELL_DISCOVER: 'false',
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      ...compileCache(),
      ...environment,
    },
  })
  const ended = once(shell, 'close').then(([code]) => (typeof code === 'number' ? code : null))
  const terminal: Terminal = { shell, ended, output: '' }
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (terminal.output += text))
  terminals.push(terminal)
  return terminal
}

async function untilPrinted(terminal: Terminal, text: string): Promise<void> {
  const printed = new Promise<void>((done) => {
    const look = (): void => {
      if (terminal.output.includes(text)) done()
    }
    terminal.shell.stdout?.on('data', look)
    look()
  })
  const endedFirst = terminal.ended.then((code): never => {
    throw new Error(`ended with ${code} before "${text}":\n${terminal.output}`)
  })
  await Promise.race([printed, endedFirst])
}

async function interrupt({ shell, ended }: Terminal): Promise<void> {
  if (shell.exitCode === null && shell.pid !== undefined) process.kill(-shell.pid, 'SIGINT')
  await ended
}

/** The `sh` blocks of a section of the README, in order. */
function blocksOf(section: string): readonly string[] {
  const [, text = ''] = readRepositoryFile('README.md').split(`\n## ${section}\n`)
  const [body = ''] = text.split('\n## ')
  return [...body.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
}

beforeAll(() => {
  const command = join(folder, 'bin', 'kernell')
  mkdirSync(join(folder, 'bin'))
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${COMMAND}" "$@"\n`)
  chmodSync(command, 0o755)
})

afterAll(async () => {
  for (const terminal of terminals.toReversed()) await interrupt(terminal)
  removeFolders()
}, 60_000)

describe('a stranger who copies commands', () => {
  test('gets from an offer to a paid result with those of the README', { timeout: 400_000 }, async () => {
    // What is below them, for a page, is run in a browser.
    const blocks = blocksOf('Buy and sell work').filter((block) => block.startsWith('# Terminal'))
    expect(blocks.map((block) => /^# Terminal (\d):/.exec(block)?.[1])).toEqual(['1', '2', '3', '4'])
    for (const block of blocks.slice(0, 3)) await untilPrinted(openTerminal(['-ec', block]), 'kernell node at')
    const last = openTerminal(['-ec', blocks[3] ?? ''])
    const code = await last.ended
    expect([code, last.output]).toEqual([0, expect.stringContaining('FINAL') as string])
    expect(last.output).toContain('0.25')
    expect(JSON.parse(readFileSync(join(folder, 'count.json'), 'utf8'))).toMatchObject({ words: 3 })
  })

  test('sees a task go through three processes, and every flipped byte found', { timeout: 400_000 }, async () => {
    const script = readFileSync(SCRIPT, 'utf8')
    expect(script).not.toMatch(/\bsrc\/|import /)
    const run = openTerminal([SCRIPT], { KERNELL: `${process.execPath} ${COMMAND}`, TMPDIR: folder })
    const code = await run.ended
    expect(run.output).toContain('way: /ip4/127.0.0.1/tcp/')
    expect([code, run.output]).toEqual([0, expect.stringMatching(/state: FINAL[\s\S]*\nDONE\n$/) as string])
  })
})
