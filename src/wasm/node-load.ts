import { readFile } from 'node:fs/promises'
import { compileCore, createWasmKernel } from './wasm-kernel.ts'
import type { WasmKernel } from './wasm-kernel.ts'

/**
 * Loads core.wasm from the package's own files. Node only: browsers fetch the bytes and call `compileCore` themselves.
 * The file lies in dist/wasm whether this code runs from dist/src or, in development, from src.
 */
export async function loadWasmKernel(): Promise<WasmKernel> {
  return createWasmKernel(await compileCore(await readCoreBytes('core.wasm')))
}

/** Bytes of one of the built modules. Rejects with the reason for each place where it was looked for. */
export async function readCoreBytes(name: 'core.wasm' | 'core.shared.wasm'): Promise<Uint8Array> {
  const places = [new URL(`../../wasm/${name}`, import.meta.url), new URL(`../../dist/wasm/${name}`, import.meta.url)]
  const failures: unknown[] = []
  for (const place of places) {
    try {
      return await readFile(place)
    } catch (error: unknown) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, `${name} is missing; \`npm run build\` makes it`)
}
