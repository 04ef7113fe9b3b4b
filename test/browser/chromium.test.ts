import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as actors from '../../dist/src/actors/index.js'
import * as core from '../../dist/src/core/index.js'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../dist/src/core/policy/policy-artefact.js'
import { createPolicyScorer } from '../../dist/src/core/policy/policy-scorer.js'
import * as memory from '../../dist/src/memory/index.js'
import * as ports from '../../dist/src/ports/index.js'
import * as router from '../../dist/src/router/index.js'
import * as simulation from '../../dist/src/simulation/index.js'
import * as testing from '../../dist/src/testing/index.js'
import * as wasm from '../../dist/src/wasm/index.js'
import { loadWasmKernel } from '../../dist/src/wasm/node-load.js'
import * as wire from '../../dist/src/wire/index.js'
import * as component from '../../dist/wasm/component/core.js'
import { trainPolicy } from '../../dist/src/core/learning/train-policy.js'
import { syntheticRows } from '../core/learning/synthetic-rows.ts'
import { findChromium, readResult } from './chromium.ts'
import { runComponent, runCore, runKernel } from './page-operations.ts'
import { startPageServer, type Page, type PageServer } from './page-server.ts'

const DOORS = { actors, core, memory, ports, router, simulation, testing, wasm, wire }

const KERNEL_BYTES = `
  const { compileCore, createWasmKernel, createTypeScriptKernel } = await import('kernell-os/wasm')
  const { runKernel } = await import('/operations.js')
  const bytes = new Uint8Array(await (await fetch(import.meta.resolve('kernell-os/wasm/core.wasm'))).arrayBuffer())`
const componentFrom = (door: string): string => `
  const component = await import('${door}')
  await component.$init
  const { runComponent } = await import('/operations.js')
  return JSON.stringify(runComponent(component))`

const PAGES = {
  names: {
    allowsWasm: true,
    script: `
  const names = {}
  for (const door of ${JSON.stringify(Object.keys(DOORS))}) names[door] = Object.keys(await import('kernell-os/' + door)).sort()
  return JSON.stringify(names)`,
  },
  core: {
    allowsWasm: false,
    script: `
  const core = await import('kernell-os/core')
  const { createPolicyScorer, parsePolicyArtefact } = core
  const { runCore } = await import('/operations.js')
  const artefact = await (await fetch('/artefact')).text()
  return core.canonicalJson(runCore(core, { createPolicyScorer, parsePolicyArtefact, artefact }))`,
  },
  kernel: {
    allowsWasm: true,
    script: `${KERNEL_BYTES}
  return JSON.stringify(runKernel(createWasmKernel(await compileCore(bytes))))`,
  },
  'kernel-forbidden': {
    allowsWasm: false,
    script: `${KERNEL_BYTES}
  return JSON.stringify(runKernel(createWasmKernel(await compileCore(bytes))))`,
  },
  'typescript-kernel': {
    allowsWasm: false,
    script: `${KERNEL_BYTES}
  return JSON.stringify(runKernel(createTypeScriptKernel()))`,
  },
  'single-file': { allowsWasm: true, script: componentFrom('kernell-os/wasm/browser') },
  'single-file-forbidden': { allowsWasm: false, script: componentFrom('kernell-os/wasm/browser') },
  component: { allowsWasm: true, script: componentFrom('kernell-os/wasm/component') },
} as const satisfies Record<string, Page>

function trainedArtefact(): string {
  return formatPolicyArtefact(
    trainPolicy(syntheticRows(120, 1), {
      candidates: ['strong', 'weak'],
      pair: { strong: 'strong', weak: 'weak' },
      withCosts: false,
      lineage: { dataCardHash: 'synthetic', codeVersion: '0.0.0' },
      seed: 1,
    }),
  )
}

const chromium = findChromium()
if ('reason' in chromium) console.warn(`Pages are not opened: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('a page in Chromium', { timeout: 60_000 }, () => {
  let server: PageServer
  let artefact: string
  const open = (name: keyof typeof PAGES): Promise<string> =>
    readResult('path' in chromium ? chromium.path : '', server.urlOf(name))

  beforeAll(async () => {
    artefact = trainedArtefact()
    server = await startPageServer(PAGES, { '/artefact': artefact })
  })
  afterAll(() => server.close())

  it('imports every door that is said to run in browsers, with the names it has in Node', async () => {
    const names = Object.entries(DOORS).map(([door, names]) => [door, Object.keys(names).sort()])
    expect(JSON.parse(await open('names'))).toEqual(Object.fromEntries(names))
  })

  it('gets the answers, risks and policy scores of Node from the core door, to the last bit', async () => {
    const expected = runCore(core, { createPolicyScorer, parsePolicyArtefact, artefact })
    expect(await open('core')).toBe(core.canonicalJson(expected))
  })

  it('gets the results of Node from core.wasm, to the last bit', async () => {
    expect(await open('kernel')).toBe(JSON.stringify(runKernel(await loadWasmKernel())))
  })

  it.each(['single-file', 'component'] as const)(
    'gets the results of Node from the %s, to the last bit',
    async (name) => {
      expect(await open(name)).toBe(JSON.stringify(runComponent(component)))
    },
  )

  it.each(['kernel-forbidden', 'single-file-forbidden'] as const)(
    'that forbids WebAssembly is told so: %s',
    async (name) => {
      expect(await open(name)).toMatch(/^CompileError: .*violates the following Content Security policy/)
    },
  )

  it('that forbids WebAssembly has the TypeScript kernels, with the same results', async () => {
    expect(await open('typescript-kernel')).toBe(JSON.stringify(runKernel(await loadWasmKernel())))
  })
})
