/** Secrets of every kind go through the real commands, and nothing that these print or leave on the disk has them in the clear. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PLANTED } from '../fixtures/planted-secrets.ts'
import { startUpstreamServer, type UpstreamBehaviour } from '../fixtures/upstream-server.ts'
import { type BinaryInit, type BinaryRun, makeFolder, removeFolders, runBinary, startBinary } from './run-binary.ts'

afterAll(removeFolders)

/** Secrets of this machine: words that no scanner would know by their look. */
const OWN = {
  PROVIDER_KEY: 'canary-provider-key-7f3a',
  MY_KERNELL_KEY: 'canary-admin-key-91bd',
  KERNELL_KEY_PASSPHRASE: 'canary-passphrase-c04e',
  KERNELL_BACKUP_PASSPHRASE: 'canary-backup-passphrase-5d2f',
}
const STRANGE_KEY = 'canary-wrong-key-2288'
const planted = Object.values(PLANTED).flat()

/** Fails in every way, and says all that it was told. */
const fail = (call: { readonly headers: unknown; readonly body: unknown }, index: number): UpstreamBehaviour => {
  const echo = `${JSON.stringify(call.headers)} ${JSON.stringify(call.body)}`
  switch (index % 5) {
    case 0:
      return {
        kind: 'status',
        status: 400,
        body: { error: { message: echo } },
        headers: { 'x-echo': OWN.PROVIDER_KEY },
      }
    case 1:
      return { kind: 'status', status: 401, body: echo }
    case 2:
      return { kind: 'raw', body: echo }
    case 3:
      return { kind: 'disconnect' }
    default:
      return { kind: 'cut', afterChunks: 1, isBroken: true, text: 'It goes on and on.' }
  }
}

it('secrets that go through serve are neither printed nor left on the disk, a crash included', async () => {
  await using upstream = await startUpstreamServer({ behaviour: fail as never })
  const folder = makeFolder()
  const config = {
    providers: {
      thrifty: { kind: 'openai', baseUrl: upstream.baseUrl, models: ['thrifty-1'], apiKeyEnv: 'PROVIDER_KEY' },
    },
    models: {
      'thrifty/thrifty-1': { tier: 'cheap_api', prices: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 } },
    },
    keys: [{ id: 'admin', keyEnv: 'MY_KERNELL_KEY', tenant: 'default', role: 'admin' }],
    telemetry: { consent: true, keepText: true },
  }
  writeFileSync(join(folder, 'kernell.json'), JSON.stringify(config))
  const init = { folder, environment: OWN }
  const said: string[] = []
  const serving = startBinary(['serve', '--config', 'kernell.json', '--port', '0', '--json'], init)
  const url = String((JSON.parse(await serving.untilOutput(/"event":"ready"/)) as { readonly url: string }).url)
  const ask = async (path: string, body: string, key: string = OWN.MY_KERNELL_KEY): Promise<void> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const answer = await fetch(url + path, { method: 'POST', headers, body })
    said.push(await answer.text(), JSON.stringify([...answer.headers]))
  }
  for (const [place, { text }] of planted.entries()) {
    const stream = place % 2 === 0
    const messages = [{ role: 'user', content: `Question ${place}: is this right? ${text}` }]
    await ask('/v1/chat/completions', JSON.stringify({ model: 'kernell-cheap', messages, stream }))
  }
  await ask('/v1/chat/completions', `{"model": "${OWN.MY_KERNELL_KEY}`)
  await ask('/v1/chat/completions', '{}', STRANGE_KEY)
  serving.child.kill('SIGKILL')
  const ended = await serving.ended
  const runs = [
    ended,
    await runBinary(['route', `Is this right? ${planted[0]?.text ?? ''}`, '--config', 'kernell.json', '--json'], init),
    await runBinary(['key', 'create', '--role', 'escrow', '--json'], init),
    await crashedNode(init),
    await runBinary(['data', 'export', '--output', 'records.jsonl', '--json'], init),
    await runBinary(['backup', 'create', '--file', 'backup.bin', '--json'], init),
  ]
  said.push(...runs.flatMap(({ output, errors }) => [output, errors]))
  const left = filesBelow(folder).map((file) => readFileSync(file, 'latin1'))
  const all = [...said, ...left].join('\n')
  expect(runs.map(({ code }) => code)).toEqual([null, 1, 0, null, 0, 0])
  // What was asked is there, so the looking works.
  expect(all).toContain('is this right?')
  expect(upstream.callCount).toBeGreaterThanOrEqual(planted.length)
  for (const secret of [...Object.values(OWN), STRANGE_KEY, ...planted.map((one) => one.secret)])
    expect([secret, placeOf(secret, said, left)]).toEqual([secret, undefined])
}, 120_000)

async function crashedNode(init: BinaryInit): Promise<BinaryRun> {
  const node = startBinary(['node', '--config', 'kernell.json', '--port', '0', '--json'], init)
  await node.untilOutput(/"event":"ready"/)
  node.child.kill('SIGKILL')
  return await node.ended
}

/** Where a secret is, with what is around it. */
function placeOf(secret: string, said: readonly string[], left: readonly string[]): string | undefined {
  const text = [...said, ...left].find((one) => one.includes(secret))
  const at = text?.indexOf(secret) ?? 0
  return text?.slice(Math.max(0, at - 120), at + secret.length)
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name !== 'kernell.json')
    .map((entry) => join(entry.parentPath, entry.name))
}
