/**
 * The layers of src, lowest first, and what each folder may import besides itself. Arrows point down only; folders of one layer never import
 * each other. dependency-cruiser takes its rules from here; test/repo/layering.test.ts holds its own copy and fails when the two differ.
 */
export type Layer = { readonly layer: number; readonly folder: string; readonly mayImport: readonly string[] }

const VALUES = ['base', 'core']
const CONTRACTS = [...VALUES, 'ports', 'wire']
const ADAPTERS = [
  'actors',
  'wasm',
  'keys',
  'storage',
  'network',
  'models',
  'sandbox',
  'guard',
  'mcp',
  'telemetry',
  'testing',
]
const SERVICES = ['router', 'learning', 'market', 'memory', 'rights']

export const LAYERS: readonly Layer[] = [
  { layer: 1, folder: 'base', mayImport: [] },
  { layer: 2, folder: 'core', mayImport: ['base'] },
  { layer: 3, folder: 'ports', mayImport: VALUES },
  { layer: 3, folder: 'wire', mayImport: VALUES },
  ...ADAPTERS.map((folder) => ({ layer: 4, folder, mayImport: CONTRACTS })),
  ...SERVICES.map((folder) => ({ layer: 5, folder, mayImport: [...CONTRACTS, 'actors'] })),
  {
    layer: 6,
    folder: 'node',
    mayImport: [...CONTRACTS, ...ADAPTERS.filter((name) => name !== 'testing'), ...SERVICES],
  },
  {
    layer: 6,
    folder: 'simulation',
    // The other place that chooses adapters: simulated ones, so nothing that opens a file or a socket.
    mayImport: [
      ...CONTRACTS,
      'actors',
      'wasm',
      'keys',
      'network',
      'storage',
      'models',
      'telemetry',
      'testing',
      ...SERVICES,
    ],
  },
  {
    layer: 6,
    folder: 'browser',
    // The third place: what a page gives. Neither models nor learning, which have no part in the market.
    mayImport: [...CONTRACTS, 'keys', 'network', 'storage', 'market'],
  },
  { layer: 7, folder: 'gateway', mayImport: [...CONTRACTS, 'node'] },
  // Runs in a page: of the node it knows what comes over HTTP, and how numbers are written.
  { layer: 7, folder: 'dashboard', mayImport: ['base'] },
  { layer: 8, folder: 'cli', mayImport: [...CONTRACTS, 'node', 'simulation', 'gateway'] },
]
