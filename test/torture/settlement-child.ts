/**
 * A notary that settles one contract in a process of its own, over the real disk, and says each receipt the moment it is there: `R INDEX RECEIPT`. At the mutating
 * operation of the disk that it is told it kills itself, before it (even numbers of HALF) or after it (odd ones). Without one it says at the end how many there
 * were: `N COUNT`.
 *
 * usage: settlement-child.ts DIRECTORY NOW OPERATION HALF    (OPERATION -1: none)
 */
import { writeSync } from 'node:fs'
import type { FileSystem, OpenFile } from '../../src/ports/file-system.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openNotaryOver } from './notary-at.ts'
import { sendAll, settlementWork } from './settlement-workload.ts'

const [directory = '', now = '0', operationText = '-1', half = '0'] = process.argv.slice(2)
const fatal = Number(operationText)
let operations = 0

async function counted<Value>(act: () => Promise<Value>): Promise<Value> {
  const isFatal = operations === fatal
  operations += 1
  if (isFatal && half === '0') process.kill(process.pid, 'SIGKILL')
  const value = await act()
  if (isFatal) process.kill(process.pid, 'SIGKILL')
  return value
}

function countingFile(file: OpenFile): OpenFile {
  return {
    size: async () => await file.size(),
    read: async (position, length) => await file.read(position, length),
    append: async (bytes) => await counted(async () => await file.append(bytes)),
    sync: async () => await counted(async () => await file.sync()),
    close: async () => await file.close(),
  }
}

function counting(disk: FileSystem): FileSystem {
  return {
    exists: async (path) => await disk.exists(path),
    list: async (path) => await disk.list(path),
    permissionsOf: async (path) => await disk.permissionsOf(path),
    open: async (path, init) =>
      countingFile(
        init.mode === 'create' ? await counted(async () => await disk.open(path, init)) : await disk.open(path, init),
      ),
    makeDirectory: async (path) => await counted(async () => await disk.makeDirectory(path)),
    rename: async (from, to) => await counted(async () => await disk.rename(from, to)),
    remove: async (path) => await counted(async () => await disk.remove(path)),
    syncDirectory: async (path) => await counted(async () => await disk.syncDirectory(path)),
  }
}

const work = settlementWork(Number(now))
const notary = await openNotaryOver(counting(createNodeFileSystem()), { directory, set: work.set })
// Straight to the descriptor: whoever reads knows what had left before the end.
await sendAll(notary.service, work, (index, receipt) => void writeSync(1, `R ${index} ${receipt}\n`))
writeSync(1, `N ${operations}\n`)
await notary.close()
