import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../base/errors.ts'

const PREFIX = 'kernell-egress-'
/** Namespace of processes, number and start of the owner. */
const OWNED = /^kernell-egress-(\d+)-(\d+)-(\d+)-/
/** In `/proc/PID/stat`, after the name. */
const START_FIELD = 19

/** A socket in a folder of its own, which nobody but its owner can enter. */
export type EgressSocket = { readonly path: string; remove(): Promise<void> }

/**
 * Lets a server listen on a new socket below `folder` (default: the folder for temporary files). What a process that is no more left there is taken away first.
 *
 * Throws `SANDBOX_BROKEN` where no socket can be made, as below a folder with a very long name.
 */
export async function listenPrivately(server: Server, folder: string = tmpdir()): Promise<EgressSocket> {
  await reapSockets(folder)
  let home: string | undefined
  try {
    const start = await startOf(process.pid)
    home = await mkdtemp(join(folder, `${PREFIX}${await processSpace()}-${process.pid}-${start ?? 0}-`))
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

/** Where ids of processes mean the same: containers may share a folder, and not these. */
async function processSpace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '')
  return link.replaceAll(/\D/g, '') || '0'
}

/** Takes away what processes that are no more left below `folder`. One of another user, or that somebody else takes away meanwhile, is none of ours. */
export async function reapSockets(folder: string = tmpdir()): Promise<void> {
  const space = await processSpace()
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const [, where, pid, start] = OWNED.exec(name) ?? []
    if (where === space && (await startOf(Number(pid))) !== start)
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

/** When a process started, in ticks of the kernel; a number alone is given out again. `undefined`: there is none. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name before may hold blanks and brackets itself.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD]
}
