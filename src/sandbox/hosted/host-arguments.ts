import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPackage } from './installed-package.ts'

const SOURCES = fileURLToPath(new URL('../../', import.meta.url))
const IS_SOURCE = import.meta.url.endsWith('.ts')

export type HostArgumentsInit = {
  /** Module of the guest's thread. */
  readonly guestUrl: URL
  /** Packages that it loads; those that are not there are left out. */
  readonly packages: readonly string[]
}

/** Where a module of this folder's neighbours lies, in sources and in what is built of them. `path` has no ending. */
export function moduleUrl(path: string, base: string): URL {
  return new URL(`${path}${IS_SOURCE ? '.ts' : '.js'}`, base)
}

/**
 * Arguments of Node for a process that hosts a guest. It may read the code that it runs and nothing else: no other file, no program, no native code, and no text becomes code. That is a
 * second fence: the guest is not supposed to reach Node at all.
 */
export function hostArguments({ guestUrl, packages }: HostArgumentsInit): readonly string[] {
  const readable = [...ownCode(), ...packages.flatMap(placesOf)]
  return [
    '--permission',
    '--allow-worker',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--disallow-code-generation-from-strings',
    '--no-addons',
    '--no-warnings',
    fileURLToPath(moduleUrl('./host-main', import.meta.url)),
    guestUrl.href,
  ]
}

/** What a host and its guest's thread import of this package. */
function ownCode(): readonly string[] {
  const manifests = [join(SOURCES, '../package.json'), join(SOURCES, '../../package.json')]
  return [...['base', 'core', 'ports', 'sandbox'].map((folder) => join(SOURCES, folder, '/')), ...manifests]
}

/** A package as it is found from here, and where it really lies. */
function placesOf(name: string): readonly string[] {
  const found = findPackage(name)
  return found === undefined ? [] : [...new Set([found, realpathSync(found)])].map((folder) => join(folder, '/'))
}
