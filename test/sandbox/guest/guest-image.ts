import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Entry, writeCpio } from '../../../src/sandbox/guest/cpio.ts'
import { baseFiles } from '../../../src/sandbox/prepare/base-files.ts'
import { compileSupervisor } from '../../../src/sandbox/prepare/compile-supervisor.ts'
import { PROBE_SOURCES } from '../corpus/probe.ts'

const PORTS_SOURCE = fileURLToPath(new URL('ports.c', import.meta.url))

export type TestGuest = {
  readonly supervisor: string
  readonly initialFiles: string
  /** All but the supervisor. */
  readonly files: readonly Entry[]
  readonly remove: () => void
}

/** What containers and machines of tests run in: busybox, and the program of attacks. */
export async function buildTestGuest(): Promise<TestGuest> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-guest-'))
  const supervisor = join(directory, 'supervisor')
  const probe = join(directory, 'probe')
  await compileSupervisor(supervisor)
  execFileSync('gcc', ['-static', '-O1', '-w', '-pthread', '-o', probe, ...PROBE_SOURCES])
  const ports = join(directory, 'ports')
  execFileSync('gcc', ['-static', '-O1', '-o', ports, PORTS_SOURCE])
  const files: readonly Entry[] = [
    ...(await baseFiles()),
    { kind: 'file', path: 'bin/probe', bytes: readFileSync(probe), mode: 0o755 },
    { kind: 'file', path: 'bin/ports', bytes: readFileSync(ports), mode: 0o755 },
  ]
  const initialFiles = join(directory, 'initial-files')
  const init: Entry = { kind: 'file', path: 'init', bytes: readFileSync(supervisor), mode: 0o755 }
  writeFileSync(initialFiles, writeCpio([...files, init]))
  return { supervisor, initialFiles, files, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** The kernel for machines: the named one, or one for machines that is installed. */
export function findGuestKernel(): string | undefined {
  const named = process.env.KERNELL_GUEST_KERNEL
  if (named !== undefined && named !== '') return named
  const installed = existsSync('/boot')
    ? readdirSync('/boot').find((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
    : undefined
  return installed === undefined ? undefined : join('/boot', installed)
}

/** Why no guest can be built here, or `undefined`. */
export function whyNoGuest(): string | undefined {
  if (!existsSync('/usr/bin/gcc')) return 'gcc is not installed'
  return existsSync('/bin/busybox') || existsSync('/usr/bin/busybox') ? undefined : 'busybox-static is not installed'
}

/** Why no machine can be made here, or `undefined`. */
export function whyNoMachine(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `machines are not made on ${process.arch}`
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return 'qemu-system-x86 is not installed'
  return whyNoGuest() ?? (findGuestKernel() === undefined ? 'KERNELL_GUEST_KERNEL names no kernel' : undefined)
}

/** Whether tests are to be left out, which is then said; where they are required they run, and fail. */
export function isLeftOutFor(runtime: 'docker' | 'microvm', why: string | undefined): boolean {
  const isRequired = (process.env.KERNELL_REQUIRE ?? '').split(',').includes(runtime)
  if (why === undefined || isRequired) return false
  process.stdout.write(`No tests of ${runtime}: ${why}.\n`)
  return true
}
