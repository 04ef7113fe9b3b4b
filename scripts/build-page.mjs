// Builds dist/browser/peer.js, the peer of a page with all that it needs in one file. Does nothing when none of its modules has changed since the last build.
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const STAMP = join('.kernell', 'page-modules.json')
const OUTPUT = join('dist', 'browser', 'peer.js')

/** Returns whether anything was built. */
export async function buildPage(rootDir = join(import.meta.dirname, '..')) {
  if (await isUpToDate(rootDir)) return false
  // Only where something is built: it brings a native program.
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: join(rootDir, 'dist', 'src', 'browser', 'index.js'),
    platform: 'browser',
    cwd: rootDir,
    logLevel: 'warn',
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false, comments: false })
  await bundle.close()
  const [chunk] = output
  if (output.length !== 1 || chunk === undefined || chunk.imports.length > 0)
    throw new Error(`The peer of a page is not one file: ${output.map(({ fileName }) => fileName).join(', ')}`)
  await mkdir(join(rootDir, 'dist', 'browser'), { recursive: true })
  await writeWhole(join(rootDir, OUTPUT), chunk.code)
  await writeWhole(join(rootDir, 'dist', 'browser', 'peer.d.ts'), "export * from '../src/browser/index.js'\n")
  const modules = Object.keys(chunk.modules).filter((id) => id.startsWith('/') || /^[A-Za-z]:/.test(id))
  await mkdir(join(rootDir, '.kernell'), { recursive: true })
  await writeWhole(join(rootDir, STAMP), JSON.stringify(await changesOf(rootDir, [...modules, import.meta.filename])))
  return true
}

async function isUpToDate(rootDir) {
  const before = await readFile(join(rootDir, STAMP), 'utf8').catch(() => undefined)
  const output = await stat(join(rootDir, OUTPUT)).catch(() => undefined)
  if (before === undefined || output === undefined) return false
  const files = Object.keys(JSON.parse(before)).map((file) => join(rootDir, file))
  return JSON.stringify(await changesOf(rootDir, files)) === before
}

/** When each file was changed; one that has gone was changed too. */
async function changesOf(rootDir, files) {
  const changes = {}
  for (const file of files.toSorted())
    changes[relative(rootDir, file)] = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0
  return changes
}

async function writeWhole(path, text) {
  await writeFile(`${path}.next`, text)
  await rename(`${path}.next`, path)
}
