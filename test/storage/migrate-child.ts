import { createSystemRandom } from '../../src/node/system-random.ts'
import type { FileSystem } from '../../src/ports/file-system.ts'
import { migrateDirectory } from '../../src/storage/migrate-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'

/** Migrates the directory `argv[2]` and kills itself before the change number `argv[3]` of the disk, counted from 0. */
const [path = '', killAt = ''] = process.argv.slice(2)
const real = createNodeFileSystem()
let count = 0

async function change<Result>(work: () => Promise<Result>): Promise<Result> {
  if (count === Number(killAt)) process.kill(process.pid, 'SIGKILL')
  count += 1
  return await work()
}

const fileSystem: FileSystem = {
  open: async (name, init) => {
    const open = async (): ReturnType<FileSystem['open']> => await real.open(name, init)
    return init.mode === 'read' ? await open() : await change(open)
  },
  exists: async (name) => await real.exists(name),
  list: async (name) => await real.list(name),
  permissionsOf: async (name) => await real.permissionsOf(name),
  makeDirectory: async (name) => await change(async () => await real.makeDirectory(name)),
  rename: async (from, to) => await change(async () => await real.rename(from, to)),
  remove: async (name) => await change(async () => await real.remove(name)),
  syncDirectory: async (name) => await real.syncDirectory(name),
}

await migrateDirectory({ fileSystem, random: createSystemRandom() }, { path })
