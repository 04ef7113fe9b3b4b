/** `npm run example`: builds the page into examples/browser/dist, for any server of files. `--serve` shows it at a port of this machine. */

import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { createRandomStream, formatPolicyArtefact } from 'kernell-os/core'
import { readRoutingFile, trainRouting } from 'kernell-os/learning'
import { DrawnOutcomes, findScenario, FITTED_MODELS, makeTask, runScenario } from 'kernell-os/simulation'
import { rolldown } from 'rolldown'

const SOURCE = import.meta.dirname
const OUTPUT = join(SOURCE, 'dist')
const STATIC = ['index.html', 'peer.html', 'style.css', 'icon.svg']
const SCENARIO = 'agent-network'
const OPTIONS = { agents: 40, steps: 10 }
const SEEDS = [1, 2, 3, 4, 5]
const TRAINED_TASKS = 600
const [STRONG, WEAK] = ['openai/gpt-4-1106-preview', 'openai/gpt-3.5-turbo-1106'] as const

/** Returns the folder of the page. */
export async function buildExample(output = OUTPUT): Promise<string> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await bundle(output, ['main', 'peer'])
  // A worker has a script of its own: a page that plays nothing fetches none of it.
  await bundle(output, ['simulation-worker'])
  for (const name of STATIC) await copyFile(join(SOURCE, name), join(output, name))
  await copyFile(fileURLToPath(import.meta.resolve('kernell-os/wasm/core.wasm')), join(output, 'core.wasm'))
  await writeFile(join(output, 'policy.json'), trainedPolicy())
  await writeFile(join(output, 'played.json'), JSON.stringify(await playInNode()))
  return output
}

async function bundle(output: string, names: readonly string[]): Promise<void> {
  const built = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(SOURCE, 'page', `${name}.ts`)])),
    platform: 'browser',
    onLog(level, { code, message }) {
      // The component says of itself that it is one; bundled, that does nothing.
      if (level === 'warn' && code !== 'MODULE_LEVEL_DIRECTIVE') throw new Error(message)
    },
  })
  await built.write({
    dir: output,
    format: 'esm',
    minify: true,
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  await built.close()
}

/** What the page's policy is trained on: outcomes that the simulation draws for two of its models. */
function trainedPolicy(): string {
  const random = createRandomStream(1)
  const outcomes = new DrawnOutcomes({ seed: 1, profiles: FITTED_MODELS })
  const kinds = ['choice', 'commonsense', 'code'] as const
  const rows = Array.from({ length: TRAINED_TASKS }, (_, at) => {
    const task = makeTask(random, kinds[at % kinds.length] ?? 'choice')
    const scoreOf = (id: string): object => ({ score: Number(outcomes.isRight(id, task)) })
    return JSON.stringify({ prompt: task.prompt, models: { [STRONG]: scoreOf(STRONG), [WEAK]: scoreOf(WEAK) } })
  })
  const file = { name: 'simulated.jsonl', text: rows.join('\n') }
  const training = {
    files: [file],
    strong: STRONG,
    weak: WEAK,
    label: 'score',
    seed: 1,
    codeVersion: 'example',
  } as const
  return formatPolicyArtefact(trainRouting(training, readRoutingFile(file, 'score')))
}

async function playInNode(): Promise<object> {
  const hashes: Record<string, string> = {}
  for (const seed of SEEDS) hashes[seed] = (await runScenario(findScenario(SCENARIO), { seed, options: OPTIONS })).hash
  return { scenario: SCENARIO, options: OPTIONS, hashes }
}

/** What a visitor fetches, as a server sends it compressed and as it is. */
async function printSizes(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).toSorted()) {
    const content = await readFile(join(folder, name))
    const [plain, packed] = [content.length, gzipSync(content, { level: 9 }).length].map((bytes) =>
      (bytes / 1_000).toFixed(1),
    )
    process.stdout.write(`${name.padEnd(32)}${plain} kB, ${packed} kB compressed\n`)
  }
}

const KINDS: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

/** The files of the folder, by their names and nothing else, to this machine alone. */
async function serve(folder: string): Promise<void> {
  const names = new Set(await readdir(folder))
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'index.html'
    if (!names.has(name)) {
      response.writeHead(404).end()
      return
    }
    readFile(join(folder, name)).then(
      (content) => response.setHeader('content-type', KINDS[extname(name)] ?? 'application/octet-stream').end(content),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    )
  })
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`)
  })
}

if (import.meta.main) {
  const folder = await buildExample()
  await printSizes(folder)
  if (process.argv.includes('--serve')) await serve(folder)
}
