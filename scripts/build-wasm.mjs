// Builds dist/wasm from core-wasm and protocol/wit. Does nothing when the sources have not changed since the last build.
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildComponent } from '../core-wasm/build/component.mjs'
import { compileComponentCore, compileCore } from '../core-wasm/build/compile.mjs'

const SOURCES = [
  'asconfig.json',
  'core-wasm',
  'protocol/wit',
  'scripts/build-wasm.mjs',
  'node_modules/assemblyscript/package.json',
  'node_modules/@bytecodealliance/jco/package.json',
]

/**
 * Writes core.wasm, core.shared.wasm, component/ and browser/core.js to `dist/wasm`. Returns whether anything was built.
 */
export async function buildWasm(rootDir = join(import.meta.dirname, '..')) {
  const outDir = join(rootDir, 'dist', 'wasm')
  const stamp = await hashSources(rootDir)
  if ((await readFile(join(outDir, 'sources.sha256'), 'utf8').catch(() => '')) === stamp) return false
  const nextDir = `${outDir}.next`
  await rm(nextDir, { recursive: true, force: true })
  await mkdir(nextDir, { recursive: true })
  await compileCore(rootDir, 'release', 'dist/wasm.next/core.wasm')
  await compileCore(rootDir, 'shared', 'dist/wasm.next/core.shared.wasm')
  await compileComponentCore(rootDir, 'dist/wasm.next/component-core.wasm')
  await buildComponent({
    coreFile: join(nextDir, 'component-core.wasm'),
    witFile: join(rootDir, 'protocol', 'wit', 'core.wit'),
    outDir: nextDir,
  })
  await rm(join(nextDir, 'component-core.wasm'))
  await writeFile(join(nextDir, 'sources.sha256'), stamp)
  await rm(outDir, { recursive: true, force: true })
  await rename(nextDir, outDir)
  return true
}

async function hashSources(rootDir) {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    for (const file of await listFiles(join(rootDir, source))) {
      hash.update(relative(rootDir, file)).update('\0')
      hash.update(await readFile(file))
    }
  }
  return hash.digest('hex')
}

async function listFiles(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return [path]
  const nested = await Promise.all(entries.map((entry) => listFiles(join(path, entry.name))))
  return nested.flat().sort()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const isBuilt = await buildWasm()
  console.log(isBuilt ? 'dist/wasm built' : 'dist/wasm is up to date')
}
