import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { identityOf } from '../../network/identities.ts'
import { makeFolder, removeFolders, type StartedBinary, startBinary } from '../run-binary.ts'
import type { Json } from './market-folder.ts'

const folder = makeFolder()
const environment = { KERNELL_KEY_PASSPHRASE: 'correct horse battery staple' }
const started: StartedBinary[] = []

function start(dataDir: string, ...words: readonly string[]): StartedBinary {
  const binary = startBinary(['node', '--data-dir', dataDir, '--port', '0', ...words], { folder, environment })
  started.push(binary)
  return binary
}

afterAll(async () => {
  for (const { child } of started) child.kill('SIGINT')
  for (const { ended } of started) await ended
  removeFolders()
}, 60_000)

test('a node says which of those that it should know does not answer, and why', { timeout: 90_000 }, async () => {
  const alive = JSON.parse(await start('alive', '--json').untilOutput(/"event":"ready"/)) as Json
  const [here = ''] = alive['addresses'] as readonly string[]
  const nowhere = `/unix${join(folder, 'nowhere.sock')}/p2p/${identityOf(66).did}`
  // At the right place, and not who was meant.
  const another = `${here.split('/p2p/')[0] ?? ''}/p2p/${identityOf(67).did}`
  const words = [here, nowhere, another].flatMap((address) => ['--bootstrap', address])
  const node = start('told', '--json', ...words)
  const silent = JSON.parse(await node.untilOutput(/"NETWORK_UNREACHABLE"/)) as Json
  const wrong = JSON.parse(await node.untilOutput(/"NETWORK_PEER_WRONG"/)) as Json
  const event = 'bootstrap-silent'
  expect(silent).toEqual({ event, address: nowhere, code: 'NETWORK_UNREACHABLE', message: 'nobody listens there' })
  expect(wrong).toMatchObject({ event, address: another, code: 'NETWORK_PEER_WRONG' })
  node.child.kill('SIGINT')
  expect((await node.ended).output).not.toContain(here)
})
