/** Runs components in this very thread, with no limits on anything. A list of them comes by standard input. */
import { text as readText } from 'node:stream/consumers'
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import { findFunction, instantiateComponent } from '../../../src/sandbox/component/component-instance.ts'
import { jsonOfResult } from '../../../src/sandbox/component/component-values.ts'
import { translateComponent } from '../../../src/sandbox/component/translate-component.ts'
import { createWasiImports } from '../../../src/sandbox/component/wasi-imports.ts'
import { createGuestWindow, GuestSide } from '../../../src/sandbox/hosted/guest-window.ts'

type Bare = { readonly text: string; readonly call: string; readonly args: readonly unknown[] }

const INPUTS = {
  args: [],
  nowMs: 0,
  environment: {},
  filesOut: [],
  seed: new Uint8Array(32),
  stdin: new Uint8Array(),
  files: [],
}

async function runBare({ text, call, args }: Bare): Promise<unknown> {
  const { names, files } = await translateComponent(await parse(text))
  const [script = new Uint8Array(), ...modules] = files
  const instance = await instantiateComponent({
    url: `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`,
    files: new Map(names.slice(1).map((name, index) => [name, modules[index] ?? new Uint8Array()])),
    imports: createWasiImports({ window: new GuestSide(createGuestWindow(1_000), 1_000), inputs: INPUTS }),
    begin: () => {},
  })
  try {
    return JSON.parse(jsonOfResult(findFunction(instance.exports, call)?.(...args), 1_000)) as unknown
  } catch (error) {
    return String(error)
  }
}

const values: unknown[] = []
for (const attack of JSON.parse(await readText(process.stdin)) as readonly Bare[]) values.push(await runBare(attack))
process.stdout.write(JSON.stringify(values))
