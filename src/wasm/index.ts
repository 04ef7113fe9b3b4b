/**
 * The numeric kernels in WebAssembly and their TypeScript twins: feature hashing, similarity search, linear scoring, expected cost of routes. Both
 * implement the same ports and give the same results to the last bit. It reads no file: hand it the bytes of `core.wasm`.
 *
 * ```ts
 * import { compileCore, createTypeScriptKernel, createWasmKernel, type WasmKernel } from 'kernell-os/wasm'
 *
 * export const kernelOf = async (bytes: Uint8Array): Promise<WasmKernel> => createWasmKernel(await compileCore(bytes))
 * console.log(createTypeScriptKernel().implementation)
 * ```
 */
export { createTypeScriptKernel } from './typescript-kernel.ts'
export { compileCore, createWasmKernel, type WasmKernel } from './wasm-kernel.ts'
