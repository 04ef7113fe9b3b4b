import { createMicrovmSandbox } from '../../../src/sandbox/microvm/create-microvm-sandbox.ts'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { buildTestGuest, findGuestKernel } from '../guest/guest-image.ts'
import { descendants, openHome, SUITE_ENVIRONMENT } from '../subject.ts'

export type MachineSubject = {
  readonly open: () => SandboxRuntime
  /** What there is of machines; their kept states belong to the runtime, and go with it. */
  readonly leftovers: () => Promise<readonly string[]>
  readonly homePath: string
  readonly image: { readonly kernel: string; readonly initialFiles: string }
  readonly remove: () => Promise<void>
}

/** A guest that is built once, and runtimes over it that do two runs at one time. */
export async function openMachineSubject(): Promise<MachineSubject> {
  const guest = await buildTestGuest()
  const home = await openHome()
  const image = { kernel: findGuestKernel() ?? '', initialFiles: guest.initialFiles }
  return {
    open: () =>
      createMicrovmSandbox({
        image,
        concurrencyMax: 2,
        waitingMax: 1,
        home: home.path,
        environment: SUITE_ENVIRONMENT,
      }),
    leftovers: async () => [
      ...(await home.runs()).filter((name) => !name.startsWith('state-')),
      ...(await descendants('qemu-system-x86')),
    ],
    homePath: home.path,
    image,
    remove: async () => {
      await home.remove()
      guest.remove()
    },
  }
}
