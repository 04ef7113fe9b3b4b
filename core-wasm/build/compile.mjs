// Runs the AssemblyScript compiler in this process. Decorators stand in comments (`/*@inline*/`) because linters and formatters
// cannot parse them on functions; reading a file turns them back, column for column.
import { readFile as readText } from 'node:fs/promises'
import { resolve } from 'node:path'
import asc from 'assemblyscript/asc'
import { WitExports } from './wit-exports.mjs'

const DECORATOR = /\/\*@((?:inline|external)\b[^*]*)\*\//g

/** Compiles with the given command line; throws with the compiler's own messages when it fails or warns. */
export async function compile(rootDir, options, transforms = []) {
  const readFile = async (file, base) => {
    try {
      const text = await readText(resolve(base ?? rootDir, file), 'utf8')
      return text.replace(DECORATOR, (match, decorator) => ('@' + decorator).padEnd(match.length))
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return null
      throw error
    }
  }
  const messages = []
  const stderr = { write: (text) => messages.push(text) }
  const { error } = await asc.main([...options, '--baseDir', rootDir], { readFile, stderr, transforms })
  if (error !== null || messages.length > 0)
    throw new Error(['asc', ...options, messages.join('')].join(' '), { cause: error })
}

const RAW_OPTIONS = ['--runtime', 'stub', '-O3', '--noAssert', '--importMemory', '--enable']

/** The raw module over a memory of one thread. The same options stand in asconfig.json, target `release`. */
export function compileCore(rootDir, outFile) {
  return compile(rootDir, ['core-wasm/assembly/index.ts', '--outFile', outFile, ...RAW_OPTIONS, 'simd'])
}

/** The raw module over a SharedArrayBuffer of at most 4 GiB. */
export function compileSharedCore(rootDir, outFile) {
  const shared = ['simd,threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536']
  return compile(rootDir, ['core-wasm/assembly/index.ts', '--outFile', outFile, ...RAW_OPTIONS, ...shared])
}

/** The core module of the component: canonical ABI, memory of its own, no imports but the resource functions. */
export function compileComponentCore(rootDir, outFile) {
  const options = ['--runtime', 'minimal', '-O3', '--noAssert', '--enable', 'simd', '--use', 'abort=']
  return compile(rootDir, ['core-wasm/assembly/component.ts', '--outFile', outFile, ...options], [WitExports])
}
