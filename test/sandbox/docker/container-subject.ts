import { existsSync } from 'node:fs'
import type { SandboxEgress, SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts'
import { imageArchive } from '../../../src/sandbox/prepare/image-archive.ts'
import { buildTestGuest, whyNoGuest } from '../guest/guest-image.ts'
import { openHome, SUITE_ENVIRONMENT } from '../subject.ts'

const SOCKET = process.env.KERNELL_DOCKER_SOCKET ?? '/var/run/docker.sock'

/** Why no container can be made here, or `undefined`. */
export function whyNoContainer(): string | undefined {
  return existsSync(SOCKET)
    ? whyNoGuest()
    : `no engine listens on ${SOCKET}; KERNELL_DOCKER_SOCKET names another socket`
}

export type ContainerSubject = {
  readonly open: (init?: { readonly egress?: SandboxEgress; readonly image?: string }) => SandboxRuntime
  readonly leftovers: () => Promise<readonly string[]>
  readonly settings: {
    readonly image: string
    readonly supervisor: string
    readonly socketPath: string
    readonly home: string
  }
  readonly remove: () => Promise<void>
}

/** An image that is made once and taken away again, and runtimes over it that do two runs at one time. */
export async function openContainerSubject(): Promise<ContainerSubject> {
  const guest = await buildTestGuest()
  const home = await openHome()
  const image = `kernell-sandbox-test:p${process.pid}`
  const settings = { image, supervisor: guest.supervisor, socketPath: SOCKET, home: home.path }
  const engine = new EngineClient(SOCKET)
  await engine.importImage(image, await imageArchive(guest.files))
  return {
    settings,
    open: (init) =>
      createDockerSandbox({ concurrencyMax: 2, waitingMax: 1, environment: SUITE_ENVIRONMENT, ...settings, ...init }),
    leftovers: async () => [
      ...(await home.runs()),
      ...(await engine.list()).filter(({ owner }) => owner.includes(`-${process.pid}-`)).map(({ name }) => name),
    ],
    remove: async () => {
      await engine.removeImage(image)
      await home.remove()
      guest.remove()
    },
  }
}
