import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCivilDate, type CivilDate } from '../../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../../src/core/models/model-entry.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { loadConfig } from '../../../src/node/config/load-config.ts'
import { diagnoseConfig } from '../../../src/node/diagnosis/diagnose-config.ts'
import { diagnoseMachine } from '../../../src/node/diagnosis/diagnose-machine.ts'
import { diagnoseModels } from '../../../src/node/diagnosis/diagnose-models.ts'
import type { HealthCheck } from '../../../src/node/kernell-node.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-diagnosis-'))
  writeFileSync(join(folder, 'config.jsonc'), '{}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function day(text: string): CivilDate {
  const parsed = parseCivilDate(text)
  if (parsed === undefined) throw new TypeError(`Not a day: ${text}`)
  return parsed
}

function checksOf(flags: ConfigDocument, readable: readonly string[] = []): ReadonlyMap<string, HealthCheck> {
  const config = loadConfig({ flags, configFile: join(folder, 'config.jsonc'), environment: {}, workingDir: folder })
  const checks = diagnoseConfig(config, { IS_SET: 'x' }, (path) => readable.includes(path))
  return new Map(checks.map((check) => [check.name, check]))
}

describe('the configuration', () => {
  it('without anything warns of the policy and the cache, with the command that mends each', () => {
    const checks = checksOf({})
    expect(checks.get('policy')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('kernell eval routing') as unknown,
    })
    expect(checks.get('cache')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('kernell eval cache') as unknown,
    })
    expect(checks.get('untrusted text')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('kernell eval injection') as unknown,
    })
    expect(checks.get('budgets')).toBeUndefined()
  })

  it('with artefacts that can be read is well, with others it fails', () => {
    const flags = { policy: { artefact: 'p.json' }, cache: { calibration: 'c.json' }, untrusted: { model: 'i.json' } }
    const names = ['policy', 'cache', 'untrusted text']
    const there = checksOf(
      flags,
      ['p.json', 'c.json', 'i.json'].map((name) => join(folder, name)),
    )
    expect(names.map((name) => there.get(name)?.state)).toEqual(['ok', 'ok', 'ok'])
    const absent = checksOf(flags)
    expect(names.map((name) => absent.get(name)?.state)).toEqual(['failed', 'failed', 'failed'])
  })

  it('with a paid provider and no budget warns, since nothing bounds what may be spent', () => {
    const paid = { providers: { openai: { kind: 'openai', apiKeyEnv: 'IS_SET' } } } as const
    expect(checksOf(paid).get('budgets')).toMatchObject({ state: 'warning' })
    expect(
      checksOf({ ...paid, budgets: [{ scope: 'node', window: 'day', limitUsd: 5 }] }).get('budgets'),
    ).toMatchObject({ state: 'ok', detail: 'node per day' })
  })

  it('says who reads tasks where answers are bought, and warns where nothing bounds what that costs', () => {
    const peers = {
      currency: 'USD@did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
      usdPerCredit: 1,
      tenants: ['acme'],
    }
    const flags = { peers, router: { judge: 'a/b' } }
    expect(checksOf({}).get('peers')).toBeUndefined()
    expect(checksOf(flags).get('peers')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining(
        'sellers read tasks of acme up to low risk; at most 0.05 credits of did:key',
      ) as unknown,
    })
    const budgets = [{ scope: 'node', window: 'day', limitUsd: 5 }] as const
    expect(checksOf({ ...flags, budgets }).get('peers')).toMatchObject({ state: 'ok' })
    expect(checksOf({ ...flags, peers: { ...peers, tenants: [] } }).get('peers')).toMatchObject({
      detail: 'no tenant has agreed, so nothing is bought',
    })
  })

  it('says who reaches the node, and nothing where nothing was said', () => {
    const checkOf = (network: NonNullable<ConfigDocument['network']>) => checksOf({ network }).get('network')
    expect(checksOf({}).get('network')).toBeUndefined()
    expect(checkOf({ listen: ['/ip4/127.0.0.1/tcp/4001'] })).toMatchObject({
      state: 'ok',
      detail: 'reached from this machine alone',
    })
    const open = { listen: ['/ip4/0.0.0.0/tcp/4001'], mdns: true, relay: true, table: 'server' } as const
    expect(checkOf(open)).toMatchObject({
      state: 'ok',
      detail:
        'everybody may connect at /ip4/0.0.0.0/tcp/4001; meets neighbours of the local network; finds nodes by a table (server); passes on connections of others',
    })
    const keyFile = join(folder, 'network.key')
    expect(checkOf({ ...open, keyFile })).toMatchObject({ state: 'failed' })
    writeFileSync(keyFile, 'zz', { mode: 0o600 })
    expect(checkOf({ ...open, keyFile })).toMatchObject({ state: 'failed' })
    writeFileSync(keyFile, 'ab'.repeat(32))
    chmodSync(keyFile, 0o644)
    expect(checkOf({ ...open, keyFile })).toMatchObject({ state: 'failed' })
    chmodSync(keyFile, 0o600)
    expect(checkOf({ ...open, keyFile })?.detail).toMatch(/^whoever has the key of its private network may/)
  })

  it('warns of what was switched on in the network and can do nothing', () => {
    const detailOf = (network: NonNullable<ConfigDocument['network']>) => checksOf({ network }).get('network')
    expect(detailOf({ announce: ['/dns4/node.example/tcp/4001'] })).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('nothing listens for those whom it tells') as unknown,
    })
    expect(detailOf({ relay: true, listen: ['/ip4/127.0.0.1/tcp/0'] })).toMatchObject({ state: 'warning' })
  })

  it('fails for a key that is not set', () => {
    const checks = checksOf({
      providers: { a: { kind: 'openai', apiKeyEnv: 'NOT_SET' }, b: { kind: 'openai', apiKeyEnv: 'IS_SET' } },
    })
    expect([checks.get('provider a')?.state, checks.get('provider b')?.state]).toEqual(['failed', 'ok'])
  })
})

describe('models', () => {
  const entry: ModelEntry = {
    id: 'openai/small',
    provider: 'openai',
    model: 'small',
    tier: 'cheap_api',
    difficultyMax: 3,
    specialties: [],
    prices: [],
    capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
    aliases: [],
  }
  const priced = (checkedOn: string): ModelEntry => ({
    ...entry,
    prices: [
      {
        inputNanosPerMillion: 1n,
        outputNanosPerMillion: 1n,
        contextTiers: [],
        source: 'a list',
        checkedOn: day(checkedOn),
      },
    ],
  })
  const check = (model: ModelEntry, isAvailable = true): readonly HealthCheck[] =>
    diagnoseModels([{ entry: model, isAvailable }], day('2026-11-25'))

  it('that cannot be called are none, and the remedy says how to add some', () => {
    expect(check(entry, false)).toEqual([
      expect.objectContaining({
        name: 'models',
        state: 'warning',
        remedy: expect.stringContaining('OPENAI_API_KEY') as unknown,
      }),
    ])
  })

  it('with prices older than sixty days are reported, not on the sixtieth day', () => {
    expect(check(priced('2026-09-25')).at(-1)).toMatchObject({
      name: 'prices',
      state: 'warning',
      detail: expect.stringContaining('61 days') as unknown,
    })
    expect(check(priced('2026-09-26')).at(-1)).toMatchObject({ name: 'prices', state: 'ok' })
  })

  it('without a price are reported as refused under a budget', () => {
    expect(check(entry).at(-1)).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('unknown for openai/small; refused under a budget') as unknown,
    })
  })
})

describe('the machine', () => {
  it('is well with this Node and a directory that can be made', async () => {
    const checks = await diagnoseMachine(join(folder, 'new/data'))
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['node', 'ok'],
      ['signatures', 'ok'],
      ['disk', 'ok'],
    ])
  })

  it.skipIf(process.platform === 'win32').each([
    ['directory', ''],
    ['store', 'store'],
  ])('warns of a data %s that others may look into, with the command that mends it', async (_, name) => {
    const data = join(folder, `shared-${name}`)
    mkdirSync(join(data, 'store'), { recursive: true, mode: 0o700 })
    chmodSync(join(data, name), 0o750)
    expect((await diagnoseMachine(data)).at(-1)).toMatchObject({
      name: 'privacy',
      state: 'warning',
      detail: expect.stringContaining(`${join(data, name)} (mode 0750)`) as unknown,
      remedy: expect.stringContaining(`chmod -R go-rwx ${data}`) as unknown,
    })
    chmodSync(join(data, name), 0o700)
    expect((await diagnoseMachine(data)).map((check) => check.name)).toEqual(['node', 'signatures', 'disk'])
  })

  it('fails where the data directory is a file', async () => {
    const checks = await diagnoseMachine(join(folder, 'config.jsonc/data'))
    expect(checks.at(-1)).toMatchObject({
      name: 'disk',
      state: 'failed',
      remedy: expect.stringContaining('--data-dir') as unknown,
    })
  })
})
