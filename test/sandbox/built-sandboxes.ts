/**
 * Sandboxes as they are published. From sources, Node would translate them anew in every process that is started, which takes longer than most runs; the build is made before the first
 * test.
 */
import type { createComponentSandbox as componentSource } from '../../src/sandbox/component/create-component-sandbox.ts'
import type { createQuickjsSandbox as quickjsSource } from '../../src/sandbox/quickjs/create-quickjs-sandbox.ts'

const BUILT = new URL('../../dist/src/sandbox/', import.meta.url)

async function load<Module>(path: string): Promise<Module> {
  return (await import(new URL(path, BUILT).href)) as Module
}

const component = await load<{ readonly createComponentSandbox: typeof componentSource }>(
  'component/create-component-sandbox.js',
)
const quickjs = await load<{ readonly createQuickjsSandbox: typeof quickjsSource }>('quickjs/create-quickjs-sandbox.js')

export const { createComponentSandbox } = component
export const { createQuickjsSandbox } = quickjs
