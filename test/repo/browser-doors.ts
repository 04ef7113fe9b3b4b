/** Doors that run in a browser: whatever they reach must do without Node. */
export const BROWSER_SAFE: readonly string[] = [
  'core',
  'ports',
  'wire',
  'wasm',
  'wasm/browser',
  'actors',
  'router',
  'memory',
  'simulation',
  'testing',
  'peer-browser',
  'peer-browser/bundle',
]
