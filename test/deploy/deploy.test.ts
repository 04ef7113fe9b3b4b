import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeCommand } from '../../src/cli/commands/node.ts'
import { keyCreateCommand } from '../../src/cli/commands/key-create.ts'
import { COMMON_FLAGS } from '../../src/cli/flags.ts'

const FOLDER = resolve(import.meta.dirname, '../../deploy')
const UNIT = readFileSync(join(FOLDER, 'kernell-node.service'), 'utf8')
const CONTAINER = readFileSync(join(FOLDER, 'Containerfile'), 'utf8')
/** 0 is best, 10 worst; systemd's own count of what a service may do. */
const EXPOSURE_MAX = 1.5

const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined
const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes('systemd')

function flagsIn(text: string): readonly string[] {
  return [...text.matchAll(/--([a-z-]+)/g)].map(([, name = '']) => name)
}

describe('the unit of systemd', () => {
  it('starts the node with flags that it has, and never with the passphrase itself', () => {
    const start = /^ExecStart=(.*)$/m.exec(UNIT)?.[1] ?? ''
    const known = new Set([...Object.keys(nodeCommand.flags), ...Object.keys(COMMON_FLAGS)])
    expect(flagsIn(start).filter((name) => !known.has(name))).toEqual([])
    expect(flagsIn(start)).toContain('passphrase-file')
    expect(UNIT).not.toMatch(/KERNELL_KEY_PASSPHRASE/)
  })

  it('says how its keys are made by the user that it runs as, with its directories and its passphrase', (context) => {
    const head = UNIT.slice(0, UNIT.indexOf('[Unit]')).replaceAll(/\\\n#\s+/g, '')
    const [, run = ''] = /^#\s+systemd-run (.*)$/m.exec(head) ?? []
    const properties = [...run.matchAll(/-p ([A-Za-z]+)=("[^"]*"|\S+)/g)].map(
      ([, name = '', value = '']) => `${name}=${value.replaceAll('"', '')}`,
    )
    for (const same of ['DynamicUser', 'StateDirectoryMode', 'UMask', 'LoadCredential'])
      expect(UNIT).toContain(`\n${properties.find((property) => property.startsWith(`${same}=`)) ?? same}\n`)
    // The name of the unit is the name of its user.
    expect(properties).toContain('User=kernell-node')
    const known = new Set([...Object.keys(keyCreateCommand.flags), ...Object.keys(COMMON_FLAGS)])
    const [, command = ''] = /\/bin\/sh -c '(.*)'$/.exec(run) ?? []
    expect(command).toMatch(/kernell key create --role escrow --data-dir \/var\/lib\/kernell\/data/)
    expect(flagsIn(command).filter((name) => !known.has(name))).toEqual([])
    if (!hasSystemd && !isRequired) context.skip('systemd-analyze is not installed')
    const folder = mkdtempSync(join(tmpdir(), 'kernell-unit-'))
    const file = join(folder, 'kernell-key.service')
    const start = `ExecStart=/bin/sh -c '${command.replaceAll('$', '$$$$')}'`
    writeFileSync(file, ['[Service]', 'Type=oneshot', ...properties, start, ''].join('\n'))
    const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    rmSync(folder, { recursive: true, force: true })
    expect(verified.stderr).toBe('')
  })

  it('is what systemd understands, with little that it may do', (context) => {
    if (!hasSystemd && !isRequired) context.skip('systemd-analyze is not installed')
    const folder = mkdtempSync(join(tmpdir(), 'kernell-unit-'))
    try {
      const file = join(folder, 'kernell-node.service')
      writeFileSync(file, UNIT.replace('ExecStart=/usr/local/bin/kernell', `ExecStart=${process.execPath}`))
      const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
      expect(verified.stderr).toBe('')
      const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], {
        encoding: 'utf8',
      })
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout)?.[1])
      expect(exposure).toBeLessThanOrEqual(EXPOSURE_MAX)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the container', () => {
  it('starts the node as a user of its own, with flags that it has', () => {
    const words = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(CONTAINER)?.[1] ?? '[]') as readonly string[]
    const known = new Set([...Object.keys(nodeCommand.flags), ...Object.keys(COMMON_FLAGS)])
    expect(words.slice(0, 2)).toEqual(['kernell', 'node'])
    expect(flagsIn(words.join(' ')).filter((name) => !known.has(name))).toEqual([])
    expect(CONTAINER).toMatch(/^USER node$/m)
  })

  it('says how its key is made, with flags that there are', () => {
    const [, command = ''] = /kernell-node key create (.*)$/m.exec(CONTAINER) ?? []
    const known = new Set([...Object.keys(keyCreateCommand.flags), ...Object.keys(COMMON_FLAGS)])
    expect(command).toContain('--data-dir /data --passphrase-file /run/secrets/passphrase')
    expect(flagsIn(command).filter((name) => !known.has(name))).toEqual([])
  })
})
