import { join } from 'node:path'
import type { SandboxDocument } from './config-document.ts'
import type { SandboxConfig } from './node-config.ts'

/** The image that `kernell sandbox prepare` makes, where the configuration names no other. */
export const SANDBOX_IMAGE = 'kernell-sandbox:busybox'

/** Where the sandboxes of a user are, if nobody says so: beside the stores, and the same for each of the user's nodes. */
export function defaultSandbox(userDataDir: string): SandboxConfig {
  return { directory: join(userDataDir, 'sandbox'), image: SANDBOX_IMAGE }
}

export function resolveSandbox(
  { image, directory, ...programs }: SandboxDocument,
  { userDataDir, absolute }: { readonly userDataDir: string; readonly absolute: (path: string) => string },
): SandboxConfig {
  const paths = Object.entries(programs).map(([name, path]) => [name, absolute(path)])
  const byDefault = defaultSandbox(userDataDir)
  return {
    directory: directory === undefined ? byDefault.directory : absolute(directory),
    image: image ?? byDefault.image,
    ...(Object.fromEntries(paths) as Omit<SandboxDocument, 'image' | 'directory'>),
  }
}
