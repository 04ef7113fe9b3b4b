import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notarySetCreateCommand } from '../../src/cli/commands/notary-set-create.ts'
import { parseFlags } from '../../src/cli/flags.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { checkNotarySet } from '../../src/core/notary/notary-set.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'
import { NOTARY_SET } from '../../src/wire/v1/notary-messages.ts'
import { identityOf } from '../network/identities.ts'
import { didOf, setOf } from '../torture/notary-world.ts'

const MEMBERS = [0, 1, 2, 3].flatMap((index) => ['--member', `${didOf(index)}@/memory/${index}`])

async function create(...words: string[]): Promise<{ code: number; output: string; file: string }> {
  const workingDir = mkdtempSync(join(tmpdir(), 'kernell-notary-set-'))
  let output = ''
  const sink = { write: (text: string) => void (output += text) }
  const { flags } = parseFlags([...words, '--output', 'set.json'], notarySetCreateCommand.flags)
  const code = await notarySetCreateCommand.run({
    flags,
    positionals: [],
    isJson: true,
    terminal: createTerminal({ output: sink, errors: sink, environment: {} }),
    environment: {},
    workingDir,
    signal: new AbortController().signal,
    loadConfig: () => {
      throw new TypeError('no configuration is read')
    },
    useNode: async () => await Promise.reject(new TypeError('no node is started')),
    readStandardInput: async () => await Promise.resolve(new Uint8Array()),
  })
  return { code, output, file: join(workingDir, 'set.json') }
}

describe('kernell notary-set create', () => {
  test('writes a set that can be read and checked', async () => {
    const { code, output, file } = await create(...MEMBERS, '--f', '1')
    expect(code).toBe(0)
    expect(JSON.parse(output)).toEqual({ id: setOf(1).id, epoch: 0, n: 4, f: 1, custody: 'C2', file })
    const set = NOTARY_SET.parse(JSON.parse(readFileSync(file, 'utf8')))
    expect(checkNotarySet(set)).toEqual({ kind: 'set', set: setOf(1) })
  })

  test('says why a set is none', async () => {
    await expect(create(...MEMBERS, '--f', '0')).rejects.toMatchObject({
      code: 'COMMAND_INVALID',
      details: { code: 'NOTARY_SET_SIZE' },
    })
    await expect(create('--member', 'nobody')).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
  })

  test('takes the same key in any notation, and no address of another node', async () => {
    const [own, other] = [identityOf(1).did, identityOf(2).did]
    for (const member of [
      `${own}@/ip4/192.0.2.1/tcp/4001/p2p/${peerIdOf(own)}`,
      `${peerIdOf(own)}@/ip4/192.0.2.1/tcp/4001/p2p/${own}`,
      `${peerIdOf(own)}@/ip4/192.0.2.1/tcp/4001`,
    ]) {
      const { file } = await create('--member', member)
      const { members } = NOTARY_SET.parse(JSON.parse(readFileSync(file, 'utf8')))
      expect(members).toEqual([{ key: own, address: '/ip4/192.0.2.1/tcp/4001' }])
    }
    for (const name of [other, peerIdOf(other), '12D3KooW', ''])
      await expect(create('--member', `${own}@/ip4/192.0.2.1/tcp/4001/p2p/${name}`)).rejects.toMatchObject({
        code: 'COMMAND_INVALID',
        message: expect.stringContaining('another node than the key') as string,
      })
  })

  test.each(['/ip4/127.0.0.1/tcp/0', '/ip4/0.0.0.0/tcp/4100', '/ip6/::/tcp/4100'])('takes no %s', async (address) => {
    const member = `${didOf(0)}@${address}`
    await expect(create('--member', member)).rejects.toMatchObject({
      code: 'NOTARY_ADDRESS_UNREACHABLE',
      details: { address },
    })
  })
})
