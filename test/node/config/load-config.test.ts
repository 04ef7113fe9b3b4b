import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { ENVIRONMENT_VARIABLES, type Environment } from '../../../src/node/config/environment-document.ts'
import { EXAMPLE_CONFIG } from '../../../src/node/config/example-config.ts'
import { loadConfig } from '../../../src/node/config/load-config.ts'
import type { NodeConfig } from '../../../src/node/config/node-config.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

type Given = { readonly file?: string; readonly environment?: Environment; readonly flags?: ConfigDocument }

function load(given: Given): NodeConfig {
  const configFile = join(folder, 'config.jsonc')
  writeFileSync(configFile, given.file ?? '{}')
  return loadConfig({
    configFile,
    environment: given.environment ?? {},
    workingDir: folder,
    ...(given.flags && { flags: given.flags }),
  })
}

function failureOf(given: Given): CodedError {
  try {
    load(given)
  } catch (error) {
    if (CodedError.is(error, 'CONFIG_INVALID')) return error
    throw error
  }
  throw new Error('The configuration was accepted')
}

describe('the address of a provider', () => {
  const of = (baseUrl: string): string => JSON.stringify({ providers: { up: { kind: 'openai', baseUrl } } })

  it.each([
    'https://jane:hunter2@models.example/v1',
    'https://hunter2@models.example/v1',
    'https://:hunter2@models.example',
  ])('%s is refused, by its member and without its value', (baseUrl) => {
    const failure = failureOf({ file: of(baseUrl) })
    expect(failure.details).toEqual({ key: 'providers.up.baseUrl' })
    expect(failure.message).toContain('`providers.up.baseUrl` must not hold a name or a password')
    expect(failure.message).not.toMatch(/hunter2|jane/)
  })

  it('is refused in the environment too', () => {
    const environment = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'https://jane:hunter2@models.example/v1' }
    const failure = failureOf({ environment })
    expect(failure.message).toContain('baseUrl')
    expect(failure.message).not.toMatch(/hunter2|jane/)
  })

  it('is refused where it is none', () => {
    expect(failureOf({ file: of('https://[models') }).message).toContain('providers.up.baseUrl')
  })
})

it('is checked against a schema that is one', () => {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../protocol/config.schema.json'), 'utf8'),
  ) as object
  expect(new Ajv2020().validateSchema(schema)).toBe(true)
})

it('is refused for a fault in one section beside sound ones, with all keys that there are', () => {
  expect(failureOf({ file: '{ "discover": false,\n"cache": { "enabled": 1 } }' }).details).toMatchObject({
    key: 'cache.enabled',
    line: 2,
  })
  expect(failureOf({ file: '{ "discover": false, "bugets": [] }' }).details).toMatchObject({ nearest: 'budgets' })
  for (const file of ['[]', '7', 'null', '"text"']) expect(failureOf({ file }).message).toContain('must be an object')
  expect(failureOf({ file: '{ "__proto__": {} }' }).details).toMatchObject({ key: '__proto__' })
})

describe('peers', () => {
  const ISSUER = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
  const given = { currency: `USD@${ISSUER}`, usdPerCredit: '0.5', tenants: ['acme'] }
  const peers = (change: object, judge: string | undefined = 'openai/gpt-4o'): string =>
    JSON.stringify({ peers: { ...given, ...change }, ...(judge !== '' && { router: { judge } }) })

  it('are off without the section, and where it says so', () => {
    expect(load({ file: '{}' }).peers).toBeUndefined()
    expect(load({ file: peers({ enabled: false }, '') }).peers).toBeUndefined()
  })

  it('have careful defaults: little money, low risk, single questions, custody by notaries', () => {
    expect(load({ file: peers({}) }).peers).toEqual({
      skills: ['chat.general'],
      currency: given.currency,
      usdNanosPerCredit: 500_000_000n,
      priceNanosMax: 50_000_000n,
      custody: 'C2',
      latencyMsMax: 20_000,
      reputationPpmMin: 500_000,
      data: { tenants: ['acme'], riskMax: 'low', hasContext: false },
    })
  })

  it.each([
    ['no judge', {}, ''],
    ['a credit that is worth nothing', { usdPerCredit: 0 }],
    ['a currency without an issuer', { currency: 'USD' }],
    ['no word on whose tasks may leave', { tenants: undefined }],
    ['less time than a contract takes', { latencyMs: 9_999 }],
    ['custody by nobody', { custody: 'C1' }],
    ['risk without bounds', { risk: 'high' }],
  ] as const)('are refused with %s', (_why, change, judge?: string) => {
    expect(failureOf({ file: peers(change, judge) }).code).toBe('CONFIG_INVALID')
  })
})

describe('the network', () => {
  const network = (document: object): string => JSON.stringify({ network: document })

  it('is this machine, and nobody is met, where nothing is said', () => {
    const plain = { listen: [], announce: [], bootstrap: [], isMdnsOn: false, isRelay: false }
    expect(load({}).network).toEqual(plain)
  })

  it('is as the operator says', () => {
    const listen = ['/ip4/0.0.0.0/tcp/4001']
    const given = { listen, mdns: true, relay: true, table: 'server', keyFile: 'network.key' }
    const { keyFile, ...rest } = load({ file: network(given) }).network
    expect(rest).toEqual({ listen, announce: [], bootstrap: [], isMdnsOn: true, isRelay: true, table: 'server' })
    expect(isAbsolute(keyFile ?? '')).toBe(true)
  })

  it.each([
    ['an address that is none', { listen: ['127.0.0.1:4001'] }],
    ['a table that nobody knows', { table: 'both' }],
    ['a member that it has not', { quic: true }],
  ])('is refused with %s', (_why, document) => {
    expect(failureOf({ file: network(document) }).code).toBe('CONFIG_INVALID')
  })

  it('says how an address is written', () => {
    expect(failureOf({ file: network({ bootstrap: ['junk'] }) }).message).toContain('must be a multiaddr')
  })
})

/** A node hears announcements, and buys from nobody that it knows by them alone. */
const MARKET = {
  isGossiping: true,
  isDiscovering: false,
  isCallingOpenly: false,
  models: [],
  artifactBytesMax: 67_108_864,
  quotas: {
    perPeer: { tasksPerMinute: 600, burst: 120, atOnce: 64, workMsPerHour: 7_200_000 },
    skills: new Map(),
  },
}

describe('announcements', () => {
  it('are switched by the operator', () => {
    const market = { gossip: false, discover: true, openCalls: true, models: ['qwen3:8b'], artifactBytesMax: 2_000_000 }
    const expected = {
      isGossiping: false,
      isDiscovering: true,
      isCallingOpenly: true,
      models: ['qwen3:8b'],
      artifactBytesMax: 2_000_000,
      quotas: MARKET.quotas,
    }
    expect(load({ file: JSON.stringify({ market }) }).market).toEqual(expected)
    expect(failureOf({ file: JSON.stringify({ market: { models: [''] } }) }).code).toBe('CONFIG_INVALID')
  })
})

describe('quotas of the market', () => {
  it('are of each payer, and of the skills that are named', () => {
    const quotas = { peer: { tasksPerMinute: 6, workSecondsPerHour: 60 }, skills: { chat: { atOnce: 2 } } }
    expect(load({ file: JSON.stringify({ market: { quotas } }) }).market.quotas).toEqual({
      perPeer: { tasksPerMinute: 6, burst: 6, atOnce: 64, workMsPerHour: 60_000 },
      skills: new Map([['chat', { ...MARKET.quotas.perPeer, atOnce: 2 }]]),
    })
    for (const wrong of [{ peer: { atOnce: 0 } }, { peer: { calls: 1 } }, { skills: { 'No Skill': {} } }])
      expect(failureOf({ file: JSON.stringify({ market: { quotas: wrong } }) }).code).toBe('CONFIG_INVALID')
  })
})

describe('the webhook of the market', () => {
  const webhook = (address: string): string => JSON.stringify({ market: { webhook: address } })

  it('is an https address, or one on this machine', () => {
    expect(load({}).market).toEqual(MARKET)
    for (const address of ['https://example.com/inbox', 'http://127.0.0.1:9000/inbox', 'http://localhost/'])
      expect(load({ file: webhook(address) }).market).toEqual({ ...MARKET, webhook: address })
    for (const address of ['http://example.com/inbox', 'ftp://127.0.0.1/', 'inbox'])
      expect(failureOf({ file: webhook(address) }).code).toBe('CONFIG_INVALID')
  })
})

describe('precedence', () => {
  it('is flag over environment over file over default', () => {
    const file = '{ "server": { "port": 1, "host": "127.0.0.2" }, "powerLevel": "minimal" }'
    const environment = { KERNELL_PORT: '2', KERNELL_POWER_LEVEL: 'powerful' }
    expect(load({}).server.port).toBe(8787)
    expect(load({ file }).server.port).toBe(1)
    expect(load({ file, environment }).server.port).toBe(2)
    const all = load({ file, environment, flags: { server: { port: 3 } } })
    expect(all.server).toMatchObject({ port: 3, host: '127.0.0.2' })
    expect(all.powerLevel).toBe('powerful')
  })

  it('counts an empty variable as not set', () => {
    expect(load({ environment: { KERNELL_PORT: '', OPENAI_API_KEY: '' } })).toMatchObject({
      server: { port: 8787 },
      providers: {},
    })
  })

  it.each(Object.entries(ENVIRONMENT_VARIABLES))('lets %s set a member that exists', (name, variable) => {
    const special: Readonly<Record<string, string>> = {
      KERNELL_LOG_LEVEL: 'debug',
      KERNELL_LOG_FORMAT: 'json',
      KERNELL_HOST: '127.0.0.1',
      KERNELL_PORT: '80',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a/b',
    }
    const text = special[name] ?? { text: 'minimal', number: '0.5', boolean: 'off' }[variable.kind]
    expect(() => load({ environment: { [name]: text } })).not.toThrow()
  })
})

describe('the file', () => {
  it('may have comments and trailing commas', () => {
    expect(load({ file: '// mine\n{ "powerLevel": "maximum", /* all */ }' }).powerLevel).toBe('maximum')
  })

  it('is refused for an unknown key, with the nearest valid one and the line', () => {
    const error = failureOf({ file: '{\n  "server": {\n    "prot": 80\n  }\n}' })
    expect(error.message).toContain('Unknown key `server.prot`')
    expect(error.message).toContain('line 3')
    expect(error.message).toContain('Did you mean `server.port`?')
    expect(error.details).toMatchObject({ key: 'server.prot', nearest: 'port', line: 3 })
  })

  it('is refused for an unknown key that resembles none, with the valid ones', () => {
    expect(failureOf({ file: '{ "zzz": 1 }' }).message).toContain('Valid here: dataDir, powerLevel')
  })

  it.each([
    ['{ "powerLevel": "big" }', '`powerLevel` must be one of minimal, balanced, powerful, maximum'],
    ['{ "server": { "port": "80" } }', '`server.port` must be a whole number'],
    ['{ "server": { "port": 70000 } }', '`server.port` must be at most 65535'],
    ['{ "providers": { "x": {} } }', '`providers.x` needs the key `kind`'],
    ['{ "providers": { "x": { "kind": "openai", "apiKey": "sk-1" } } }', 'Did you mean `providers.x.apiKeyEnv`?'],
    [
      '{ "budgets": [{ "scope": "me", "window": "day", "limitUsd": 1 }] }',
      '`budgets.0.scope` must be node, organisation:NAME, team:NAME, key:ID, tenant:NAME or agent:NAME (',
    ],
    ['{ "keys": [{ "id": "a" }] }', 'sha256'],
    ['{ "policy": { "quality": 1.5 } }', '`policy.quality` must be at most 1'],
    ['[]', 'The configuration must be an object, written { ... }'],
    ['{ "powerLevel": ', 'Not valid JSON: a value is missing'],
    ['{ powerLevel: 1 }', 'Not valid JSON: a word without quotes that is no value'],
    ['{ "powerLevel": "maximum', 'Not valid JSON: a text has no closing quote'],
    ['', 'Not valid JSON'],
    ['{ "providers": { "My Server": { "kind": "openai" } } }', 'has the name `My Server`, which must be'],
    [
      '{ "providers": { "x": { "kind": "openai", "baseUrl": "localhost:1" } } }',
      'must be an address that begins with http',
    ],
    [
      '{ "providers": { "x": { "kind": "openai", "apiKeyEnv": "sk-1" } } }',
      'must be the name of an environment variable',
    ],
    ['{ "budgets": [{ "scope": "node", "window": "day", "limitUsd": "much" }] }', 'must be dollars, as a number or as'],
    ['{ "dataDir": "" }', '`dataDir` must not be empty'],
    ['{ "cache": { "ttlHours": 0 } }', '`cache.ttlHours` must be more than 0'],
    ['{ "keys": [{ "id": "a", "sha256": "A" }] }', 'must be lower-case hex SHA-256 of the key'],
    ['{ "cache": {}, "cache": {} }', 'The key `cache` is given twice'],
  ])('%s is refused: %s', (file, message) => {
    const failure = failureOf({ file }).message
    expect(failure).toContain(message)
    expect(failure).not.toMatch(/pattern|\^\[|Expected|Symbol|[<>]=/)
  })

  it('must exist when it is named', () => {
    const read = (): unknown => loadConfig({ configFile: 'absent.jsonc', environment: {}, workingDir: folder })
    expect(read).toThrow('absent.jsonc is not there')
  })

  it('gives relative paths from where it lies, flags from where they are typed', () => {
    const file =
      '{ "dataDir": "d", "policy": { "artefact": "p.json" }, "providers": { "g": { "kind": "gguf", "models": ["m.gguf"] } } }'
    const config = load({ file, flags: { cache: { calibration: 'sub/c.json' } } })
    expect(config.dataDir).toBe(join(folder, 'd'))
    expect(config.policy.artefact).toBe(join(folder, 'p.json'))
    expect(config.cache.calibration).toBe(join(folder, 'sub/c.json'))
    expect(config.providers.g?.models).toEqual([join(folder, 'm.gguf')])
  })
})

describe('providers', () => {
  it('come from the usual variables without a file', () => {
    const environment = { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', OPENROUTER_API_KEY: 'c', OLLAMA_HOST: '0.0.0.0' }
    expect(load({ environment }).providers).toEqual({
      openai: {
        kind: 'openai',
        baseUrl: 'https://api.openai.com/v1',
        apiKeyEnv: 'OPENAI_API_KEY',
        models: [],
        isLocal: false,
        origin: 'OPENAI_API_KEY',
      },
      anthropic: {
        kind: 'anthropic',
        baseUrl: 'https://api.anthropic.com/v1',
        apiKeyEnv: 'ANTHROPIC_API_KEY',
        models: [],
        isLocal: false,
        origin: 'ANTHROPIC_API_KEY',
      },
      openrouter: {
        kind: 'openai',
        baseUrl: 'https://openrouter.ai/api/v1',
        apiKeyEnv: 'OPENROUTER_API_KEY',
        models: [],
        isLocal: false,
        origin: 'OPENROUTER_API_KEY',
      },
      ollama: {
        kind: 'openai',
        baseUrl: 'http://127.0.0.1:11434/v1',
        models: [],
        isLocal: true,
        origin: 'OLLAMA_HOST',
      },
    })
  })

  it.each([
    ['10.0.0.5', 'http://10.0.0.5:11434/v1'],
    ['box:9000', 'http://box:9000/v1'],
    ['https://ollama.example.org', 'https://ollama.example.org/v1'],
    ['http://box:80', 'http://box/v1'],
  ])('reads OLLAMA_HOST=%s as %s', (host, baseUrl) => {
    expect(load({ environment: { OLLAMA_HOST: host } }).providers.ollama?.baseUrl).toBe(baseUrl)
  })

  it('on loopback are local, elsewhere not, and the file has the last word', () => {
    const provider = (baseUrl: string, local?: boolean): object => ({
      kind: 'openai',
      baseUrl,
      ...(local !== undefined && { local }),
    })
    const file = JSON.stringify({
      providers: {
        a: provider('http://127.0.0.1:1/v1/'),
        b: provider('http://10.0.0.1/v1'),
        c: provider('http://10.0.0.1/v1', true),
      },
    })
    const { providers } = load({ file })
    expect([providers.a?.isLocal, providers.b?.isLocal, providers.c?.isLocal]).toEqual([true, false, true])
    expect(providers.a?.baseUrl).toBe('http://127.0.0.1:1/v1')
  })

  it('of the file win over a variable of the same name', () => {
    const file = '{ "providers": { "openai": { "kind": "openai", "baseUrl": "http://127.0.0.1:9/v1" } } }'
    const { providers } = load({ file, environment: { OPENAI_API_KEY: 'a' } })
    expect(providers.openai).toMatchObject({ baseUrl: 'http://127.0.0.1:9/v1', origin: join(folder, 'config.jsonc') })
    expect(providers.openai).not.toHaveProperty('apiKeyEnv')
  })
})

describe('the environment', () => {
  it('is refused for a name that is nearly one of ours', () => {
    expect(failureOf({ environment: { KERNELL_PROT: '80' } }).message).toContain('Did you mean KERNELL_PORT?')
  })

  it('may hold what a container platform sets for a service called kernell', () => {
    expect(() =>
      load({ environment: { KERNELL_SERVICE_HOST: '10.0.0.1', KERNELL_PORT_8787_TCP_PROTO: 'tcp' } }),
    ).not.toThrow()
  })

  it('is refused for a value of the wrong kind, naming the variable', () => {
    expect(failureOf({ environment: { KERNELL_PORT: 'tcp://10.0.0.1:8787' } }).message).toContain(
      'KERNELL_PORT must be a number',
    )
    expect(failureOf({ environment: { KERNELL_CACHE: 'maybe' } }).message).toContain(
      'KERNELL_CACHE must be true or false',
    )
  })
})

describe('money', () => {
  it('is exact, whether written as a number or as text', () => {
    const file =
      '{ "budgets": [{ "scope": "node", "window": "day", "limitUsd": "0.1" }, { "scope": "key:a", "window": "total", "limitUsd": 0.2 }] }'
    expect(load({ file }).budgets.map((budget) => budget.limitNanos)).toEqual([100_000_000n, 200_000_000n])
  })

  it('of a model is per million tokens', () => {
    const file = '{ "models": { "a/b": { "prices": { "inputUsdPerMillion": "0.15", "outputUsdPerMillion": 0.6 } } } }'
    expect(load({ file }).models['a/b']?.prices).toEqual({
      inputNanosPerMillion: 150_000_000n,
      outputNanosPerMillion: 600_000_000n,
    })
  })
})

describe('keys', () => {
  it('are held as hashes only', () => {
    const config = load({ environment: { KERNELL_API_KEY: 'abc' } })
    expect(config.keys).toEqual([
      {
        id: 'environment',
        tenant: 'default',
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ])
    const text = JSON.stringify(config, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    expect(text).not.toContain('"abc"')
  })

  it('of one id or of one secret are refused: nobody could say whose budget a request is on', () => {
    const key = (id: string, digit: string): object => ({ id, sha256: digit.repeat(64) })
    const keys = (...list: readonly object[]): string => JSON.stringify({ keys: list })
    expect(failureOf({ file: keys(key('a', '0'), key('a', '1')) }).message).toBe('`keys.1.id` repeats the id `a`.')
    expect(failureOf({ file: keys(key('a', '0'), key('b', '0')) }).message).toBe(
      '`keys.1` has the same secret as `keys.0`.',
    )
    const file = keys({ id: 'a', keyEnv: 'A' }, { id: 'b', keyEnv: 'B' })
    expect(failureOf({ file, environment: { A: 'same', B: 'same' } }).message).toContain('the same secret')
    expect(() => load({ file, environment: { A: 'one', B: 'other' } })).not.toThrow()
  })

  it('that are short are refused where others can reach the node', () => {
    const short = { KERNELL_API_KEY: 'abc' }
    const failure = failureOf({ environment: { ...short, KERNELL_HOST: '0.0.0.0' } })
    expect(failure.message).toContain('KERNELL_API_KEY, whose value is shorter than 16 characters')
    expect(failure.message).not.toContain('abc')
    for (const host of ['127.0.0.1', '::1', 'localhost'])
      expect(() => load({ environment: { ...short, KERNELL_HOST: host } })).not.toThrow()
    const long = { KERNELL_API_KEY: '0123456789abcdef', KERNELL_HOST: '0.0.0.0' }
    expect(() => load({ environment: long })).not.toThrow()
  })

  it('hold no character that a header cannot carry', () => {
    for (const value of ['two words', 'schlüssel', 'line\n'])
      expect(failureOf({ environment: { KERNELL_API_KEY: value } }).message).toContain('printable ASCII without spaces')
  })

  it('must be set where they are named', () => {
    expect(failureOf({ file: '{ "keys": [{ "id": "a", "keyEnv": "NOT_SET" }] }' }).message).toContain(
      'NOT_SET, which is not set',
    )
  })
})

describe('the example that kernell init writes', () => {
  it('changes nothing until it is edited', () => {
    const { configFile: _file, ...example } = load({ file: EXAMPLE_CONFIG })
    const { configFile: _other, ...defaults } = load({})
    expect(example).toEqual(defaults)
  })

  it('is valid with every commented member switched on', () => {
    // Learning from records needs that there are any.
    const file = EXAMPLE_CONFIG.replace(/^(\s*)\/\/ (?=["{])/gm, '$1').replace('"consent": false', '"consent": true')
    const config = load({ file, environment: { MY_KERNELL_KEY: 'k' } })
    expect(Object.keys(config.providers)).toEqual(['openai', 'anthropic', 'ollama', 'files'])
    expect(config.roles).toEqual({
      cheap: 'openai/gpt-4o-mini',
      premium: 'anthropic/claude-sonnet-4-5',
      local: 'ollama/qwen3:4b',
    })
    expect(config.budgets).toEqual([{ scope: 'node', window: 'day', limitNanos: 5_000_000_000n }])
  })
})

describe('learning from records', () => {
  const onlineOf = (policy: string, consent = true): NodeConfig['policy']['online'] =>
    load({ file: `{ "policy": ${policy}, "telemetry": { "consent": ${consent} } }` }).policy.online

  it('is off unless it is asked for', () => {
    expect(onlineOf('{}')).toBeUndefined()
    expect(onlineOf('{ "online": {} }')).toEqual({ everyOutcomes: 500, queueMax: 10_000 })
    expect(onlineOf('{ "online": { "everyOutcomes": 50 } }')).toEqual({ everyOutcomes: 50, queueMax: 10_000 })
  })

  it('is refused without records, and out of range', () => {
    expect(() => onlineOf('{ "online": {} }', false)).toThrow('`policy.online` learns from records')
    expect(() => onlineOf('{ "online": { "everyOutcomes": 0 } }')).toThrow('policy.online.everyOutcomes')
    expect(() => onlineOf('{ "online": { "queueMax": 1.5 } }')).toThrow('policy.online.queueMax')
  })
})

describe('exploration', () => {
  const exploreOf = (explore: string): NodeConfig['policy']['explore'] =>
    load({ file: `{ "policy": { "explore": ${explore} } }` }).policy.explore

  it('is off unless it is asked for, and then has a limit a day', () => {
    expect(load({}).policy).not.toHaveProperty('explore')
    expect(exploreOf('{}')).toEqual({
      method: 'thompson',
      floor: 0.02,
      contenders: 0,
      width: 1.5,
      utilityPerDay: 10,
      usdPerDay: 1,
    })
    expect(exploreOf('{ "method": "linucb", "width": 2, "regretPerDay": 0, "regretUsdPerDay": 0.5 }')).toMatchObject({
      method: 'linucb',
      width: 2,
      utilityPerDay: 0,
      usdPerDay: 0.5,
    })
  })

  it('is refused where the shares leave nothing, and for an unknown method', () => {
    expect(failureOf({ file: '{ "policy": { "explore": { "floor": 0.6, "contenders": 0.5 } } }' }).message).toContain(
      'policy.explore.contenders',
    )
    expect(failureOf({ file: '{ "policy": { "explore": { "method": "greedy" } } }' }).message).toContain(
      'policy.explore.method',
    )
  })
})
