/**
 * The part of the standard WebAssembly API that is used here. The project is compiled without DOM types, since its code runs
 * on servers, in workers and in browsers, and Node's types leave this API out.
 */
export type WasmMemory = { readonly buffer: ArrayBufferLike; grow(pages: number): number }
export type WasmModule = { readonly [moduleBrand]: true }

declare const moduleBrand: unique symbol

type WebAssemblyApi = {
  readonly Memory: new (limits: { initial: number; maximum: number; shared?: boolean }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown }
  compile(bytes: Uint8Array): Promise<WasmModule>
}

export const webAssembly: WebAssemblyApi = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi

/** Bytes in one page, and the most pages that 32-bit addresses reach. */
export const PAGE_BYTES = 65_536
export const PAGES_MAX = 65_536
