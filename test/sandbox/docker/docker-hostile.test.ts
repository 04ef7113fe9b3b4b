import { spawn } from 'node:child_process'
import { mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { SandboxEgress, SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { containerSettings } from '../../../src/sandbox/docker/container-settings.ts'
import { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts'
import { reachedIn } from '../corpus/probe.ts'
import { HOSTILE_CASES, probeRequest } from '../guest/hostile-cases.ts'
import { isLeftOutFor } from '../guest/guest-image.ts'
import { type ContainerSubject, openContainerSubject, whyNoContainer } from './container-subject.ts'

const PARENT = fileURLToPath(new URL('doomed-container-parent.ts', import.meta.url))
const GONE_WITHIN_MS = 2_000
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe.skipIf(isLeftOutFor('docker', whyNoContainer()))('hostile commands in containers', { timeout: 60_000 }, () => {
  let subject: ContainerSubject
  let runtime: SandboxRuntime
  let directory: string

  beforeAll(async () => {
    subject = await openContainerSubject()
    runtime = subject.open()
    directory = await mkdtemp('/var/tmp/kernell-docker-test-')
  }, 60_000)

  afterAll(async () => {
    await runtime.close()
    await subject.remove()
    await rm(directory, { recursive: true, force: true })
  })

  it.each(HOSTILE_CASES)('$name', async ({ argv, limits, filesOut, reasons, expectResult }) => {
    const result = await runtime.run(probeRequest('t4', { argv, limits, filesOut }))
    expect(reasons).toContain(result.reason)
    expect(result.leftBehind).toEqual([])
    expectResult?.(result)
    expect(await subject.leftovers()).toEqual([])
  })

  it('a path of this machine is seen as its policy says, and only that one', async () => {
    const path = join(directory, 'given')
    await writeFile(path, 'from this machine\n', { mode: 0o644 })
    const request = probeRequest('t4', {
      argv: ['/bin/sh', '-c', `cat ${path}; echo x > ${path} || echo refused; ls ${directory}`],
    })
    const paths = { read: [path], write: [] }
    const result = await runtime.run({ ...request, policy: { ...request.policy, paths } })
    expect(text(result.stdout)).toBe('from this machine\nrefused\ngiven\n')
  })

  it('a path that would cover what is the container’s own is refused', async () => {
    for (const path of ['/proc/self', '/work', '/dev/shm', '/.kernell-supervisor']) {
      const request = probeRequest('t4', { argv: ['/bin/true'] })
      const run = runtime.run({ ...request, policy: { ...request.policy, paths: { read: [path], write: [] } } })
      await expect(run).rejects.toSatisfy((error) => CodedError.is(error, 'SANDBOX_POLICY_INVALID'))
    }
  })

  it('hosts are refused without a broker; with one its socket is there, and it alone', async () => {
    const request = probeRequest('t4', { argv: ['/bin/sh', '-c', 'exec probe network 1 $KERNELL_EGRESS_SOCKET none'] })
    const policy = { ...request.policy, network: { hosts: ['example.org'] } }
    await expect(runtime.run({ ...request, policy })).rejects.toSatisfy((error) =>
      CodedError.is(error, 'SANDBOX_UNAVAILABLE'),
    )
    const { egress, close } = await openTestEgress(directory)
    const open = subject.open({ egress })
    try {
      const reached = reachedIn((await open.run({ ...request, policy })).stdout)
      expect(reached.filter((way) => way !== 'netlink' && way !== 'vsock')).toEqual(['unix path'])
    } finally {
      await open.close()
      await close()
    }
  })

  it('an image that is not there is said, with what helps', async () => {
    const none = subject.open({ image: 'kernell-sandbox-test:none' })
    expect(await none.probe()).toMatchObject({
      works: false,
      reason: expect.stringContaining('image'),
      remedy: expect.stringContaining('docker import'),
    })
    await none.close()
  })

  it('kill -9 of the parent leaves no container', async () => {
    const { image, supervisor, socketPath, home } = subject.settings
    const parent = spawn(process.execPath, [PARENT, image, supervisor, socketPath, home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => parent.stdout.once('data', resolve))
    const engine = new EngineClient(socketPath)
    const ours = async (): Promise<number> =>
      (await engine.list()).filter(({ owner }) => owner.includes(`-${parent.pid}-`)).length
    expect(await ours()).toBe(1)
    parent.kill('SIGKILL')
    await new Promise((resolve) => parent.once('exit', resolve))
    await expect.poll(ours, { timeout: GONE_WITHIN_MS, interval: 50 }).toBe(0)
  })

  it('a container whose owner is no more goes with the next start', async () => {
    const engine = new EngineClient(subject.settings.socketPath)
    const owner = `${await namespaceNumber()}-2-1-00000000-0000-0000-0000-000000000000`
    const name = `kernell-sandbox-${owner}-1`
    const { image, supervisor } = subject.settings
    const settings = containerSettings({
      isPodman: await engine.isPodman(),
      image,
      supervisor,
      owner,
      request: probeRequest('t4', { argv: ['/bin/true'] }),
    })
    const id = await engine.create(name, settings)
    expect((await engine.list()).map((each) => each.id)).toContain(id)
    const next = subject.open()
    expect(await next.probe()).toMatchObject({ works: true })
    expect((await engine.list()).map((each) => each.id)).not.toContain(id)
    // The engine was still making this one when the start looked.
    const late = await engine.create(`${name}-late`, settings)
    await next.close()
    expect((await engine.list()).map((each) => each.id)).not.toContain(late)
  })

  it('a run that is given up while its container is made leaves none', async () => {
    const ending = new AbortController()
    const run = runtime.run(probeRequest('t4', { argv: ['/bin/true'] }), { signal: ending.signal })
    setImmediate(() => ending.abort(new Error('enough')))
    await expect(run).rejects.toThrowError('enough')
    expect(await subject.leftovers()).toEqual([])
  })

  it('an engine that is not there is said, and asked again later', async () => {
    const { image, supervisor, home } = subject.settings
    const socketPath = join(directory, 'later.sock')
    const later = createDockerSandbox({ image, supervisor, home, socketPath })
    const request = probeRequest('t4', { argv: ['/bin/true'] })
    await expect(later.run(request)).rejects.toSatisfy((error) => CodedError.is(error, 'SANDBOX_UNAVAILABLE'))
    await symlink(subject.settings.socketPath, socketPath)
    expect(await later.run(request)).toMatchObject({ reason: 'exited', code: 0 })
    await later.close()
  })

  it('shows no other way out to whoever looks', async () => {
    const result = await runtime.run(
      probeRequest('t4', { argv: ['/bin/probe', 'network', '1', '/var/run/docker.sock', 'none'] }),
    )
    expect(reachedIn(result.stdout).filter((way) => way !== 'netlink' && way !== 'vsock')).toEqual([])
  })
})

async function namespaceNumber(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? ''
}

/** A broker that lets everybody come to its socket, and nobody further. */
async function openTestEgress(
  directory: string,
): Promise<{ readonly egress: SandboxEgress; readonly close: () => Promise<void> }> {
  const socketPath = join(directory, 'egress.sock')
  const server: Server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    egress: { open: async () => await Promise.resolve({ socketPath, requests: [], close: async () => {} }) },
    close: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
