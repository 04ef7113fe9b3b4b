import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CodedError } from '../../base/errors.ts'
import { findProgram } from '../process/find-program.ts'
import { partMissing } from './part-missing.ts'

/** Where a kernel comes from. */
export type KernelSource =
  | { readonly kind: 'file'; readonly path: string }
  /** A package of Debian, which is unpacked and not installed. */
  | { readonly kind: 'package'; readonly path: string }

export type GuestKernel = { readonly bytes: Uint8Array; readonly from: string }

const BOOT = '/boot'
/** Kernels that systems build for machines in machines; they hold what is needed, and little else. */
const FOR_MACHINES = /^vmlinuz-.*(-cloud-|-kvm|-virt|-microvm)/
const REMEDY =
  'Name one with `--kernel FILE`, or a package with `--package DEB`. On Debian: `apt-get download "$(apt-cache depends linux-image-cloud-amd64 | sed -n \'s/.*Depends: \\(linux-image-.*\\)/\\1/p\')"`.'

/** A kernel for machines: the one that is named, or one that is installed for such. Throws `SANDBOX_PART_MISSING`. */
export async function readGuestKernel(source: KernelSource | undefined): Promise<GuestKernel> {
  if (source?.kind === 'package') return await kernelOfPackage(source.path)
  const path = source?.path ?? installedKernel()
  if (path === undefined) throw partMissing('no kernel for machines is installed', REMEDY)
  try {
    return { bytes: readFileSync(path), from: path }
  } catch (cause) {
    throw partMissing(`the kernel ${path} cannot be read`, REMEDY, cause)
  }
}

function installedKernel(): string | undefined {
  const names = namesIn(BOOT).filter((name) => FOR_MACHINES.test(name))
  const newest = names.toSorted().at(-1)
  return newest === undefined ? undefined : join(BOOT, newest)
}

async function kernelOfPackage(path: string): Promise<GuestKernel> {
  const program = findProgram('dpkg-deb')
  if (program === undefined) throw partMissing('dpkg-deb is not installed', 'Unpack it elsewhere, and use `--kernel`.')
  const directory = mkdtempSync(join(tmpdir(), 'kernell-kernel-'))
  try {
    await promisify(execFile)(program, ['--extract', path, directory])
    const boot = join(directory, 'boot')
    const name = namesIn(boot).find((each) => each.startsWith('vmlinuz'))
    if (name === undefined) throw partMissing(`${path} holds no kernel`, REMEDY)
    return { bytes: readFileSync(join(boot, name)), from: `${name} of ${path}` }
  } catch (cause) {
    if (CodedError.is(cause)) throw cause
    throw partMissing(`${path} is no package with a kernel`, REMEDY, cause)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
