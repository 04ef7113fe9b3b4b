import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A package of ours, or one that another one brings: the name of each, from ours on. */
export type PackagePath = readonly [name: string, ...brought: readonly string[]]

/** Directory of a package as Node finds it; `undefined` where it is not installed. */
export function findPackage(path: PackagePath): string | undefined {
  let folder: string | undefined = fileURLToPath(import.meta.url)
  for (const name of path) folder = folder === undefined ? undefined : findBeside(name, folder)
  return folder
}

function findBeside(name: string, from: string): string | undefined {
  return (createRequire(join(realpathSync(from), 'any')).resolve.paths(name) ?? [])
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')))
}

/** Version of an installed package. */
export function versionOfPackage(name: string): string | undefined {
  const folder = findPackage([name])
  if (folder === undefined) return undefined
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : undefined
}
