import type { SandboxEgress, SandboxRuntime } from '../../ports/sandbox-runtime.ts'
import { createComponentSandbox } from '../../sandbox/component/create-component-sandbox.ts'
import { createDockerSandbox } from '../../sandbox/docker/create-docker-sandbox.ts'
import { createMicrovmSandbox } from '../../sandbox/microvm/create-microvm-sandbox.ts'
import { preparedFiles } from '../../sandbox/prepare/prepared-place.ts'
import { createQuickjsSandbox } from '../../sandbox/quickjs/create-quickjs-sandbox.ts'
import { createSubprocessSandbox } from '../../sandbox/subprocess/create-subprocess-sandbox.ts'
import type { SandboxConfig } from '../config/node-config.ts'

export type SandboxRuntimesInit = {
  readonly settings: SandboxConfig
  readonly egress: SandboxEgress
  /** Whose variables a policy may name; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** All runtimes that a node has, weakest first, whether they work here or not. */
export function sandboxRuntimes({ settings, egress, environment }: SandboxRuntimesInit): readonly SandboxRuntime[] {
  const { image, bubblewrap, containerSocket, qemu, firecracker } = settings
  const { supervisor, kernel, initialFiles } = preparedFiles(settings.directory)
  const outside = { ...(environment !== undefined && { environment }) }
  return [
    createComponentSandbox(outside),
    createQuickjsSandbox(outside),
    createSubprocessSandbox({ egress, ...outside, ...(bubblewrap !== undefined && { bubblewrap }) }),
    createDockerSandbox({
      image,
      supervisor,
      egress,
      ...outside,
      ...(containerSocket !== undefined && { socketPath: containerSocket }),
    }),
    createMicrovmSandbox({
      image: { kernel: settings.kernel ?? kernel, initialFiles },
      ...outside,
      ...(qemu !== undefined && { qemu }),
      ...(firecracker !== undefined && { firecracker }),
    }),
  ]
}
