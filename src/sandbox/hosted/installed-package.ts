import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Directory of a package as it is found from here, by the rules of Node; `undefined` where it is not installed. */
export function findPackage(name: string): string | undefined {
  return (createRequire(import.meta.url).resolve.paths(name) ?? [])
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')))
}

/** Version of an installed package. */
export function versionOfPackage(name: string): string | undefined {
  const folder = findPackage(name)
  if (folder === undefined) return undefined
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : undefined
}
