import { spawn } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { OwnedRuns } from '../../../src/sandbox/process/owned-runs.ts'
import { isRunning, type ProcessIdentity, waitUntilGone } from '../../../src/sandbox/process/process-identity.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { openHome } from '../subject.ts'
import { childrenOf } from '../corpus-script/own-children.ts'
import { isLeftOut } from '../runtimes-here.ts'

const isOut = isLeftOut('subprocess')

const AT_GATE = fileURLToPath(new URL('doomed-at-gate.ts', import.meta.url))
const PARENT = fileURLToPath(new URL('doomed-parent.ts', import.meta.url))
const GONE_WITHIN_MS = 2_000

type Record = { readonly processes: readonly ProcessIdentity[]; readonly controlGroups: readonly string[] }

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

it.skipIf(isOut).each([false, true])(
  'kill -9 of the parent leaves no process, and the next start takes the rest away (groups: %s)',
  async (useGroups) => {
    const home = await openHome()
    const parent = spawn(process.execPath, [PARENT, home.path, String(useGroups)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => parent.stdout.once('data', resolve))
    const [owner = ''] = await readdir(home.path)
    const record = JSON.parse(await readFile(join(home.path, owner, 'run-1', 'record.json'), 'utf8')) as Record
    expect(record.processes).toHaveLength(2)
    expect(await waitUntilGone(record.processes, 0)).toHaveLength(2)

    parent.kill('SIGKILL')
    await new Promise((resolve) => parent.once('exit', resolve))
    expect(await waitUntilGone(record.processes, GONE_WITHIN_MS)).toEqual([])

    const next = createSubprocessSandbox({ home: home.path, useControlGroups: useGroups })
    expect(await next.probe()).toMatchObject({ works: true })
    for (const group of record.controlGroups) expect(await exists(group), group).toBe(false)
    await next.close()
    expect(await readdir(home.path)).toEqual([])
    await home.remove()
  },
)

it.skipIf(isOut)(
  'a program that waits for its limits when the parent is killed never runs, and the next start ends it',
  async () => {
    const home = await openHome()
    const parent = spawn(process.execPath, [AT_GATE, home.path], { stdio: ['pipe', 'pipe', 'inherit'] })
    const said = await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve))
    const { outer, first } = JSON.parse(said.toString()) as {
      readonly outer: ProcessIdentity
      readonly first: ProcessIdentity
    }
    parent.kill('SIGKILL')
    await new Promise((resolve) => parent.once('exit', resolve))
    expect(await waitUntilGone([outer], GONE_WITHIN_MS)).toEqual([])
    // Were it let through, it would have begun before its parent's parent was gone.
    expect([isRunning(first), childrenOf(first.pid)]).toEqual([true, []])
    const { owners, leftBehind } = await new OwnedRuns(home.path).reap()
    expect([owners.length, leftBehind, isRunning(first)]).toEqual([1, [], false])
    await home.remove()
  },
)
