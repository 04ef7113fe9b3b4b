import { execFile } from 'node:child_process'
import { chownSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CodedError } from '../../base/errors.ts'
import type { SandboxResult } from '../../ports/sandbox-runtime.ts'
import { writeCpio } from '../guest/cpio.ts'
import { encodeGuestRequest } from '../guest/encode-request.ts'
import { GuestRun } from '../guest/guest-run.ts'
import { HostProgram } from '../process/host-program.ts'
import type { OwnedRun } from '../process/owned-runs.ts'
import type { QemuTools } from './find-qemu.ts'
import { FirecrackerClient } from './firecracker-client.ts'
import type { MachineEngine, MachineRun } from './machine-engine.ts'
import { FIRECRACKER_KERNEL_WORDS, type GuestImage, hostLimits, machineBytes } from './machine-settings.ts'
import { watchCpu } from './watch-cpu.ts'

export type FirecrackerEngineInit = {
  /** Path of its program. */
  readonly firecracker: string
  readonly tools: Pick<QemuTools, 'prlimit' | 'user'>
  /** Its kernel is not compressed: Firecracker starts no other. */
  readonly image: GuestImage
  readonly bootWithinMs: number
}

const SOCKET = 'api.sock'
const INITIAL_FILES = 'initial-files'
const REQUEST_PATH = '.kernell/request'
const KERNEL_DESCRIPTOR = 3
const SOCKET_BYTES_MAX = 65_536
const BOOT_CPU_SECONDS = 30

/**
 * Machines of Firecracker, which needs the processor's help. The request is a second archive after the first files, so that the machine has no device but its line.
 *
 * What it asks of Firecracker is held to its published interface by tests; where no Firecracker is, it was not run.
 */
export async function createFirecrackerEngine(init: FirecrackerEngineInit): Promise<MachineEngine> {
  const { stdout } = await promisify(execFile)(init.firecracker, ['--version'], { env: {}, timeout: 5_000 })
  return {
    version: stdout.split('\n')[0] ?? 'Firecracker',
    isEmulated: false,
    run: async (run) => {
      const owned = run.runs.open()
      try {
        return await runMachine(init, run, owned)
      } finally {
        owned.remove()
      }
    },
  }
}

async function runMachine(init: FirecrackerEngineInit, run: MachineRun, owned: OwnedRun): Promise<SandboxResult> {
  const { request, options } = run
  const archived = { path: REQUEST_PATH, kind: 'file' as const, bytes: encodeGuestRequest(run, Date.now()) }
  writeFileSync(
    join(owned.directory, INITIAL_FILES),
    Buffer.concat([readFileSync(init.image.initialFiles), writeCpio([archived])]),
    { mode: 0o644 },
  )
  const guest = new GuestRun({ runtime: 'microvm', request, options, startWithinMs: init.bootWithinMs })
  const said = { text: '' }
  let program: HostProgram | undefined
  let watch: NodeJS.Timeout | undefined
  let left: readonly string[] = []
  try {
    try {
      const memoryBytes = machineBytes(request.policy.limits, request.files ?? [])
      program = await startProgram({ init, run, owned, memoryBytes, guest, said })
      owned.record({ processes: [program.identity], controlGroups: [] })
      const ended = new AbortController()
      program.onEnded(() => {
        const message = `Firecracker ended by itself. ${said.text.trim()}`
        ended.abort(new CodedError('SANDBOX_BROKEN', { message }))
        guest.close(message)
      })
      await startMachine(owned.directory, memoryBytes, AbortSignal.any([options.signal, ended.signal]))
      watch = watchCpu(program.identity, guest)
      await guest.finished
    } finally {
      clearInterval(watch)
      left = ((await program?.stop()) ?? []).map(({ pid }) => `process ${pid}`)
    }
    return guest.read([...left, ...owned.remove()])
  } finally {
    guest.dispose()
  }
}

type StartInit = {
  readonly init: FirecrackerEngineInit
  readonly run: MachineRun
  readonly owned: OwnedRun
  readonly memoryBytes: number
  readonly guest: GuestRun
  readonly said: { text: string }
}

/** It runs in its own directory, which is all that it may walk to: its socket appears there. */
async function startProgram({ init, run, owned, memoryBytes, guest, said }: StartInit): Promise<HostProgram> {
  const { tools, firecracker, image } = init
  if (tools.user !== undefined) chownSync(owned.directory, tools.user.uid, tools.user.gid)
  const kernel = openSync(image.kernel, 'r')
  try {
    const cpuSeconds = Math.ceil(run.request.policy.limits.cpuMs / 1_000) + BOOT_CPU_SECONDS
    const limits = hostLimits({ memoryBytes, fileBytes: SOCKET_BYTES_MAX, cpuSeconds })
    return await HostProgram.start({
      file: tools.prlimit,
      args: [...limits, '--', firecracker, ...FIRECRACKER_ARGUMENTS],
      environment: {},
      directory: owned.directory,
      user: tools.user,
      descriptors: [{ kind: 'share', descriptor: kernel }],
      diesWithParent: true,
      onOutput: (stream, piece) => {
        if (stream === 'stdout') guest.feed(piece)
        else said.text = (said.text + Buffer.from(piece).toString('latin1')).slice(0, 2_048)
      },
    })
  } finally {
    closeSync(kernel)
  }
}

/** What it logs goes nowhere: by itself it would write that into the supervisor's frames. */
const FIRECRACKER_ARGUMENTS = ['--id', 'kernell', '--api-sock', SOCKET, '--log-path', '/dev/null', '--level', 'Off']

/** The socket is reached through a descriptor of its directory: names of sockets are short, and paths may be long. */
async function startMachine(directory: string, memoryBytes: number, signal: AbortSignal): Promise<void> {
  const descriptor = openSync(directory, 'r')
  try {
    const client = new FirecrackerClient(`/proc/self/fd/${descriptor}/${SOCKET}`, signal)
    await client.version()
    await client.start({
      memoryBytes,
      kernel: `/proc/self/fd/${KERNEL_DESCRIPTOR}`,
      initialFiles: INITIAL_FILES,
      kernelWords: FIRECRACKER_KERNEL_WORDS,
    })
  } finally {
    closeSync(descriptor)
  }
}
