import { closeSync, openSync } from 'node:fs'
import { HostProgram, type ProgramDescriptor } from '../process/host-program.ts'
import type { QemuTools } from './find-qemu.ts'
import { type Acceleration, type GuestImage, hostLimits, qemuArguments } from './machine-settings.ts'

export type QemuMachineInit = {
  readonly tools: QemuTools
  readonly image: GuestImage
  readonly acceleration: Acceleration
  readonly memoryBytes: number
  /** Path of the request; absent: the machine says that it is ready, and waits. */
  readonly request?: string
  /** Path of a state to go on from. */
  readonly state?: string
  /** Path of a file into which it may write its state, when it is told to on its monitor. */
  readonly keep?: string
  /** Time of processors after which the kernel ends it, whatever else fails. */
  readonly cpuSeconds: number
  readonly onFrames: (bytes: Uint8Array) => void
}

const FIRST_DESCRIPTOR = 3
const STATE_SLACK_BYTES = 67_108_864
const COMPLAINT_MAX = 2_048

/** A machine in a process of QEMU, which runs as nobody where it can, has no rights, and ends with this process. */
export class QemuMachine {
  readonly program: HostProgram
  /** Descriptors of its monitor and of the file for its state, as it numbers them; absent where it has none. */
  readonly monitor: number | undefined
  readonly keep: number | undefined
  private readonly said: { text: string }

  private constructor(parts: Pick<QemuMachine, 'program' | 'monitor' | 'keep'> & { readonly said: { text: string } }) {
    this.program = parts.program
    this.monitor = parts.monitor
    this.keep = parts.keep
    this.said = parts.said
  }

  /** Throws `SANDBOX_BROKEN`, and what a file that cannot be opened throws. */
  static async start(init: QemuMachineInit): Promise<QemuMachine> {
    const { tools, image } = init
    const files = new Descriptors()
    const said = { text: '' }
    try {
      const kernel = files.open(image.kernel)
      const initialFiles = files.open(image.initialFiles)
      const request = init.request === undefined ? undefined : files.open(init.request)
      const state = init.state === undefined ? undefined : files.open(init.state)
      const keep = init.keep === undefined ? undefined : files.open(init.keep, 'r+')
      const monitor = keep === undefined ? undefined : files.talk()
      const { acceleration, memoryBytes } = init
      const fileBytes = keep === undefined ? 0 : memoryBytes + STATE_SLACK_BYTES
      const settings = { acceleration, memoryBytes, kernel, initialFiles, request, state, monitor }
      const program = await HostProgram.start({
        file: tools.prlimit,
        args: [
          ...hostLimits({ memoryBytes, fileBytes, cpuSeconds: init.cpuSeconds }),
          '--',
          tools.qemu,
          ...qemuArguments(settings),
        ],
        environment: {},
        user: tools.user,
        descriptors: files.all,
        diesWithParent: true,
        onOutput: (stream, piece) => {
          if (stream === 'stdout') init.onFrames(piece)
          else said.text = (said.text + Buffer.from(piece).toString('latin1')).slice(0, COMPLAINT_MAX)
        },
      })
      return new QemuMachine({ program, monitor, keep, said })
    } finally {
      files.close()
    }
  }

  /** What QEMU wrote to its standard error. */
  get complaint(): string {
    return this.said.text.trim()
  }
}

/** Files that are opened here, so that whoever runs as nobody need not be able to walk to them. */
class Descriptors {
  readonly all: ProgramDescriptor[] = []
  private readonly opened: number[] = []

  open(path: string, mode = 'r'): number {
    const descriptor = openSync(path, mode)
    this.opened.push(descriptor)
    this.all.push({ kind: 'share', descriptor })
    return FIRST_DESCRIPTOR + this.all.length - 1
  }

  talk(): number {
    this.all.push({ kind: 'talk' })
    return FIRST_DESCRIPTOR + this.all.length - 1
  }

  close(): void {
    for (const descriptor of this.opened) closeSync(descriptor)
  }
}
