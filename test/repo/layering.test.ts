import { describe, expect, it } from 'vitest'
import { LAYERS } from '../../scripts/layers.ts'
import {
  listDoors,
  listRepositoryFiles,
  listTypeScript,
  readImports,
  readRepositoryFile,
  ROOT,
  withoutComments,
} from './repository.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The picture of ARCHITECTURE.md, written a second time on purpose: a change of layers is made here, in scripts/layers.ts and in the page,
 * or the check fails.
 */
const MAY_IMPORT: Readonly<Record<string, string>> = {
  base: '',
  core: 'base',
  ports: 'base core',
  wire: 'base core',
  actors: 'base core ports wire',
  wasm: 'base core ports wire',
  keys: 'base core ports wire',
  storage: 'base core ports wire',
  network: 'base core ports wire',
  models: 'base core ports wire',
  sandbox: 'base core ports wire',
  guard: 'base core ports wire',
  mcp: 'base core ports wire',
  telemetry: 'base core ports wire',
  testing: 'base core ports wire',
  router: 'base core ports wire actors',
  learning: 'base core ports wire actors',
  market: 'base core ports wire actors',
  memory: 'base core ports wire actors',
  rights: 'base core ports wire actors',
  node: 'base core ports wire actors wasm keys storage network models sandbox guard mcp telemetry router learning market memory rights',
  simulation:
    'base core ports wire actors wasm keys network storage models telemetry testing router learning market memory rights',
  browser: 'base core ports wire keys network storage market',
  gateway: 'base core ports wire node',
  dashboard: 'base',
  cli: 'base core ports wire node simulation gateway',
}

const SOURCES = listTypeScript('src')

function folderOf(file: string): string {
  const [, folder = '', rest] = file.split('/')
  return rest === undefined ? '' : folder
}

describe('layers', () => {
  it('equal the table that dependency-cruiser uses', () => {
    const table = Object.fromEntries(LAYERS.map((layer) => [layer.folder, layer.mayImport.join(' ')]))
    expect(table).toEqual(MAY_IMPORT)
  })

  it('hold for every import, types included', () => {
    const broken: string[] = []
    for (const file of SOURCES) {
      const folder = folderOf(file)
      if (folder === '') continue
      const allowed = [folder, ...(MAY_IMPORT[folder] ?? '').split(' ')]
      for (const { file: target } of readImports(file)) {
        if (target !== undefined && target.startsWith('src/') && !allowed.includes(folderOf(target)))
          broken.push(`${file} -> ${target}`)
        // A schema of protocol/ is data; the compiler copies it beside the code.
        if (target !== undefined && !target.startsWith('src/') && !/^protocol\/.*\.json$/.test(target))
          broken.push(`${file} -> ${target}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('show the command line and the gateway types of core and ports, and no code', () => {
    const callers = SOURCES.filter((file) => /^src\/(?:cli|gateway)\//.test(file))
    const running = callers.flatMap((file) =>
      readImports(file)
        .filter(({ file: target, isTypeOnly }) => !isTypeOnly && /^src\/(?:core|ports)\//.test(target ?? ''))
        .map(({ specifier }) => `${file} -> ${specifier}`),
    )
    expect(running).toEqual([])
  })

  it('are known for every folder of src', () => {
    const unknown = SOURCES.map(folderOf).filter((folder) => folder !== '' && MAY_IMPORT[folder] === undefined)
    expect([...new Set(unknown)]).toEqual([])
  })

  it('find every file that is imported', () => {
    const missing: string[] = []
    for (const file of SOURCES) {
      for (const { file: target } of readImports(file)) {
        if (target !== undefined && !existsSync(join(ROOT, target))) missing.push(`${file} -> ${target}`)
      }
    }
    expect(missing).toEqual([])
  })
})

describe('core', () => {
  it('imports base and itself only', () => {
    expect(packagesImportedBy('core')).toEqual([])
  })

  it('and base, which imports nothing but the hash functions', () => {
    expect(packagesImportedBy('base').filter((name) => !name.startsWith('@noble/hashes'))).toEqual([])
  })
})

describe('router, learning, market, memory, ports and wire', () => {
  it('name no builtin of Node and no package but xstate, which is pure', () => {
    const packages = ['router', 'learning', 'market', 'memory', 'ports'].flatMap(packagesImportedBy)
    expect(packages.filter((name) => name !== 'xstate')).toEqual([])
  })

  it('but wire, which has its codecs: pure too', () => {
    const codecs = /^(?:zod|@ipld\/dag-cbor|multiformats)(?:\/|$)/
    expect(packagesImportedBy('wire').filter((name) => !codecs.test(name))).toEqual([])
  })
})

describe('the network', () => {
  // The forwarder runs in a network namespace in which nothing is but a loopback, and reaches one socket of the guard's.
  const FORWARDER = 'src/sandbox/subprocess/egress/loopback-forwarder.ts'
  // Services of this machine on Unix sockets, which are files and no network.
  const LOCAL = 'src/sandbox/local-api/'
  const OWNERS = ['src/guard/', 'src/gateway/', 'src/network/', FORWARDER, LOCAL]
  const SOCKETS = new Set([
    'node:http',
    'node:https',
    'node:http2',
    'node:net',
    'node:tls',
    'node:dgram',
    'node:dns',
    'node:dns/promises',
    'undici',
  ])
  /** Files in which a method is called like a client, and is none. */
  const NAMING = new Set([
    // Pieces of artefacts come over the transport between nodes, which `src/network` owns.
    'src/market/parties/artifacts/fetch-pieces.ts',
    // Runs in a page, whose policy lets it reach the node that served it and nobody else.
    'src/dashboard/connection/node-client.ts',
  ])
  /** What a file takes by name from these modules to run, as `module name`. */
  const takenBy = (file: string): readonly string[] => {
    const source = withoutComments(readRepositoryFile(file))
    const statements = source.matchAll(/^\s*import\s+(?!type\b)([^'"`;]*?)\s+from\s+['"]([^'"]+)['"]/gm)
    return [...statements].flatMap(([, clause = '', module = '']) => {
      if (!SOCKETS.has(module)) return []
      const names = /^\{([^}]*)\}$/.exec(clause.trim())?.[1] ?? `everything (${clause})`
      const taken = names.split(',').map((name) => name.trim().replace(/\s+as\s.*/, ''))
      return taken.filter((name) => name !== '' && !name.startsWith('type ')).map((name) => `${module} ${name}`)
    })
  }

  it('is reached from guard, gateway and network alone', () => {
    const others = SOURCES.filter((file) => !OWNERS.some((owner) => file.startsWith(owner)))
    const offenders = others.filter((file) =>
      readImports(file).some((imported) => !imported.isTypeOnly && SOCKETS.has(imported.specifier)),
    )
    expect(offenders).toEqual([])
  })

  it('is asked for something, and for names, by the guard alone: the gateway listens, and network connects nodes', () => {
    const takenIn = (folder: string): readonly string[] =>
      [...new Set(SOURCES.filter((file) => file.startsWith(folder)).flatMap(takenBy))].sort()
    // A response opens nothing by itself: it records what is sent to several readers.
    expect(takenIn('src/gateway/')).toEqual(['node:http ServerResponse', 'node:http createServer'])
    expect(takenIn('src/sandbox/local-api/')).toEqual(['node:http request'])
    expect(takenIn('src/network/')).toEqual(['node:net connect', 'node:net createServer', 'node:net isIP'])
    expect(takenIn('src/guard/')).toEqual([
      'node:dns/promises Resolver',
      'node:dns/promises lookup',
      'node:http createServer',
      'node:http request',
      'node:net connect',
      'undici Client',
      'undici Pool',
    ])
  })

  it('is no client of agents, scripts of the package, or anything that ships: no module of sockets, and no global that connects', () => {
    const shipped = [...SOURCES, ...listTypeScript('agents')].filter((file) => !file.startsWith('src/guard/'))
    const clients =
      /(?<![.\w'"`-])(?:fetch|WebSocket|EventSource|XMLHttpRequest)\s*\(|\bnew\s+(?:WebSocket|EventSource|XMLHttpRequest)\b/
    const naming = shipped.filter((file) => clients.test(withoutComments(readRepositoryFile(file))))
    expect(naming.filter((file) => !NAMING.has(file))).toEqual([])
    const agents = listTypeScript('agents').filter((file) =>
      readImports(file).some((imported) => !imported.isTypeOnly && SOCKETS.has(imported.specifier)),
    )
    expect(agents).toEqual([])
    // The rule sees what it is for.
    for (const planted of [
      "await fetch('http://a.example')",
      'new WebSocket(url)',
      'new EventSource (url)',
      'void fetch (url)',
    ])
      expect(planted).toMatch(clients)
    for (const harmless of ['this.fetch(piece)', 'outbound.fetch(url)', 'createWebSocket(url)'])
      expect(harmless).not.toMatch(clients)
  })

  it('is connected to by the guard only where a host was judged: whoever opens connections gives them their lookup', () => {
    const clients = /^(?:undici (?:Client|Pool)|node:http request|node:net connect)$/
    const openers = SOURCES.filter(
      (file) => file.startsWith('src/guard/') && takenBy(file).some((name) => clients.test(name)),
    )
    expect(openers).toHaveLength(4)
    expect(openers.filter((file) => !/\blookup: lookupOf\(/.test(readRepositoryFile(file)))).toEqual([])
  })
})

describe('what is measured twice', () => {
  it('is measured by two programs: the savings that are simulated reach nothing that evaluates', () => {
    const seen = new Set<string>()
    const queue = ['src/simulation/scenarios/routing-savings.ts']
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      queue.push(...readImports(file).flatMap((imported) => (imported.isTypeOnly ? [] : (imported.file ?? []))))
    }
    expect(seen.size).toBeGreaterThan(100)
    expect([...seen].filter((file) => file.includes('/evaluation/'))).toEqual([])
  })
})

describe('rules about imports', () => {
  it('are never switched off in a file', () => {
    const pattern = /(?:eslint|oxlint)-disable[^\n]*(?:import|restricted|cycle|boundar|default-export)/
    const files = listRepositoryFiles().filter((file) => /^(src|agents|scripts)\/.*\.(ts|mjs)$/.test(file))
    expect(files.filter((file) => pattern.test(readRepositoryFile(file)))).toEqual([])
  })

  it('are never switched off for a whole file', () => {
    const files = listTypeScript('src').filter((file) =>
      /(?:eslint|oxlint)-disable\s*(?:\*\/)?\s*$/m.test(readRepositoryFile(file)),
    )
    expect(files).toEqual([])
  })
})

describe('examples', () => {
  it('are written as a stranger would: they import doors of the package, other packages and themselves', () => {
    const files = listTypeScript('examples')
    expect(files.length).toBeGreaterThan(5)
    const inside = files.flatMap((file) =>
      readImports(file).flatMap(({ file: target }) =>
        target === undefined || target.startsWith('examples/') ? [] : [`${file} -> ${target}`],
      ),
    )
    expect(inside).toEqual([])
  })
})

describe('modules', () => {
  it('export names: no default export and no export of everything', () => {
    const pattern = /^\s*export\s+(?:default\b|\*)/m
    expect(SOURCES.filter((file) => pattern.test(readRepositoryFile(file)))).toEqual([])
  })

  it('have no index file but the doors of the package', () => {
    const doors = listDoors().flatMap(({ isCompiled, types, browserModule }) => [
      ...(isCompiled ? [types] : []),
      ...(browserModule === undefined ? [] : [browserModule.replace(/^dist\//, '').replace(/\.js$/, '.ts')]),
    ])
    expect(SOURCES.filter((file) => file.endsWith('/index.ts')).sort()).toEqual(doors.sort())
  })
})

function packagesImportedBy(folder: string): readonly string[] {
  const names = listTypeScript(`src/${folder}`).flatMap((file) =>
    readImports(file).filter((imported) => imported.file === undefined),
  )
  return [...new Set(names.map((imported) => imported.specifier))]
}
