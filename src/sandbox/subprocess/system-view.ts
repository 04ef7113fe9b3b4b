import { lstatSync, readlinkSync, realpathSync } from 'node:fs'

/** What a program sees of this machine beside its own directory: programs and libraries, and nothing that is anybody's. */
const SYSTEM_DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
/** Which libraries are where, which of several programs a name means, and whose certificates hold. */
const SYSTEM_FILES = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/ssl/certs', '/etc/localtime']
const DEVICES = ['null', 'full', 'random', 'urandom']
const ZERO = '/dev/zero'
/** Reads like the one of zeroes. That one can be mapped, and then is memory that belongs to no process, as much as anybody likes. */
const UNMAPPABLE_ZERO = '/dev/full'
const DEVICE_LINKS = [
  ['/proc/self/fd', '/dev/fd'],
  ['/proc/self/fd/0', '/dev/stdin'],
  ['/proc/self/fd/1', '/dev/stdout'],
  ['/proc/self/fd/2', '/dev/stderr'],
] as const

/** User and group that a program is in its namespace, whoever it is outside. */
export const NOBODY = 65_534
/** Where a program's own directory is. */
export const WORK = '/work'
/** A directory in its own that is meant where programs name one for temporary files, so that one limit holds for all that it writes. */
export const TEMPORARY = `${WORK}/.tmp`
const TEMPORARY_NAMES = ['/tmp', '/var/tmp', '/dev/shm']

/** Small files of `/etc`, which are written anew: those of this machine say who lives on it. */
export const ETC_FILES: Readonly<Record<string, string>> = {
  '/etc/passwd': `nobody:x:${NOBODY}:${NOBODY}:nobody:${WORK}:/usr/sbin/nologin\n`,
  '/etc/group': `nogroup:x:${NOBODY}:\n`,
  '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}

/** Places that are made here, so that a policy cannot put something else there. */
const OWN_PLACES = [WORK, '/proc', '/dev', '/sys', '/run', '/etc', ...SYSTEM_DIRECTORIES]

/** Whether `path` would lie in, or cover, a place that is made here. */
export function isOwnPlace(path: string): boolean {
  return (
    path === '/' ||
    OWN_PLACES.some((place) => isWithin(path, place)) ||
    [...OWN_PLACES, ...TEMPORARY_NAMES].some((place) => isWithin(place, path))
  )
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

export type SystemViewInit = {
  /** Paths of the policy. Where one lies in `/tmp`, that is no link, and programs find theirs by `TMPDIR`. */
  readonly bound: readonly string[]
  /** Whether memory that belongs to no process is counted. */
  readonly countsUnmappedMemory: boolean
}

/** Arguments of bubblewrap that build the view; all of it is read-only but `/work`. */
export function systemViewArguments({ bound, countsUnmappedMemory }: SystemViewInit): readonly string[] {
  const temporary = TEMPORARY_NAMES.filter((name) => !bound.some((path) => isWithin(path, name)))
  return [
    ...SYSTEM_DIRECTORIES.flatMap(showDirectory),
    ...SYSTEM_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
    '--proc',
    '/proc',
    '--dir',
    '/dev',
    ...DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    '--dev-bind',
    countsUnmappedMemory ? ZERO : UNMAPPABLE_ZERO,
    ZERO,
    ...DEVICE_LINKS.flatMap(([target, path]) => ['--symlink', target, path]),
    ...temporary.flatMap((path) => ['--symlink', TEMPORARY, path]),
  ]
}

/** A directory as it is, a link as the same link. */
function showDirectory(path: string): readonly string[] {
  try {
    if (lstatSync(path).isSymbolicLink()) {
      const target = readlinkSync(path)
      return isInUsr(path) ? ['--symlink', target, path] : []
    }
    return ['--ro-bind', path, path]
  } catch {
    return []
  }
}

function isInUsr(path: string): boolean {
  return realpathSync(path).startsWith('/usr/')
}
