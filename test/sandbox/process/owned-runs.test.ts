import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { OwnedRuns } from '../../../src/sandbox/process/owned-runs.ts'
import { identifyProcess, isRunning } from '../../../src/sandbox/process/process-identity.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kernell-sandbox-test-'))
})

afterEach(async () => await rm(home, { recursive: true, force: true }))

/** Name of an owner whose process is no more: a number that no process has. */
function deadOwner(namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]): string {
  return `${namespace ?? ''}-4194999-1-0`
}

async function leave(owner: string, record: string): Promise<void> {
  await mkdir(join(home, owner, 'run-1', 'directory'), { recursive: true })
  await writeFile(join(home, owner, 'run-1', 'record.json'), record)
}

it('takes away what a dead owner left: processes and directories, through no link', async () => {
  const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
  const process_ = identifyProcess(child.pid ?? -1)
  if (process_ === undefined) throw new Error('a child is there')
  const owner = deadOwner()
  await leave(owner, JSON.stringify({ processes: [process_], controlGroups: [] }))
  await mkdir(join(home, 'precious'))
  await symlink(join(home, 'precious'), join(home, owner, 'run-1', 'directory', 'link'))
  const reaped = await new OwnedRuns(home).reap()
  expect(reaped).toEqual({ owners: [owner], leftBehind: [] })
  expect(isRunning(process_)).toBe(false)
  expect(await readdir(home)).toEqual(['precious'])
})

it('kills nobody who only has the number of what was written down', async () => {
  const record = { processes: [{ pid: process.pid, startTicks: 1 }], controlGroups: [] }
  await leave(deadOwner(), JSON.stringify(record))
  expect((await new OwnedRuns(home).reap()).leftBehind).toEqual([])
  expect(await readdir(home)).toEqual([])
})

it('lets alone what belongs to a living owner, to another namespace, or to nobody', async () => {
  const living = new OwnedRuns(home)
  living.open()
  const foreign = deadOwner('1')
  await leave(foreign, '{}')
  await mkdir(join(home, 'anything'))
  expect((await new OwnedRuns(home).reap()).owners).toEqual([])
  expect((await readdir(home)).toSorted()).toEqual([living.owner, foreign, 'anything'].toSorted())
})

it.each(['', '{', '[]', '{"processes":[{"pid":0}],"controlGroups":[]}', '{"processes":[],"controlGroups":["/etc"]}'])(
  'a record that says nothing that can be believed names nothing: %s',
  async (record) => {
    await leave(deadOwner(), record)
    expect((await new OwnedRuns(home).reap()).leftBehind).toEqual([])
    expect(await readdir(home)).toEqual([])
  },
)

it('puts nothing into a directory that others can open, or a link', async () => {
  await chmod(home, 0o755)
  expect(() => new OwnedRuns(home)).toThrow(expect.objectContaining({ code: 'SANDBOX_BROKEN' }))
  await chmod(home, 0o700)
  await symlink(home, `${home}-link`)
  expect(() => new OwnedRuns(`${home}-link`)).toThrow(expect.objectContaining({ code: 'SANDBOX_BROKEN' }))
  await rm(`${home}-link`)
})

it('a run that is over leaves neither directory nor record', async () => {
  const runs = new OwnedRuns(home)
  const run = runs.open()
  run.record({ processes: [], controlGroups: [] })
  await writeFile(join(run.directory, 'file'), 'x')
  expect(run.remove()).toEqual([])
  expect(await readdir(runs.directory)).toEqual([])
  expect(runs.close()).toEqual([])
  expect(await readdir(home)).toEqual([])
})
