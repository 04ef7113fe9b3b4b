import { LAYERS } from './scripts/layers.ts'

/** One rule per folder: it may import itself, what its row of the table lists, and nothing else inside src. */
const layerRules = LAYERS.map((layer) => ({
  name: `layer-${layer.folder}`,
  severity: 'error',
  comment:
    `src/${layer.folder} may import ${layer.mayImport.length === 0 ? 'nothing else of src' : layer.mayImport.join(', ')}. ` +
    'Move the shared part down to core or ports, or hand the dependency in from src/node.',
  from: { path: `^src/${layer.folder}/` },
  to: {
    path: '^src/',
    pathNot: [layer.folder, ...layer.mayImport].map((folder) => `^src/${folder}/`),
  },
}))

export default {
  forbidden: [
    ...layerRules,
    {
      name: 'every-folder-has-a-layer',
      severity: 'error',
      comment: 'A new folder under src needs a row in scripts/layers.ts and a line in ARCHITECTURE.md.',
      from: { path: '^src/', pathNot: [...LAYERS.map((layer) => `^src/${layer.folder}/`), '^src/index\\.ts$'] },
      to: {},
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment:
        'Two files that import each other are one file, or the shared part is a third. Types count: they are read together too.',
      from: { path: '^(src|scripts)/' },
      to: { circular: true },
    },
    {
      name: 'pure-core',
      severity: 'error',
      comment: 'src/core computes. Clocks, chance, files and packages arrive as values inside the event.',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'base-needs-hashes-only',
      severity: 'error',
      comment: 'src/base may use @noble/hashes, which is synchronous and runs everywhere; nothing else.',
      from: { path: '^src/base/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: 'node_modules/@noble/hashes/',
      },
    },
    {
      name: 'services-name-no-platform',
      severity: 'error',
      comment:
        'router, learning, market and memory take their ports as components, so that they run on any platform and in a simulation.',
      from: { path: '^src/(ports|router|learning|market|memory)/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: 'node_modules/xstate/',
      },
    },
    {
      name: 'wire-has-codecs-only',
      severity: 'error',
      comment: 'src/wire may use one library per codec, each pure and browser-safe: zod, DAG-CBOR, multiformats.',
      from: { path: '^src/wire/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: 'node_modules/(zod|@ipld/dag-cbor|multiformats)/',
      },
    },
    {
      name: 'command-line-sees-types-only',
      severity: 'error',
      comment:
        'The command line and the gateway hold a node and call it; of core and ports they may name types, not run code.',
      from: { path: '^src/(cli|gateway)/' },
      to: { path: '^src/(core|ports)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'simulation-is-hermetic',
      severity: 'error',
      comment:
        'A simulated world takes time, chance, network and disk from its seed: what it imports, through whatever files, must not reach those of the platform.',
      from: { path: '^src/simulation/' },
      to: {
        reachable: true,
        path: '^(node:)?(fs|fs/promises|net|tls|http|https|dgram|dns|worker_threads|child_process|timers|timers/promises)$|node_modules/(undici|level|piscina)/',
      },
    },
    {
      name: 'savings-judge-themselves',
      severity: 'error',
      comment:
        'routing-savings asks what the evaluation of costs asks, by another way: it would prove nothing if it ran the code of that evaluation.',
      from: { path: '^src/simulation/scenarios/routing-savings' },
      to: { reachable: true, path: '^src/(learning|node)/evaluation/' },
    },
    {
      name: 'not-to-test',
      severity: 'error',
      comment: 'What ships does not depend on tests, benches or scripts. Suites for implementers live in src/testing.',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|agents|examples)/' },
    },
    {
      name: 'not-to-door-inside',
      severity: 'error',
      comment:
        'Inside src import the concrete file: an index.ts is a door for strangers and pulls in everything behind it.',
      from: { path: '^src/', pathNot: '^src/index\\.ts$' },
      to: { path: ['^src/index\\.ts$', '^src/[a-z]+/index\\.ts$'] },
    },
    {
      name: 'agents-use-doors',
      severity: 'error',
      comment: 'An agent or an example is written as a stranger would write it: import from the public doors of the package.',
      from: { path: '^(agents|examples)/' },
      to: { path: '^(src|test|scripts)/' },
    },
    {
      name: 'threads-are-for-node',
      severity: 'error',
      comment:
        'Worker threads are one way to run actors: only src/node composes them, so that all else runs in pages and simulations. Other machines take their references and values from them.',
      from: { path: '^src/', pathNot: '^src/(node/|actors/(threads|cluster)/)' },
      to: { path: '^src/actors/threads/' },
    },
    {
      name: 'actors-name-no-platform',
      severity: 'error',
      comment: 'Builtins of Node, worker threads and Piscina appear in actors only under src/actors/threads and src/actors/cluster.',
      from: { path: '^src/actors/', pathNot: '^src/actors/(threads|cluster)/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: 'node_modules/(xstate|croner)/',
      },
    },
    {
      name: 'no-development-dependency-in-src',
      severity: 'error',
      comment:
        'A package that ships needs its packages installed: move it to dependencies, or to peerDependencies when it is optional.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer', 'npm-optional', 'type-only'] },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      comment: 'The imported file or package does not exist.',
      from: { path: '^(src|scripts)/' },
      to: { couldNotResolve: true, pathNot: '^node-llama-cpp$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
