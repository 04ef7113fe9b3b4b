import { readFileSync } from 'node:fs'
import { CodedError } from '../base/errors.ts'

/** Version of this package, from its own package.json: two folders up in the sources, three in the built package. */
export function readPackageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const version = versionIn(new URL(path, import.meta.url))
    if (version !== undefined) return version
  }
  throw new CodedError('INTERNAL_ERROR', { message: 'The package has no package.json' })
}

function versionIn(file: URL): string | undefined {
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
  if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || !('version' in manifest))
    return undefined
  return manifest.name === 'kernell-os' && typeof manifest.version === 'string' ? manifest.version : undefined
}
