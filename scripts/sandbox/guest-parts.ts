import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Entry } from '../../src/sandbox/guest/cpio.ts'

const SUPERVISOR_SOURCE = fileURLToPath(new URL('supervisor.c', import.meta.url))
const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static']
const DIRECTORIES = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'usr', 'var', 'work', '.kernell']
const PASSWD = 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/work:/bin/sh\n'
const GROUP = 'root:x:0:\nnogroup:x:65534:\n'

/** Compiles the first program of containers and machines; it needs nothing else to run. */
export function buildSupervisor(path: string): void {
  execFileSync('gcc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', path, SUPERVISOR_SOURCE], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** A small Linux without its kernel: busybox under each of its names. Throws where busybox is not installed, or needs libraries. */
export function baseFiles(): readonly Entry[] {
  const busybox = BUSYBOX.find((path) => existsSync(path))
  if (busybox === undefined) throw new Error('Install the package busybox-static.')
  const bytes = readFileSync(busybox)
  if (bytes.includes('/lib64/ld-linux')) throw new Error(`${busybox} needs libraries; install busybox-static.`)
  const names = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')
  const applets = names.filter((name) => name !== '' && name !== 'busybox')
  return [
    ...DIRECTORIES.map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'link', path: 'sbin', target: 'bin' },
    { kind: 'link', path: 'usr/bin', target: '../bin' },
    { kind: 'link', path: 'usr/sbin', target: '../bin' },
    { kind: 'file', path: 'etc/passwd', bytes: Buffer.from(PASSWD) },
    { kind: 'file', path: 'etc/group', bytes: Buffer.from(GROUP) },
    { kind: 'file', path: 'bin/busybox', bytes, mode: 0o755 },
    ...applets.map((name): Entry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
  ]
}

/** The kernel in a package of Debian, unpacked without installing it. */
export function kernelOfPackage(packagePath: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-kernel-'))
  try {
    execFileSync('dpkg-deb', ['--extract', packagePath, directory])
    const boot = join(directory, 'boot')
    const name = readdirSync(boot).find((each) => each.startsWith('vmlinuz'))
    if (name === undefined) throw new Error(`${packagePath} holds no kernel.`)
    return readFileSync(join(boot, name))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
