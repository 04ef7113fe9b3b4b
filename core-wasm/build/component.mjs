// From the component's core module and its WIT world to JavaScript packages. WIT goes in as text: some releases of the tools
// cannot open files by path.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { componentEmbed, componentNew, transpile } from '@bytecodealliance/jco'

/** Large enough to hold the whole module in the JavaScript file. */
const INLINE_ALWAYS = 10_000_000

/**
 * Reads `coreFile` and `witFile` and writes below `outDir`: core.component.wasm, component/ (core.js, the core module and
 * types, for Node and bundlers) and browser/core.js with types (one file without imports; await its `$init` first).
 */
export async function buildComponent({ coreFile, witFile, outDir }) {
  const binary = await readFile(coreFile)
  const witSource = await readFile(witFile, 'utf8')
  const component = await componentNew(await componentEmbed({ binary, witSource, world: 'core' }), [])
  await writeFile(join(outDir, 'core.component.wasm'), component)
  const standard = await transpile(component, { name: 'core' })
  await writeFiles(join(outDir, 'component'), standard.files)
  const single = { name: 'core', nodejsCompat: false, tlaCompat: true, minify: true, base64Cutoff: INLINE_ALWAYS }
  await writeFiles(join(outDir, 'browser'), (await transpile(component, single)).files)
}

async function writeFiles(dir, files) {
  for (const [name, bytes] of Object.entries(files)) {
    const file = join(dir, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}
