/** Platforms that pinned runs are played on: releases of Node from the same packages that the checkout brings its own from, and a page. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findChromium, readResult } from '../../browser/chromium.ts'
import { startPageServer } from '../../browser/page-server.ts'
import { readRepositoryFile, ROOT } from '../../repo/repository.ts'
import { type Hashes, nameOf, PINNED_RUNS } from './pinned-runs.ts'

/** What a platform found, under the name of its release; or why it is not to be had. */
export type Played =
  | { readonly platform: string; readonly hashes: Hashes }
  | { readonly platform: string; readonly reason: string }
  /** It is there, and the runs did not come to their end on it. */
  | { readonly platform: string; readonly failure: string }

const PLAY = join(import.meta.dirname, 'play.ts')
const CACHE = join(ROOT, '.kernell/platforms')

/** Plays on the newest release of Node of this major version. */
export function playOnNode(major: number): Played {
  const platform = `Node ${major}`
  const node = findNode(major)
  if ('reason' in node) return { platform, reason: node.reason }
  const run = spawnSync(node.path, [PLAY], { encoding: 'utf8', cwd: ROOT, maxBuffer: 2 ** 26 })
  if (run.status !== 0) return { platform, failure: `${run.stdout}${run.stderr}`.trim() }
  const { node: version, hashes } = JSON.parse(run.stdout) as { readonly node: string; readonly hashes: Hashes }
  return { platform: `Node ${version}`, hashes }
}

/** Plays in a page that imports the built package by the names of its doors. */
export async function playInChromium(): Promise<Played> {
  const chromium = findChromium()
  const platform = 'Chromium'
  if ('reason' in chromium) return { platform, reason: chromium.reason }
  const runs = PINNED_RUNS.map((run) => ({ ...run, name: nameOf(run) }))
  const script = `
  const { findScenario, runScenario } = await import('kernell-os/simulation')
  const hashes = {}
  for (const { name, scenario, seed, options } of ${JSON.stringify(runs)})
    hashes[name] = (await runScenario(findScenario(scenario), { seed, options })).hash
  return JSON.stringify({ version: /Chrome\\/([\\d.]+)/.exec(navigator.userAgent)?.[1] ?? '', hashes })`
  const server = await startPageServer({ pinned: { script, allowsWasm: false } }, {})
  try {
    const result = await readResult(chromium.path, server.urlOf('pinned'))
    if (!result.startsWith('{')) return { platform, failure: result }
    const { version, hashes } = JSON.parse(result) as { readonly version: string; readonly hashes: Hashes }
    return { platform: `Chromium ${version}`, hashes }
  } finally {
    server.close()
  }
}

/** Where it is on this machine, without asking anybody else. */
export function findNode(major: number): { readonly path: string } | { readonly reason: string } {
  if (process.versions.node.startsWith(`${major}.`)) return { path: process.execPath }
  const { path } = placeOf(major)
  return existsSync(path) ? { path } : { reason: `it is not there; npm run pin-hashes -- --fetch brings it` }
}

/** Brings it where it is not there yet. */
export function bringNode(major: number): ReturnType<typeof findNode> {
  const found = findNode(major)
  return 'path' in found ? found : fetchNode(major, placeOf(major))
}

function placeOf(major: number): { readonly folder: string; readonly path: string } {
  const folder = join(CACHE, `node-${major}`)
  return { folder, path: join(folder, 'package/bin', process.platform === 'win32' ? 'node.exe' : 'node') }
}

/** npm asks the registry that it is configured with, and checks what it gets. */
function fetchNode(
  major: number,
  { folder, path }: { readonly folder: string; readonly path: string },
): ReturnType<typeof findNode> {
  const name = packageOfPlatform()
  if (name === undefined) return { reason: `no package brings a Node for ${process.platform}-${process.arch}` }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const words = ['pack', `${name}@${major}`, '--pack-destination', folder, '--loglevel=error']
  const packed = spawnSync(npm, words, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' })
  const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (packed.status !== 0 || archive === undefined)
    return { reason: `npm pack ${name}@${major} failed: ${packed.stderr.trim().split('\n').at(-1) ?? ''}` }
  const unpacked = spawnSync('tar', ['-xzf', archive], { cwd: folder, encoding: 'utf8' })
  rmSync(join(folder, archive), { force: true })
  if (unpacked.status !== 0 || !existsSync(path)) return { reason: `${name}@${major} has no ${path}` }
  return { path }
}

/** Of the packages of the checkout's own Node, the one of this machine. */
function packageOfPlatform(): string | undefined {
  const { optionalDependencies } = JSON.parse(readRepositoryFile('package.json')) as {
    readonly optionalDependencies: Readonly<Record<string, string>>
  }
  const system = process.platform === 'win32' ? 'win' : process.platform
  return Object.keys(optionalDependencies).find((name) => name.endsWith(`-${system}-${process.arch}`))
}
