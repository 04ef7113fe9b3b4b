import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxFile } from '../../ports/sandbox-runtime.ts'
import { roomOf } from '../guest/encode-request.ts'

/** How the machine's processor is made. */
export type Acceleration = 'kvm' | 'emulation'

/** What a machine is started from: a kernel, and the first file system, whose first program is the supervisor. */
export type GuestImage = { readonly kernel: string; readonly initialFiles: string }

const MEBIBYTE = 1_048_576
/** What the kernel and the first file system take before anything runs, generously. */
const OWN_BYTES = 128 * MEBIBYTE
const STEP_BYTES = 512 * MEBIBYTE

/**
 * Words for the kernel. It says nothing, because the supervisor alone speaks on its line; faults of processors that let one user look at another are not guarded against, because there is one
 * user, and the machine's own walls do not rest on it; and where it fails, the machine ends.
 */
const KERNEL_WORDS = 'quiet loglevel=0 mitigations=off nokaslr random.trust_cpu=on cryptomgr.notests reboot=t panic=-1'

/**
 * Memory of a machine in which a program can use all that its limits give, and what is put in lies beside it; in large steps, so that few states of different sizes are kept. What is never
 * touched costs this machine nothing.
 */
export function machineBytes({ memoryBytes }: SandboxLimits, files: readonly SandboxFile[]): number {
  const bytes = OWN_BYTES + memoryBytes + roomOf({ diskBytes: 0 }, files).bytes
  return Math.ceil(bytes / STEP_BYTES) * STEP_BYTES
}

export type QemuInit = {
  readonly acceleration: Acceleration
  readonly memoryBytes: number
  /** Descriptors of the child: of the kernel, the first files, and, where there is one, the request. */
  readonly kernel: number
  readonly initialFiles: number
  readonly request?: number | undefined
  /** Descriptor of a kept state to go on from. */
  readonly state?: number | undefined
  /** Descriptor on which it is told to keep its state. */
  readonly monitor?: number | undefined
}

/** Arguments of QEMU: a machine with one processor, memory, a line and nothing else, not even a network. */
export function qemuArguments(init: QemuInit): readonly string[] {
  const processor =
    init.acceleration === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host,-arch-capabilities']
      : ['-accel', 'tcg,tb-size=128', '-cpu', 'max']
  // A state is written by another process. Nothing but the supervisor has run in a machine whose state is kept.
  const spawning = init.monitor === undefined ? 'deny' : 'allow'
  const words: readonly (readonly string[])[] = [
    // Without ACPI an emulated machine of this kind finds its clock.
    [
      '-M',
      'microvm,acpi=off,rtc=on,isa-serial=off',
      ...processor,
      '-smp',
      '1',
      '-m',
      `${init.memoryBytes / MEBIBYTE}M`,
    ],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ['-sandbox', `on,obsolete=deny,elevateprivileges=deny,resourcecontrol=deny,spawn=${spawning}`],
    ['-kernel', descriptorPath(init.kernel), '-initrd', descriptorPath(init.initialFiles), '-append', KERNEL_WORDS],
    ['-chardev', 'stdio,id=line,signal=off', '-device', 'isa-debugcon,iobase=0xe9,chardev=line'],
    init.request === undefined ? [] : ['-fw_cfg', `name=opt/kernell/request,file=${descriptorPath(init.request)}`],
    init.state === undefined ? [] : ['-incoming', `fd:${init.state}`],
    init.monitor === undefined
      ? []
      : ['-chardev', `socket,id=monitor,fd=${init.monitor}`, '-mon', 'chardev=monitor,mode=control'],
  ]
  return words.flat()
}

/** Words for the kernel of a machine of Firecracker, which has no bus and half of a keyboard. */
export const FIRECRACKER_KERNEL_WORDS = `${KERNEL_WORDS} console=ttyS0 pci=off i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd`

export type HostLimitsInit = {
  readonly memoryBytes: number
  /** Of one file that it may write. */
  readonly fileBytes: number
  readonly cpuSeconds: number
}

/** What is reserved beside a machine's memory: the program's own code, and what an emulation makes of the guest's. */
const RESERVED_BYTES = 2_147_483_648
const OPEN_FILES = 128

/** Limits of the process of a machine itself, should a program take it over; as arguments of `prlimit`. */
export function hostLimits({ memoryBytes, fileBytes, cpuSeconds }: HostLimitsInit): readonly string[] {
  const limits = { as: memoryBytes + RESERVED_BYTES, core: 0, cpu: cpuSeconds, fsize: fileBytes, nofile: OPEN_FILES }
  return Object.entries(limits).map(([name, value]) => `--${name}=${value}`)
}

/** Whoever may not walk to a file may still open what it was handed. */
function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`
}
