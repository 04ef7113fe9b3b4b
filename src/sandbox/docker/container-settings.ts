import { CodedError } from '../../base/errors.ts'
import type { SandboxRequest } from '../../ports/sandbox-runtime.ts'
import { roomOf } from '../guest/encode-request.ts'

export type ContainerSettingsInit = {
  readonly image: string
  /** Path of the supervisor on this machine. */
  readonly supervisor: string
  readonly owner: string
  readonly request: SandboxRequest
  /** Podman's directories in memory know no greatest number of files, which the supervisor counts alone then, and name their owner in another way. */
  readonly isPodman: boolean
  /** Path of the broker's socket on this machine, where hosts may be reached. */
  readonly egressSocket?: string | undefined
}

type Mount = { readonly Type: 'bind'; readonly Source: string; readonly Target: string; readonly ReadOnly: boolean }

/** What a container is made with, as the engine's interface names it. */
export type ContainerSettings = ReturnType<typeof containerSettings>

/** Whose a container is: the name of the process that made it. */
export const OWNER_LABEL = 'kernell.sandbox.owner'
export const SUPERVISOR = '/.kernell-supervisor'
/** Where a program finds the only way out, where there is one. */
export const EGRESS_SOCKET = '/.kernell-egress.sock'
export const NOBODY = 65_534

const PAGE_BYTES = 4_096
const FILES_LEAST = 256
/** What an engine gives at least. */
const MEMORY_LEAST = 6_291_456
const SUPERVISOR_BYTES = 2_097_152
const SUPERVISOR_PROCESSES = 1
const OPEN_FILES = 1_024
const PROCESSES_OF_NOBODY = 4_096
/** What belongs to the container itself is not covered by this machine's. */
const OWN_PATHS = ['/work', '/tmp', '/proc', '/sys', '/dev', SUPERVISOR, EGRESS_SOCKET]

/**
 * A container without rights, network, names of this machine or anything that can be written but two directories in memory, of limited size. What it writes there counts as memory too, as the
 * kernel counts.
 *
 * Throws `SANDBOX_POLICY_INVALID` for a path that would cover the container's own.
 */
export function containerSettings(init: ContainerSettingsInit) {
  const { image, supervisor, owner, request, egressSocket, isPodman } = init
  const { limits, paths } = request.policy
  const room = roomOf(limits, request.files ?? [])
  const memory = Math.max(MEMORY_LEAST, limits.memoryBytes + SUPERVISOR_BYTES)
  const seconds = Math.ceil(limits.cpuMs / 1_000) + 1
  return {
    Image: image,
    Entrypoint: [SUPERVISOR, 'container'],
    Cmd: [] as readonly string[],
    User: `${NOBODY}:${NOBODY}`,
    WorkingDir: '/',
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    NetworkDisabled: true,
    Labels: { [OWNER_LABEL]: owner },
    HostConfig: {
      NetworkMode: 'none',
      IpcMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: limits.processes + SUPERVISOR_PROCESSES,
      AutoRemove: true,
      LogConfig: { Type: 'none' },
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'cpu', Soft: seconds, Hard: seconds + 1 },
        { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
        // Else Podman asks for more than it may have itself where it runs in a container. Counted is what nobody runs in all of them; `PidsLimit` is the limit.
        ...(isPodman ? [{ Name: 'nproc', Soft: PROCESSES_OF_NOBODY, Hard: PROCESSES_OF_NOBODY }] : []),
      ],
      Tmpfs: {
        '/work': directoryOptions(room, isPodman),
        '/tmp': directoryOptions(temporaryRoom(limits.diskBytes), isPodman),
      },
      Mounts: [
        bind(supervisor, SUPERVISOR, true),
        ...(egressSocket === undefined ? [] : [bind(egressSocket, EGRESS_SOCKET, false)]),
        ...paths.read.filter((path) => !paths.write.includes(path)).map((path) => bindPath(path, true)),
        ...paths.write.map((path) => bindPath(path, false)),
      ],
    },
  }
}

type Room = { readonly bytes: number; readonly files: number }

function temporaryRoom(diskBytes: number): Room {
  const pages = Math.ceil(diskBytes / PAGE_BYTES) + 2
  return { bytes: pages * PAGE_BYTES, files: Math.max(FILES_LEAST, pages) + 16 }
}

function directoryOptions({ bytes, files }: Room, isPodman: boolean): string {
  const common = `rw,exec,nosuid,nodev,size=${bytes}`
  return isPodman ? `${common},mode=0755,U` : `${common},nr_inodes=${files},mode=0755,uid=${NOBODY},gid=${NOBODY}`
}

function bindPath(path: string, isReadOnly: boolean): Mount {
  if (OWN_PATHS.some((own) => path === own || path.startsWith(`${own}/`) || path === '/'))
    throw new CodedError('SANDBOX_POLICY_INVALID', { message: `paths: ${path} is the container's own` })
  return bind(path, path, isReadOnly)
}

function bind(source: string, target: string, isReadOnly: boolean): Mount {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: isReadOnly }
}
