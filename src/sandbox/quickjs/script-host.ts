import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import type { SandboxStream } from '../../ports/sandbox-runtime.ts'
import type { GuestInputs } from '../hosted/guest-inputs.ts'
import type { GuestSide } from '../hosted/guest-window.ts'
import { SeededBytes } from '../hosted/seeded-bytes.ts'
import type { ScriptFiles } from './script-files.ts'

const RANDOM_BYTES_MAX = 65_536

export type ScriptHostInit = {
  readonly window: GuestSide
  readonly inputs: GuestInputs
  readonly files: ScriptFiles
}

/** The functions of the host that a script's prelude gets, and all that leads out of the interpreter. They take and give texts, numbers and copies of bytes, and never an object of ours. */
export function createScriptHost(context: QuickJSContext, { window, inputs, files }: ScriptHostInit): QuickJSHandle {
  const random = new SeededBytes(inputs.seed)
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const text = (handle: QuickJSHandle | undefined): string => (handle === undefined ? '' : context.getString(handle))
  const bytes = (handle: QuickJSHandle | undefined): Uint8Array =>
    handle === undefined ? new Uint8Array() : context.getArrayBuffer(handle).consume(({ value }) => value.slice())
  const give = (value: Uint8Array | undefined): QuickJSHandle =>
    value === undefined ? context.undefined : context.newArrayBuffer(value.slice().buffer)
  const functions: Readonly<Record<string, (...args: QuickJSHandle[]) => QuickJSHandle | undefined>> = {
    write: (stream, line) => {
      window.write(streamOf(text(stream)), encoder.encode(text(line)))
      return undefined
    },
    writeBytes: (stream, content) => {
      window.write(streamOf(text(stream)), bytes(content))
      return undefined
    },
    stdin: () => give(inputs.stdin),
    stdinText: () => context.newString(decoder.decode(inputs.stdin)),
    listFiles: () => context.newString(JSON.stringify(files.list())),
    readFile: (path) => give(files.read(text(path))),
    readFileText: (path) => {
      const content = files.read(text(path))
      return content === undefined ? context.undefined : context.newString(decoder.decode(content))
    },
    writeFile: (path, content) => {
      files.write(text(path), bytes(content))
      return undefined
    },
    writeFileText: (path, content) => {
      files.write(text(path), encoder.encode(text(content)))
      return undefined
    },
    removeFile: (path) => {
      files.remove(text(path))
      return undefined
    },
    random: (length) => {
      const count = length === undefined ? Number.NaN : context.getNumber(length)
      if (!Number.isSafeInteger(count) || count < 0 || count > RANDOM_BYTES_MAX)
        throw new RangeError(`At most ${RANDOM_BYTES_MAX} bytes at a time.`)
      return give(random.take(count))
    },
    unit: () => context.newNumber(random.takeUnit()),
  }
  const host = context.newObject()
  for (const [name, work] of Object.entries(functions))
    context.newFunction(name, work).consume((handle) => context.setProp(host, name, handle))
  return host
}

function streamOf(name: string): SandboxStream {
  return name === 'stderr' ? 'stderr' : 'stdout'
}
