import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { CodedError } from '../../base/errors.ts'
import { needProgram } from '../process/find-program.ts'

export type QemuTools = {
  /** As QEMU says it. */
  readonly version: string
  readonly qemu: string
  readonly prlimit: string
  /** Whom QEMU runs as, where this process may choose. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  /** Whether that user may ask the processor for machines. Whether it gets one that works is seen by starting one. */
  readonly hasDevice: boolean
}

const DEVICE = '/dev/kvm'
const NOBODY = 65_534
const GROUP_READS_AND_WRITES = 0o060
const OTHERS_READ_AND_WRITE = 0o006

/** `named`: the path of QEMU, where the operator says it. Throws `SANDBOX_UNAVAILABLE`, which says what is missing. */
export async function findQemu(named?: string): Promise<QemuTools> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new CodedError('SANDBOX_UNAVAILABLE', {
      message: `no such machine is made for the processor ${process.arch} under ${process.platform}`,
    })
  const qemu = needProgram('qemu-system-x86_64', named)
  const prlimit = needProgram('prlimit')
  const { stdout } = await promisify(execFile)(qemu, ['--version'], { env: {} })
  const user = process.getuid?.() === 0 ? unprivileged() : undefined
  return { version: stdout.split('\n')[0] ?? '', qemu, prlimit, user, hasDevice: hasDevice(user) }
}

/** Nobody, in the group that may use the device where there is one. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const device = statSync(DEVICE, { throwIfNoEntry: false })
  const isForGroup =
    device !== undefined && device.gid !== 0 && (device.mode & GROUP_READS_AND_WRITES) === GROUP_READS_AND_WRITES
  return { uid: NOBODY, gid: isForGroup ? device.gid : NOBODY }
}

function hasDevice(user: QemuTools['user']): boolean {
  const device = statSync(DEVICE, { throwIfNoEntry: false })
  if (device === undefined) return false
  if (user !== undefined)
    return user.gid === device.gid || (device.mode & OTHERS_READ_AND_WRITE) === OTHERS_READ_AND_WRITE
  try {
    accessSync(DEVICE, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
