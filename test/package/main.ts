/**
 * `npm run test:package [-- --offline] [-- --only STEP,...]`: packs the package as it would be published and uses it as a stranger does, in a
 * folder of its own: its exports are linted (publint, arethetypeswrong), it is installed there, every door is imported, its types are read
 * by the two ways of resolving that projects use, pages are bundled (one of them by Vite, and opened), and the examples of its pages run. Exit 1 on any failure.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { judgeTypes } from './judge-types.ts'
import { buildWithVite } from './vite-project.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const ROOT = join(HERE, '../..')
const BIN = join(ROOT, 'node_modules/.bin')
const run = promisify(execFile)

type Work = { readonly folder: string; readonly tarball: string; readonly isOffline: boolean }
type Step = { readonly name: string; readonly needsInstall?: true; readonly act: (work: Work) => Promise<string> }

const STEPS: readonly Step[] = [
  { name: 'publint', act: async ({ tarball, folder }) => await tool(folder, 'publint', ['run', tarball, '--strict']) },
  { name: 'types', act: async ({ tarball, folder }) => await judgeTypes(folder, tarball) },
  { name: 'install', act: install },
  { name: 'doors', needsInstall: true, act: async ({ folder }) => await node(folder, 'doors.mjs') },
  { name: 'command', needsInstall: true, act: async ({ folder }) => await command(folder) },
  { name: 'nodenext', needsInstall: true, act: async ({ folder }) => await compile(folder, 'nodenext') },
  { name: 'bundler', needsInstall: true, act: async ({ folder }) => await compile(folder, 'bundler') },
  { name: 'browser bundle', needsInstall: true, act: bundle },
  { name: 'vite', needsInstall: true, act: async ({ folder }) => await buildWithVite(folder, join(BIN, 'vite')) },
  { name: 'examples', needsInstall: true, act: async ({ folder }) => await node(folder, 'examples.mjs') },
]

async function tool(folder: string, name: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run(join(BIN, name), [...words], { cwd: folder, maxBuffer: 64 * 1_048_576 })
  return stdout.trim().split('\n').at(-1) ?? ''
}

async function node(folder: string, file: string): Promise<string> {
  const { stdout } = await run(process.execPath, [file], { cwd: folder })
  return stdout.trim()
}

async function install({ folder, tarball, isOffline }: Work): Promise<string> {
  const words = ['install', tarball, '--no-audit', '--no-fund', '--ignore-scripts', '--omit=peer']
  await run('npm', [...words, isOffline ? '--offline' : '--prefer-offline'], { cwd: folder, maxBuffer: 64 * 1_048_576 })
  return `${(await readdir(join(folder, 'node_modules'))).length} folders in node_modules`
}

async function command(folder: string): Promise<string> {
  const { stdout } = await run(join(folder, 'node_modules/.bin/kernell'), ['--version'], { cwd: folder })
  return `kernell ${stdout.trim()}`
}

/** The sample of a stranger's program. */
async function compile(folder: string, resolution: 'nodenext' | 'bundler'): Promise<string> {
  const file = `tsconfig.${resolution}.json`
  const config = {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable', 'dom'],
      module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
      moduleResolution: resolution,
      strict: true,
      noEmit: true,
      // The declarations of the package are read whole, and so are those of the packages that they name.
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    files: ['sample.ts'],
  }
  await writeFile(join(folder, file), JSON.stringify(config))
  await tool(folder, 'tsc', ['-p', file])
  return 'sample.ts compiles'
}

/** What runs in pages is bundled for pages, and reaches no builtin of Node. */
async function bundle({ folder }: Work): Promise<string> {
  const { rolldown } = await import('rolldown')
  const missing: string[] = []
  const bundled = await rolldown({
    input: join(folder, 'page.mjs'),
    platform: 'browser',
    cwd: folder,
    onLog: (_level, log) => {
      if (log.code === 'UNRESOLVED_IMPORT') missing.push(log.message)
    },
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true })
  await bundled.close()
  if (missing.length > 0) throw new Error(missing.join('\n'))
  const length = output.reduce((sum, part) => sum + (part.type === 'chunk' ? part.code.length : 0), 0)
  const builtins = output
    .flatMap((part) => (part.type === 'chunk' ? part.imports : []))
    .filter((name) => name.startsWith('node:'))
  if (builtins.length > 0) throw new Error(`the page imports ${builtins.join(', ')}`)
  return `${Math.round(length / 1024)} KiB`
}

async function pack(folder: string): Promise<string> {
  await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, maxBuffer: 64 * 1_048_576 })
  const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no tarball')
  return join(folder, name)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { offline: { type: 'boolean' }, only: { type: 'string' } } })
  const only = values.only?.split(',').map((name) => name.trim())
  const unknown = only?.filter((name) => !STEPS.some((step) => step.name === name)) ?? []
  if (unknown.length > 0)
    throw new TypeError(`No step ${unknown.join(', ')}; there are ${STEPS.map(({ name }) => name).join(', ')}`)
  const place = await mkdtemp(join(tmpdir(), 'kernell-package-'))
  try {
    const folder = join(place, 'project')
    await mkdir(folder)
    await cp(join(HERE, 'consumer'), folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
    const work = { folder, tarball: await pack(place), isOffline: values.offline === true }
    const steps = only === undefined ? STEPS : STEPS.filter((step) => only.includes(step.name))
    const needsInstall = steps.some((step) => step.needsInstall) && !steps.some(({ name }) => name === 'install')
    if (needsInstall) await install(work)
    for (const step of steps) await take(step, work)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function take({ name, act }: Step, work: Work): Promise<void> {
  const startedMs = performance.now()
  const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(1)
  try {
    const told = await act(work)
    console.log(`ok      ${name.padEnd(15)} ${seconds().padStart(6)} s  ${told}`)
  } catch (error: unknown) {
    process.exitCode = 1
    console.log(`FAILED  ${name.padEnd(15)} ${seconds().padStart(6)} s`)
    console.log(outputOf(error))
  }
}

function outputOf(error: unknown): string {
  const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string }
  const text = [stdout, stderr].filter((part) => part !== undefined && part !== '').join('\n')
  return text === '' ? String(error) : text
}

await main()
