/** The part of the standard WebAssembly API that hosts use; neither the language's types nor Node's have it. */
export type WasmMemory = { readonly buffer: ArrayBuffer }
export type WasmModule = { readonly [moduleBrand]: true }

declare const moduleBrand: unique symbol

type WebAssemblyApi = {
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory
  readonly RuntimeError: new (message?: string) => Error
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (
    module: WasmModule,
    imports?: object,
  ) => { readonly exports: Readonly<Record<string, unknown>> }
  compile(bytes: Uint8Array): Promise<WasmModule>
}

export const webAssembly: WebAssemblyApi = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi

export const PAGE_BYTES = 65_536
