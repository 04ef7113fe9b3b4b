import { lstatSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPackage, type PackagePath } from './installed-package.ts'

const SOURCES = fileURLToPath(new URL('../../', import.meta.url))
/**
 * Where hosts are at home. It has to be among what they may read and hold nothing else: in a thread, Node lets everything below the directory of the process be read, whatever its
 * permissions say (seen with 22.23).
 */
export const HOST_DIRECTORY = fileURLToPath(new URL('./', import.meta.url))
const IS_SOURCE = import.meta.url.endsWith('.ts')

export type HostArgumentsInit = {
  /** Module of the guest's thread. */
  readonly guestUrl: URL
  /** Packages that it loads; those that are not there are left out. */
  readonly packages: readonly PackagePath[]
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
  // None of them twice: what is named twice opens more than itself.
  const readable = new Set([...ownCode(), ...packages.flatMap(placesOf)])
  return [
    '--permission',
    '--allow-worker',
    ...[...readable].map((path) => `--allow-fs-read=${path}`),
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

/** A package where it lies; and the link on the way to it, where there is one, because Node reads that too. */
function placesOf(path: PackagePath): readonly string[] {
  const found = findPackage(path)
  if (found === undefined) return []
  const link = linkOnTheWay(found)
  return [...(link === undefined ? [] : [link]), join(realpathSync(found), '/')]
}

function linkOnTheWay(path: string): string | undefined {
  const parent = dirname(path)
  if (parent === path) return undefined
  return linkOnTheWay(parent) ?? (lstatSync(path).isSymbolicLink() ? path : undefined)
}
