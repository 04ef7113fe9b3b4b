import { closeSync, constants as files, openSync } from 'node:fs'
import { constants } from 'node:os'
import { CodedError } from '../../base/errors.ts'
import type {
  SandboxEgress,
  SandboxEnd,
  SandboxProgram,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
} from '../../ports/sandbox-runtime.ts'
import { OutputCapture } from '../process/output-capture.ts'
import { type OwnedRun, RUN_VARIABLE } from '../process/owned-runs.ts'
import type { ProcessIdentity } from '../process/process-identity.ts'
import type { RunEnding } from '../process/run-ending.ts'
import { superviseProgram } from '../process/supervise-program.ts'
import { type BoundPath, closeBoundPaths, openBoundPaths, pathOfBound } from './bound-paths.ts'
import type { ConfinedTools } from './find-tools.ts'
import { FolderGrowth } from './folder-growth.ts'
import { Gate } from './gate.ts'
import { Launch } from './launch.ts'
import { planLaunch, sizeOf } from './launch-plan.ts'
import { WayOut } from './egress/way-out.ts'
import { ControlGroup } from './limits/control-group.ts'
import { ProcessScan } from './limits/process-scan.ts'
import { layResourceLimits } from './limits/resource-limits.ts'
import type { UsageMeter } from './limits/usage-meter.ts'
import { systemCallFilter } from './seccomp/system-call-filter.ts'
import { WorkDirectory } from './work-directory.ts'

export type ConfinedRunInit = {
  readonly tools: ConfinedTools
  readonly request: SandboxRequest
  readonly program: Extract<SandboxProgram, { kind: 'command' }>
  /** All of the program's environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly options: SandboxRunOptions & { readonly signal: AbortSignal }
  /** Where it is written down what there is of the run. */
  readonly owned: OwnedRun
  /** Names its control groups. */
  readonly name: string
  /** Where the policy names hosts: the broker that lets through to them, and how much. */
  readonly egress?: { readonly broker: SandboxEgress; readonly bytesMax: number } | undefined
}

/** The first process of the namespace is bubblewrap's. */
const OWN_PROCESSES = 1
const { O_DIRECTORY, O_RDONLY } = files

/** One run, from its launch to its result. All that it holds is given back by `close`, whatever happened. */
export class ConfinedRun {
  private readonly init: ConfinedRunInit
  private readonly startedAt = performance.now()
  private readonly capture: OutputCapture
  private bound: readonly BoundPath[] = []
  private wayOut: WayOut | undefined
  private launch: Launch | undefined
  private gate: Gate | undefined
  private group: ControlGroup | undefined
  private work: WorkDirectory | undefined
  private growth: FolderGrowth | undefined
  private processes: number | undefined
  private ending: RunEnding | undefined

  constructor(init: ConfinedRunInit) {
    this.init = init
    this.capture = new OutputCapture({
      bytesMax: init.request.policy.limits.outputBytes,
      onOutput: init.options.onOutput,
      onOverflow: () => this.ending?.end('output'),
    })
  }

  /** Throws `SANDBOX_PROGRAM_INVALID` where there is no such program, `SANDBOX_POLICY_INVALID`, `SANDBOX_BROKEN` and the signal's reason. */
  async run(): Promise<SandboxResult> {
    const { request, options } = this.init
    const launch = await this.start()
    const meter = await this.confine(launch).catch((cause: unknown) => {
      if (CodedError.is(cause)) throw cause
      options.signal.throwIfAborted()
      throw new CodedError('SANDBOX_BROKEN', { message: 'limits cannot be laid on the program', cause })
    })
    options.signal.throwIfAborted()
    const startMs = performance.now() - this.startedAt
    launch.release()
    const { reason, wallMs } = await superviseProgram({
      program: launch.program,
      limits: request.policy.limits,
      signal: options.signal,
      onEnding: (ending) => {
        this.ending = ending
        if (this.capture.isOver) ending.end('output')
      },
      look: () => this.look(meter),
      stop: () => launch.kill(),
    })
    const left = await launch.gone()
    await this.growth?.settle()
    return this.resultOf({
      launch,
      meter,
      reason,
      times: { wallMs, startMs },
      leftBehind: left.map(sayProcess),
    })
  }

  /** Ends what runs and gives all back. @returns What could not be taken away. */
  async close(): Promise<readonly string[]> {
    this.launch?.kill()
    if (this.launch !== undefined) await this.launch.gone()
    if (this.processes !== undefined) closeSync(this.processes)
    this.work?.close()
    this.gate?.close()
    closeBoundPaths(this.bound)
    const forwarders = (await this.wayOut?.close()) ?? []
    const groups = (await this.group?.remove()) ?? []
    return [...forwarders.map(sayProcess), ...groups, ...this.init.owned.remove()]
  }

  private async start(): Promise<Launch> {
    const { tools, request, program, environment, options, owned, name } = this.init
    const { paths, limits } = request.policy
    this.bound = openBoundPaths(paths)
    const writable = this.bound.filter(({ isWritable }) => isWritable)
    if (writable.length > 0)
      this.growth = await FolderGrowth.watch(writable.map(pathOfBound), limits.diskBytes, options.signal)
    await this.openWayOut()
    const countsUnmappedMemory = tools.controlGroups !== undefined
    const filter = systemCallFilter({
      architecture: tools.architecture,
      countsUnmappedMemory,
      bindsPaths: this.bound.length > 0,
      hasWayOut: this.wayOut !== undefined,
    })
    this.gate = await Gate.make(tools.mkfifo, owned.directory)
    this.launch = await Launch.start({
      bubblewrap: tools.bubblewrap,
      plan: planLaunch({
        request,
        argv: program.argv,
        environment,
        bound: this.bound,
        filter,
        countsUnmappedMemory,
        gate: this.gate.descriptor,
      }),
      gate: this.gate,
      environment: { [RUN_VARIABLE]: name },
      user: tools.user,
      stdin: request.stdin,
      onOutput: (stream, piece) => this.capture.write(stream, piece),
      complaint: () => this.complaint(),
      signal: options.signal,
    })
    return this.launch
  }

  /** Lays all limits on the program while it waits at its gate. */
  private async confine(launch: Launch): Promise<UsageMeter> {
    const { tools, request, name } = this.init
    const { limits } = request.policy
    const { pid } = launch.first
    const { controlGroups: places } = tools
    if (places !== undefined) this.group = new ControlGroup({ places, name, limits, ownProcesses: OWN_PROCESSES })
    this.record(launch)
    this.group?.add(pid)
    if (this.wayOut !== undefined) {
      await this.wayOut.enter(pid, this.init.options.signal)
      this.record(launch)
    }
    const root = `/proc/${pid}/root`
    this.work = new WorkDirectory(`${root}/work`)
    this.processes = openSync(`${root}/proc`, O_RDONLY | O_DIRECTORY)
    await layResourceLimits({
      prlimit: tools.prlimit,
      pid,
      user: tools.user,
      limits,
      fileBytes: sizeOf(limits.diskBytes, request.files ?? []),
      ownProcesses: OWN_PROCESSES,
      hasControlGroup: this.group !== undefined,
    })
    const directory = `/proc/self/fd/${this.processes}`
    this.growth?.watchProcesses(directory)
    return this.group ?? new ProcessScan({ directory, limits, ownProcesses: OWN_PROCESSES })
  }

  private record(launch: Launch): void {
    this.init.owned.record({
      processes: [launch.program.identity, launch.first, ...(this.wayOut?.processes ?? [])],
      controlGroups: this.group?.directories ?? [],
    })
  }

  /** Opens the gate to the policy's hosts; without hosts there is no way out at all. */
  private async openWayOut(): Promise<void> {
    const { tools, request, egress } = this.init
    const { hosts } = request.policy.network
    if (hosts.length === 0) return
    if (egress === undefined || tools.nsenter === undefined)
      throw new CodedError('SANDBOX_UNAVAILABLE', {
        message: `hosts can be reached through a broker alone, and ${egress === undefined ? 'there is none' : 'nsenter is not installed'}`,
      })
    this.wayOut = await WayOut.open({ egress: egress.broker, bytesMax: egress.bytesMax, hosts, nsenter: tools.nsenter })
  }

  private look(meter: UsageMeter): SandboxEnd | undefined {
    const { limits } = this.init.request.policy
    const { cpuMs, isOutOfMemory, isOutOfProcesses } = meter.sample()
    if (isOutOfMemory) return 'memory'
    if (isOutOfProcesses) return 'processes'
    if (cpuMs > limits.cpuMs) return 'cpu'
    const isFull = this.work?.isBeyond(limits.diskBytes) === true || this.growth?.isBeyond === true
    return isFull ? 'disk' : undefined
  }

  private resultOf({ launch, meter, reason, times, leftBehind }: RunEnded): SandboxResult {
    const status = launch.exitStatus
    if (reason === 'exited' && status === undefined) throw this.failure()
    const signal = status?.signal === undefined ? undefined : signalName(status.signal)
    const last = meter.sample()
    const end = reason === 'exited' ? this.judgeExit(signal, meter) : reason
    const [stdout, stderr] = [this.capture.read('stdout'), this.capture.read('stderr')]
    const out = this.work?.read(this.init.request.filesOut ?? [], this.capture.bytesLeft) ?? NO_FILES
    const hasExited = end === 'exited'
    return {
      runtime: 'subprocess',
      reason: end,
      code: hasExited ? status?.code : undefined,
      signal: hasExited ? signal : 'SIGKILL',
      stdout: stdout.bytes,
      stderr: stderr.bytes,
      files: out.files,
      usage: {
        ...times,
        cpuMs: last.cpuMs,
        memoryBytesPeak: last.memoryBytesPeak,
        outputBytes: this.capture.bytes + out.files.reduce((sum, { bytes }) => sum + bytes.length, 0),
      },
      truncated: { stdout: stdout.isTruncated, stderr: stderr.isTruncated, files: out.isTruncated },
      leftBehind,
    }
  }

  /** It ended by itself, and perhaps because it was refused something that nobody saw in time. */
  private judgeExit(signal: string | undefined, meter: UsageMeter): SandboxEnd {
    if (this.capture.isOver) return 'output'
    if (signal === 'SIGXFSZ') return 'disk'
    const seen = this.look(meter)
    // Whoever ended well just before the limit was seen has ended well. A program can send itself the kernel's signal, too.
    if (seen === 'cpu') return signal === 'SIGXCPU' ? 'cpu' : 'exited'
    return seen ?? 'exited'
  }

  private failure(): CodedError {
    const complaint = this.complaint()
    const [path] = this.init.program.argv
    return complaint.includes('execvp')
      ? new CodedError('SANDBOX_PROGRAM_INVALID', { message: `${path ?? ''} cannot be run in the sandbox` })
      : new CodedError('SANDBOX_BROKEN', { message: `bubblewrap failed: ${complaint}` })
  }

  private complaint(): string {
    return Buffer.from(this.capture.read('stderr').bytes).toString('utf8').trim()
  }
}

type RunEnded = {
  readonly launch: Launch
  readonly meter: UsageMeter
  readonly reason: SandboxEnd
  readonly times: { readonly wallMs: number; readonly startMs: number }
  readonly leftBehind: readonly string[]
}

const NO_FILES = { files: [], isTruncated: false } as const

function sayProcess({ pid }: ProcessIdentity): string {
  return `process ${pid}`
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0] ?? `SIG${number}`
}
