import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what containers and machines of sandboxes start from is put by `scripts/sandbox-image.ts` and `scripts/sandbox-guest.ts`. */
export function guestPlace(): { readonly supervisor: string; readonly kernel: string; readonly initialFiles: string } {
  const directory = join(homedir(), '.local', 'share', 'kernell', 'sandbox')
  return {
    supervisor: join(directory, 'supervisor'),
    kernel: join(directory, 'kernel'),
    initialFiles: join(directory, 'initial-files'),
  }
}

/** The image that containers are made of. */
export const SANDBOX_IMAGE = 'kernell-sandbox:busybox'
