import { webAssembly, type WasmMemory, type WasmModule } from '../hosted/web-assembly.ts'

export type ComponentFunction = (...args: readonly unknown[]) => unknown

export type ComponentInstance = {
  readonly exports: object
  /** Of all memories that its modules hand to each other or to the host. */
  memoryBytes(): number
}

export type InstanceInit = {
  /** The translation, as a `data:` URL. */
  readonly url: string
  /** Its core modules by name. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly imports: object
  /** Told right before code of the component may run. */
  readonly begin: () => void
}

/** What a translation exports. */
type Translation = {
  readonly instantiate: (
    getCoreModule: (name: string) => WasmModule,
    imports: object,
    instantiateCore: (module: WasmModule, imports?: object) => { readonly exports: Readonly<Record<string, unknown>> },
  ) => object | Promise<object>
}

/** Modules that one component may make instances of, and of each as many as it says. */
const INSTANCES_MAX = 256

/** Evaluates a translation in this thread. Throws what instantiation throws. */
export async function instantiateComponent({ url, files, imports, begin }: InstanceInit): Promise<ComponentInstance> {
  const memories = new Set<WasmMemory>()
  let count = 0
  const translation = (await import(url)) as Translation
  begin()
  const exports = await translation.instantiate(
    (name) => {
      const bytes = files.get(name)
      if (bytes === undefined) throw new RangeError(`The translation names a module ${name} that it does not have.`)
      return new webAssembly.Module(bytes)
    },
    imports,
    (module, given) => {
      count += 1
      if (count > INSTANCES_MAX) throw new RangeError(`The component is made of more than ${INSTANCES_MAX} instances.`)
      const instance = new webAssembly.Instance(module, given)
      for (const value of Object.values(instance.exports)) if (value instanceof webAssembly.Memory) memories.add(value)
      return instance
    },
  )
  const memoryBytes = (): number => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0)
  return { exports, memoryBytes }
}

/** Finds an exported function by its name in WIT: `name`, or `interface#name`. */
export function findFunction(exports: object, name: string): ComponentFunction | undefined {
  const hash = name.indexOf('#')
  const owner = hash === -1 ? exports : own(exports, name.slice(0, hash))
  if (typeof owner !== 'object' || owner === null) return undefined
  const found = own(owner, lowerCamel(name.slice(hash + 1)))
  return typeof found === 'function' ? (found as ComponentFunction) : undefined
}

function own(holder: object, name: string): unknown {
  return Object.hasOwn(holder, name) ? Reflect.get(holder, name) : undefined
}

/** `get-first-HTTP` is `getFirstHttp` in translations. */
function lowerCamel(name: string): string {
  return name
    .split('-')
    .map((word, index) =>
      index === 0 ? word.toLowerCase() : `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`,
    )
    .join('')
}
