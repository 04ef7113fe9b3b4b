// Builds dist/dashboard/, the page that the node serves: one script, one style sheet and one document, named by what they hold. Does nothing when nothing that they are made from has changed.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const SOURCE = join('src', 'dashboard')
const OUTPUT = join('dist', 'dashboard')
const STAMP = join('.kernell', 'dashboard-modules.json')
/** Packages whose code is in the script. */
const PACKAGES = ['preact', '@preact/signals', '@preact/signals-core']
const HASH_LENGTH = 12

/** Returns whether anything was built. */
export async function buildDashboard(rootDir = join(import.meta.dirname, '..')) {
  const styles = (await readdir(join(rootDir, SOURCE, 'styles'))).filter((name) => name.endsWith('.css')).toSorted()
  const files = [
    import.meta.filename,
    join(rootDir, SOURCE, 'index.html'),
    join(rootDir, SOURCE, 'icon.svg'),
    ...styles.map((name) => join(rootDir, SOURCE, 'styles', name)),
  ]
  if (await isUpToDate(rootDir, files)) return false
  const chunk = await bundleOf(rootDir)
  const style = await styleOf(rootDir, styles)
  const script = `app-${hashOf(chunk.code)}.js`
  const sheet = `style-${hashOf(style)}.css`
  const icon = await readFile(join(rootDir, SOURCE, 'icon.svg'), 'utf8')
  const page = await readFile(join(rootDir, SOURCE, 'index.html'), 'utf8')
  const output = join(rootDir, OUTPUT)
  const contents = {
    [script]: chunk.code,
    [sheet]: style,
    'icon.svg': icon,
    'licences.txt': await licencesOf(rootDir),
    'index.html': page.replace('SCRIPT', script).replace('STYLE', sheet),
  }
  await mkdir(output, { recursive: true })
  // The document comes last: what it names is there.
  for (const [name, text] of Object.entries(contents)) await writeWhole(join(output, name), text)
  for (const name of await readdir(output)) if (contents[name] === undefined) await rm(join(output, name))
  const modules = Object.keys(chunk.modules).filter((id) => id.startsWith('/') || /^[A-Za-z]:/.test(id))
  await mkdir(join(rootDir, '.kernell'), { recursive: true })
  await writeWhole(join(rootDir, STAMP), JSON.stringify(await changesOf(rootDir, [...modules, ...files])))
  return true
}

async function bundleOf(rootDir) {
  // Only where something is built: it brings a native program.
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: join(rootDir, SOURCE, 'main.tsx'),
    platform: 'browser',
    cwd: rootDir,
    logLevel: 'warn',
    tsconfig: join(rootDir, SOURCE, 'tsconfig.json'),
    transform: { target: 'es2022' },
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false, comments: false })
  await bundle.close()
  const [chunk] = output
  if (output.length !== 1 || chunk === undefined || chunk.imports.length > 0)
    throw new Error(`The dashboard is not one script: ${output.map(({ fileName }) => fileName).join(', ')}`)
  return chunk
}

async function styleOf(rootDir, names) {
  const texts = await Promise.all(names.map((name) => readFile(join(rootDir, SOURCE, 'styles', name), 'utf8')))
  return texts
    .join('\n')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\n\s*/g, '\n')
    .replaceAll(/\n+/g, '\n')
    .trimStart()
}

/** The terms under which the packages came whose code is in the script. */
async function licencesOf(rootDir) {
  const parts = await Promise.all(
    PACKAGES.map(async (name) => {
      const folder = join(rootDir, 'node_modules', name)
      const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
      const text = await readFile(join(folder, 'LICENSE'), 'utf8')
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    }),
  )
  return `The script of the dashboard contains code of these packages.\n\n${parts.join('\n\n')}`
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH)
}

async function isUpToDate(rootDir, own) {
  const before = await readFile(join(rootDir, STAMP), 'utf8').catch(() => undefined)
  const page = await stat(join(rootDir, OUTPUT, 'index.html')).catch(() => undefined)
  if (before === undefined || page === undefined) return false
  const files = Object.keys(JSON.parse(before)).map((file) => join(rootDir, file))
  const all = new Set([...files, ...own])
  return JSON.stringify(await changesOf(rootDir, [...all])) === before
}

/** When each file was changed; one that has gone was changed too. */
async function changesOf(rootDir, files) {
  const changes = {}
  for (const file of [...new Set(files)].toSorted((one, other) => (one < other ? -1 : 1)))
    changes[relative(rootDir, file)] = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0
  return changes
}

async function writeWhole(path, text) {
  await writeFile(`${path}.next`, text)
  await rename(`${path}.next`, path)
}
