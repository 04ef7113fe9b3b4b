import { readFileSync, renameSync } from 'node:fs'
import { CodedError, remedyOf } from '../../base/errors.ts'
import { EngineClient, usualSocket } from '../../sandbox/docker/engine-client.ts'
import { type Entry, writeCpio } from '../../sandbox/guest/cpio.ts'
import { baseFiles } from '../../sandbox/prepare/base-files.ts'
import { compileSupervisor } from '../../sandbox/prepare/compile-supervisor.ts'
import { type KernelSource, readGuestKernel } from '../../sandbox/prepare/guest-kernel.ts'
import { imageArchive } from '../../sandbox/prepare/image-archive.ts'
import { partMissing } from '../../sandbox/prepare/part-missing.ts'
import { makePlace, preparedFiles, recordPrepared, replaceFile } from '../../sandbox/prepare/prepared-place.ts'
import type { SandboxConfig } from '../config/node-config.ts'

/** `container`: the image, in the engine. `machine`: a kernel and its first files. Both need the supervisor. */
export const PREPARED_PARTS = ['supervisor', 'container', 'machine'] as const

/** One of `PREPARED_PARTS`: something that containers or machines start from and that has to be made on this machine once. */
export type PreparedPart = (typeof PREPARED_PARTS)[number]

/**
 * What became of one part: with `isMade` where it is, in `detail`; else why it could not be made, and what would change that, both for
 * people.
 */
export type PartOutcome =
  | { readonly part: PreparedPart; readonly isMade: true; readonly detail: string }
  | { readonly part: PreparedPart; readonly isMade: false; readonly reason: string; readonly remedy: string }

/**
 * What `prepareSandboxes` makes, and where: below `settings.directory`, and the image in the engine that the settings name. The
 * supervisor is made in any case.
 */
export type PrepareSandboxesInit = {
  readonly settings: SandboxConfig
  /** Kernel of machines. Default: the one that the settings name, or one that is installed for machines. */
  readonly kernel?: KernelSource | undefined
  /** Default: both. */
  readonly parts?: readonly Exclude<PreparedPart, 'supervisor'>[] | undefined
  readonly signal?: AbortSignal | undefined
}

const EXECUTABLE = 0o755

/**
 * Makes what containers and machines of sandboxes start from, on this machine and without any registry: the supervisor, compiled; an image of busybox, given to the engine; a kernel and its first
 * files. What cannot be made does not keep the rest from being made. Throws the signal's reason, and what a directory that cannot be written throws.
 */
export async function prepareSandboxes(init: PrepareSandboxesInit): Promise<readonly PartOutcome[]> {
  const { settings, parts = ['container', 'machine'], signal } = init
  const files = preparedFiles(settings.directory)
  makePlace(settings.directory)
  const supervisor = await attempt('supervisor', async () => {
    const fresh = `${files.supervisor}.${process.pid}.next`
    await compileSupervisor(fresh, signal)
    renameSync(fresh, files.supervisor)
    recordPrepared(settings.directory, {})
    return files.supervisor
  })
  const outcomes = [supervisor]
  signal?.throwIfAborted()
  if (parts.includes('container')) outcomes.push(await attempt('container', async () => await makeImage(settings)))
  signal?.throwIfAborted()
  // A machine begins with the supervisor itself; a container has it bound into it when it starts.
  if (parts.includes('machine') && supervisor.isMade)
    outcomes.push(await attempt('machine', async () => await makeMachine(init)))
  signal?.throwIfAborted()
  return outcomes
}

async function attempt(part: PreparedPart, make: () => Promise<string>): Promise<PartOutcome> {
  try {
    return { part, isMade: true, detail: await make() }
  } catch (error) {
    if (!CodedError.is(error)) throw error
    const { remedy } = error.details
    return {
      part,
      isMade: false,
      reason: error.message,
      remedy: typeof remedy === 'string' ? remedy : remedyOf(error.code),
    }
  }
}

async function makeImage({ directory, image, containerSocket }: SandboxConfig): Promise<string> {
  const archive = await imageArchive(await baseFiles())
  const socketPath = containerSocket ?? usualSocket()
  const engine = new EngineClient(socketPath)
  const version = await engine.version().catch((cause: unknown) => {
    const remedy = 'Start Docker, or `podman system service`, and let this user open its socket.'
    throw partMissing(`no engine of containers answers on ${socketPath}`, remedy, cause)
  })
  await engine.importImage(image, archive)
  recordPrepared(directory, { image })
  return `${image} in ${version}`
}

async function makeMachine({ settings, kernel }: PrepareSandboxesInit): Promise<string> {
  const files = preparedFiles(settings.directory)
  const base = await baseFiles()
  const named = settings.kernel === undefined ? undefined : { kind: 'file' as const, path: settings.kernel }
  const { bytes, from } = await readGuestKernel(kernel ?? named)
  const first: Entry = { kind: 'file', path: 'init', bytes: readFileSync(files.supervisor), mode: EXECUTABLE }
  replaceFile(files.initialFiles, writeCpio([...base, first]))
  replaceFile(files.kernel, bytes)
  recordPrepared(settings.directory, { kernelFrom: from })
  return `${from}, with first files of ${Math.round(writtenBytes(base) / 1_024)} KiB`
}

function writtenBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.bytes.length : 0), 0)
}
