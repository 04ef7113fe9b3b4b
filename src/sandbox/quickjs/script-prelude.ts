/**
 * What a script finds beside the language itself. It runs in the interpreter before the script, keeps the functions that it needs so that the script cannot change them under it, and
 * hands `invoke` and `describe` to the host; nothing of the host is left within reach but the functions below.
 *
 * ```js
 * console.log(...values); console.info(...values); console.debug(...values)  // standard output, a line each
 * console.error(...values); console.warn(...values)                          // standard error
 * kernell.stdin.text(); kernell.stdin.bytes()                                // standard input, whole
 * kernell.stdout.write(textOrBytes); kernell.stderr.write(textOrBytes)       // as it is, without the end of a line
 * kernell.files.list(); kernell.files.read(path); kernell.files.readText(path)   // undefined where there is none
 * kernell.files.write(path, textOrBytes); kernell.files.remove(path)         // in memory; `filesOut` hands them out
 * kernell.environment.NAME                                                   // what the policy names
 * kernell.randomBytes(length)                                                // at most 65,536 at a time
 * ```
 *
 * `Date` and `Math.random` work: their clock and their seed come from the host. There are no timers, no modules, no network, no processes.
 */
export const SCRIPT_PRELUDE = `(host, environmentText) => {
  'use strict'
  const { parse, stringify } = JSON
  const { freeze, defineProperty } = Object
  const { isView } = ArrayBuffer
  const OutOfMemory = InternalError
  const bytesOf = (data) => {
    if (isView(data)) return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
    if (data instanceof ArrayBuffer) return data
    throw new TypeError('Give it text, an ArrayBuffer or a view of one.')
  }
  const viewOf = (buffer) => (buffer === undefined ? undefined : new Uint8Array(buffer))
  const jsonOf = (value) => stringify(value, (name, member) => (typeof member === 'bigint' ? String(member) : member))
  const describe = (value) => {
    if (typeof value === 'string') return value
    if (value instanceof Error) return value.name + ': ' + value.message + '\\n' + (value.stack ?? '')
    if (typeof value === 'object' && value !== null) return jsonOf(value) ?? String(value)
    return typeof value === 'bigint' ? value + 'n' : String(value)
  }
  const lineOf = (values) => {
    let line = ''
    for (let index = 0; index < values.length; index += 1) line += (index === 0 ? '' : ' ') + describe(values[index])
    return line + '\\n'
  }
  const toStdout = (...values) => host.write('stdout', lineOf(values))
  const toStderr = (...values) => host.write('stderr', lineOf(values))
  const streamOf = (stream) => freeze({
    write: (data) => (typeof data === 'string' ? host.write(stream, data) : host.writeBytes(stream, bytesOf(data))),
  })
  const give = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true })
  give('console', freeze({ log: toStdout, info: toStdout, debug: toStdout, warn: toStderr, error: toStderr }))
  give('kernell', freeze({
    stdin: freeze({ bytes: () => viewOf(host.stdin()), text: () => host.stdinText() }),
    stdout: streamOf('stdout'),
    stderr: streamOf('stderr'),
    files: freeze({
      list: () => parse(host.listFiles()),
      read: (path) => viewOf(host.readFile(String(path))),
      readText: (path) => host.readFileText(String(path)),
      write: (path, data) =>
        typeof data === 'string' ? host.writeFileText(String(path), data) : host.writeFile(String(path), bytesOf(data)),
      remove: (path) => host.removeFile(String(path)),
    }),
    environment: freeze(parse(environmentText)),
    randomBytes: (length) => viewOf(host.random(length)),
  }))
  Math.random = () => host.unit()
  return {
    invoke: async (called, argsText) => jsonOf(await called(...parse(argsText))) ?? 'null',
    describe: (value) => (value instanceof OutOfMemory && value.message === 'out of memory' ? '' : describe(value)),
  }
}`
