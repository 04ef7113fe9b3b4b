/**
 * Builds what is published: JavaScript and declarations in dist/, the WASM core, the peer of a page, the dashboard, and the command `kernell` in node_modules/.bin.
 * Also run by npm as `prepare`, with whatever Node npm has; everything that needs a newer one is started with the packaged Node.
 * A second run with nothing changed takes about a second.
 */

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const BIN = join(ROOT, 'node_modules', '.bin')
const NODE_FLOOR = [22, 18]

if (isTooOld(process.versions.node)) restartWithPackagedNode()
else await build()

async function build() {
  compileTypeScript()
  copySupervisor()
  for (const folder of ['src', 'agents']) removeOrphans(join(ROOT, 'dist', folder), join(ROOT, folder))
  giveScopes()
  const wasm = join(ROOT, 'scripts', 'build-wasm.mjs')
  if (existsSync(wasm)) {
    const { buildWasm } = await import(pathToFileURL(wasm).href)
    await buildWasm()
  }
  const page = join(ROOT, 'scripts', 'build-page.mjs')
  if (existsSync(page)) {
    const { buildPage } = await import(pathToFileURL(page).href)
    await buildPage()
  }
  const dashboard = join(ROOT, 'scripts', 'build-dashboard.mjs')
  if (existsSync(dashboard)) {
    const { buildDashboard } = await import(pathToFileURL(dashboard).href)
    await buildDashboard()
  }
  linkCommand()
}

function isTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor < NODE_FLOOR[1])
}

/** npm puts node_modules/.bin first in PATH for later scripts, but runs `prepare` of the root with its own Node. */
function restartWithPackagedNode() {
  const node = join(BIN, process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(node)) fail(`Node ${process.versions.node} is too old: ${NODE_FLOOR.join('.')} or newer is needed.`)
  const again = spawnSync(node, [fileURLToPath(import.meta.url)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
  })
  process.exitCode = again.status ?? 1
}

function compileTypeScript() {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const info = join(ROOT, '.kernell', 'build.tsbuildinfo')
  // The record of the last build is worth nothing when its output is gone.
  if (!existsSync(join(ROOT, 'dist', 'src'))) rmSync(info, { force: true })
  const run = spawnSync(process.execPath, [compiler, '-p', join(ROOT, 'tsconfig.build.json')], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (run.status !== 0) fail('The TypeScript sources do not compile.')
}

/** The first program of containers and machines is compiled where it is used. */
function copySupervisor() {
  const path = join('src', 'sandbox', 'guest', 'supervisor.c')
  copyFileSync(join(ROOT, path), join(ROOT, 'dist', path))
}

/** Output of a source file that was renamed or removed must not be published. */
function removeOrphans(outputFolder, sourceFolder) {
  if (!existsSync(outputFolder)) return
  for (const entry of readdirSync(outputFolder, { withFileTypes: true })) {
    const output = join(outputFolder, entry.name)
    if (entry.isDirectory()) {
      if (!existsSync(join(sourceFolder, entry.name))) rmSync(join(output, 'package.json'), { force: true })
      removeOrphans(output, join(sourceFolder, entry.name))
      if (readdirSync(output).length === 0) rmdirSync(output)
    } else {
      const stem = /^(.*?)\.(?:js|d\.ts|js\.map|d\.ts\.map)$/.exec(entry.name)?.[1]
      if (stem !== undefined && !existsSync(join(sourceFolder, `${stem}.ts`))) rmSync(output)
    }
  }
}

/**
 * Node looks for the package of each module in its folder and in all above it, and reads the large one of this package each time: with a small one near by, `kernell node` starts
 * with a tenth less work. The command line is left out, since it reaches the agents by the name of this package.
 */
function giveScopes() {
  const folder = join(ROOT, 'dist', 'src')
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    if (name !== 'cli')
      writeFileSync(join(folder, name, 'package.json'), '{ "type": "module", "sideEffects": false }\n')
}

/** npm links the commands of dependencies, not those of the package itself. */
function linkCommand() {
  const command = join(ROOT, 'dist', 'src', 'cli', 'main.js')
  if (!existsSync(command)) return
  chmodSync(command, 0o755)
  mkdirSync(BIN, { recursive: true })
  if (process.platform === 'win32') {
    writeFileSync(join(BIN, 'kernell.cmd'), '@node "%~dp0\\..\\..\\dist\\src\\cli\\main.js" %*\r\n')
    return
  }
  const link = join(BIN, 'kernell')
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link)
  symlinkSync(join('..', '..', 'dist', 'src', 'cli', 'main.js'), link)
}

function fail(message) {
  process.stderr.write(`build: ${message}\n`)
  process.exit(1)
}
