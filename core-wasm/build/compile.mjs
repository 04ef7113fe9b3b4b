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

/**
 * The raw module as asconfig.json describes it: target `release` over the memory of one thread, `shared` over a
 * SharedArrayBuffer, `debug` with names and a source map.
 */
export function compileCore(rootDir, target, outFile) {
  return compile(rootDir, ['--config', 'asconfig.json', '--target', target, '--outFile', outFile])
}

/** The core module of the component: canonical ABI, memory of its own, no imports but the resource functions. */
export function compileComponentCore(rootDir, outFile) {
  const options = ['--runtime', 'minimal', '-O3', '--noAssert', '--enable', 'simd', '--use', 'abort=']
  return compile(rootDir, ['core-wasm/assembly/component.ts', '--outFile', outFile, ...options], [WitExports])
}
