import { spawn } from 'node:child_process'
import { readdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { OwnedRuns } from '../../../src/sandbox/process/owned-runs.ts'
import { type ProcessIdentity, waitUntilGone } from '../../../src/sandbox/process/process-identity.ts'
import { HOSTILE_CASES, probeRequest } from '../guest/hostile-cases.ts'
import { isLeftOutFor, whyNoMachine } from '../guest/guest-image.ts'
import { type MachineSubject, openMachineSubject } from './machine-subject.ts'

const PARENT = fileURLToPath(new URL('doomed-machine-parent.ts', import.meta.url))
const GONE_WITHIN_MS = 2_000
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe.skipIf(isLeftOutFor('microvm', whyNoMachine()))('hostile commands in machines', { timeout: 60_000 }, () => {
  let subject: MachineSubject
  let runtime: SandboxRuntime

  beforeAll(async () => {
    subject = await openMachineSubject()
    runtime = subject.open()
  }, 60_000)

  afterAll(async () => {
    await runtime.close()
    expect(await readdir(subject.homePath)).toEqual([])
    await subject.remove()
  })

  it.each(HOSTILE_CASES)('$name', async ({ argv, limits, filesOut, reasons, expectResult }) => {
    const result = await runtime.run(probeRequest('t5', { argv, limits, filesOut }))
    expect(reasons).toContain(result.reason)
    expect(result.leftBehind).toEqual([])
    expectResult?.(result)
    expect(await subject.leftovers()).toEqual([])
  })

  it('each copy of a machine knows what time it is, and has chances of its own', async () => {
    const request = probeRequest('t5', { argv: ['/bin/sh', '-c', 'date +%s; head -c 16 /dev/urandom | od -An -tx1'] })
    const before = Math.floor(Date.now() / 1_000)
    const [first, second] = [await runtime.run(request), await runtime.run(request)]
    const [seconds = '', chance = ''] = text(first.stdout).split('\n')
    expect(Number(seconds)).toBeGreaterThanOrEqual(before)
    expect(Number(seconds)).toBeLessThanOrEqual(Date.now() / 1_000)
    expect(chance.length).toBeGreaterThan(30)
    expect(text(second.stdout)).not.toContain(chance)
  })

  it('the line on which the supervisor speaks is not the program’s', async () => {
    const argv = [
      '/bin/sh',
      '-c',
      'for each in /dev/ttyS0 /dev/console /dev/port /dev/mem /proc/1/fd/3; do echo x > $each && echo $each; done; true',
    ]
    expect(text((await runtime.run(probeRequest('t5', { argv }))).stdout)).toBe('')
    const ports = await runtime.run(probeRequest('t5', { argv: ['/bin/ports'] }))
    expect(text(ports.stdout)).toBe('request: refused\nline: refused\nrights: refused\n')
  })

  it('hosts and paths of this machine are refused, with what to do instead', async () => {
    const request = probeRequest('t5', { argv: ['/bin/true'] })
    const others = [{ network: { hosts: ['example.org'] } }, { paths: { read: ['/etc'], write: [] } }]
    for (const other of others) {
      const run = runtime.run({ ...request, policy: { ...request.policy, ...other } })
      await expect(run).rejects.toSatisfy((error) => CodedError.is(error, 'SANDBOX_POLICY_INVALID'))
    }
  })

  it('an emulated machine is made only where the policy allows it', async () => {
    const state = await runtime.probe()
    const request = probeRequest('t5', { argv: ['/bin/true'] })
    const run = runtime.run({ ...request, policy: { ...request.policy, allowEmulation: false } })
    if (state.works && state.isEmulated === true)
      await expect(run).rejects.toSatisfy((error) => CodedError.is(error, 'SANDBOX_UNAVAILABLE'))
    else expect((await run).reason).toBe('exited')
  })

  it('kill -9 of the parent leaves no machine, and the next start takes the rest away', async () => {
    const { kernel, initialFiles } = subject.image
    const home = join(subject.homePath, 'doomed')
    const parent = spawn(process.execPath, [PARENT, kernel, initialFiles, home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => parent.stdout.once('data', resolve))
    const [owner = ''] = await readdir(home)
    const [run = ''] = (await readdir(join(home, owner))).filter((name) => name.startsWith('run-'))
    const record = JSON.parse(await readFile(join(home, owner, run, 'record.json'), 'utf8')) as {
      readonly processes: readonly ProcessIdentity[]
    }
    expect(await waitUntilGone(record.processes, 0)).toHaveLength(1)
    parent.kill('SIGKILL')
    await new Promise((resolve) => parent.once('exit', resolve))
    expect(await waitUntilGone(record.processes, GONE_WITHIN_MS)).toEqual([])
    expect(await new OwnedRuns(home).reap()).toEqual({ owners: [owner], leftBehind: [] })
    expect(await readdir(home)).toEqual([])
    await rmdir(home)
  })
})
