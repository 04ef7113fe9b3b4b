import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../base/errors.ts'

const PREFIX = 'kernell-egress-'

/** A socket in a folder of its own, which nobody but its owner can enter. */
export type EgressSocket = { readonly path: string; remove(): Promise<void> }

/**
 * Lets a server listen on a new socket below `folder` (default: the folder for temporary files). What a process that is no more left there is taken away first.
 *
 * Throws `SANDBOX_BROKEN` where no socket can be made, as below a folder with a very long name.
 */
export async function listenPrivately(server: Server, folder: string = tmpdir()): Promise<EgressSocket> {
  await reap(folder)
  let home: string | undefined
  try {
    home = await mkdtemp(join(folder, `${PREFIX}${process.pid}-`))
    const path = join(home, 'egress.sock')
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path }, () => resolve())
    })
    await chmod(path, 0o600)
    const own = home
    return { path, remove: async () => await rm(own, { recursive: true, force: true }) }
  } catch (cause: unknown) {
    if (home !== undefined) await rm(home, { recursive: true, force: true })
    throw new CodedError('SANDBOX_BROKEN', { message: 'The socket of a sandbox could not be made', cause })
  }
}

/** Folders carry the id of their process. One of another user, or that is gone meanwhile, is none of ours. */
async function reap(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (Number.isSafeInteger(owner) && !isAlive(owner))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error: unknown) {
    // Of another user, and there.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM'
  }
}
