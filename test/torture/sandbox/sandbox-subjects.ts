import { existsSync } from 'node:fs'
import { SANDBOX_RUNTIMES, type SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../../src/testing/index.ts'
import { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts'
import { createMicrovmSandbox } from '../../../src/sandbox/microvm/create-microvm-sandbox.ts'
import { imageArchive } from '../../../src/sandbox/prepare/image-archive.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { createComponentSandbox, createQuickjsSandbox } from '../../sandbox/built-sandboxes.ts'
import { componentPrograms } from '../../sandbox/component-programs.ts'
import { BUSYBOX_PROGRAMS } from '../../sandbox/guest/busybox-programs.ts'
import { buildTestGuest, findGuestKernel, whyNoGuest, whyNoMachine } from '../../sandbox/guest/guest-image.ts'
import { hasSubprocess } from '../../sandbox/runtimes-here.ts'
import { SCRIPT_PROGRAMS } from '../../sandbox/script-programs.ts'
import { SHELL_PROGRAMS } from '../../sandbox/shell-programs.ts'

/** What a runtime of containers or machines is made from; as text, so that a process can be given it. */
export type GuestPlace = {
  readonly supervisor: string
  readonly kernel: string
  readonly initialFiles: string
  readonly image: string
  readonly socketPath: string
}

export type OpenInit = { readonly place: GuestPlace; readonly home: string; readonly concurrencyMax: number }

const SOCKET = process.env['KERNELL_DOCKER_SOCKET'] ?? '/var/run/docker.sock'

/** Opens a runtime by its name. */
export function openRuntime(name: SandboxRuntimeName, { place, home, concurrencyMax }: OpenInit): SandboxRuntime {
  const common = { concurrencyMax, home }
  switch (name) {
    case 'wasm':
      return createComponentSandbox({ concurrencyMax, warmMax: 1 })
    case 'quickjs':
      return createQuickjsSandbox({ concurrencyMax, warmMax: 1 })
    case 'subprocess':
      return createSubprocessSandbox(common)
    case 'docker':
      return createDockerSandbox({ ...common, ...place })
    case 'microvm':
      return createMicrovmSandbox({ ...common, image: place })
  }
}

export async function programsOf(name: SandboxRuntimeName): Promise<SandboxSubject['programs']> {
  if (name === 'wasm') return await componentPrograms()
  if (name === 'quickjs') return SCRIPT_PROGRAMS
  return name === 'subprocess' ? SHELL_PROGRAMS : BUSYBOX_PROGRAMS
}

/** Why a runtime cannot be tortured here, or `undefined`. */
export function whyNot(name: SandboxRuntimeName): string | undefined {
  if (name === 'subprocess') return hasSubprocess() ? undefined : 'bubblewrap makes no namespaces here'
  if (name === 'docker')
    return existsSync(SOCKET) ? whyNoGuest() : `no engine listens on ${SOCKET}; KERNELL_DOCKER_SOCKET names another`
  return name === 'microvm' ? whyNoMachine() : undefined
}

export type Guests = { readonly place: GuestPlace; readonly remove: () => Promise<void> }

/** Makes what those of `names` start from that are containers or machines. */
export async function makeGuests(names: readonly SandboxRuntimeName[]): Promise<Guests> {
  const image = `kernell-sandbox-torture:p${process.pid}`
  const nothing = { supervisor: '', kernel: '', initialFiles: '', image, socketPath: SOCKET }
  if (!names.includes('docker') && !names.includes('microvm')) return { place: nothing, remove: async () => {} }
  const guest = await buildTestGuest()
  const engine = names.includes('docker') ? new EngineClient(SOCKET) : undefined
  await engine?.importImage(image, await imageArchive(guest.files))
  return {
    place: {
      ...nothing,
      supervisor: guest.supervisor,
      initialFiles: guest.initialFiles,
      kernel: findGuestKernel() ?? '',
    },
    remove: async () => {
      guest.remove()
      // What a failure left of containers keeps it.
      await engine?.removeImage(image).catch(() => {})
    },
  }
}

/** Runtimes whose names say `only`, all without it; those that do not work here are told of. */
export function runtimesHere(only: string | undefined, log: (line: string) => void): readonly SandboxRuntimeName[] {
  return SANDBOX_RUNTIMES.filter((name) => name.includes(only ?? '')).filter((name) => {
    const why = whyNot(name)
    if (why !== undefined) log(`${name} is left out: ${why}`)
    return why === undefined
  })
}
