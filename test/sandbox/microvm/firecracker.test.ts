import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FirecrackerClient } from '../../../src/sandbox/microvm/firecracker-client.ts'
import { createFirecrackerEngine } from '../../../src/sandbox/microvm/firecracker-engine.ts'
import { OwnedRuns } from '../../../src/sandbox/process/owned-runs.ts'
import { probeRequest } from '../guest/hostile-cases.ts'
import { serveFirecracker } from './firecracker-interface.ts'

const MIB = 1_048_576
const PRLIMIT = '/usr/bin/prlimit'
const FAKE = fileURLToPath(new URL('fake-firecracker.ts', import.meta.url))
const MACHINE = { memoryBytes: 256 * MIB, kernel: 'kernel', initialFiles: 'initial-files', kernelWords: 'quiet' }
const never = new AbortController().signal

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kernell-firecracker-'))
})

afterEach(async () => await rm(directory, { recursive: true, force: true }))

describe('Firecracker, by its published interface', () => {
  it('is asked for a machine, in order, in the shapes that it takes', async () => {
    const socketPath = join(directory, 'api.sock')
    const server = await serveFirecracker(socketPath)
    const client = new FirecrackerClient(socketPath, never)
    expect(await client.version()).toBe('1.99.0')
    await client.start(MACHINE)
    expect(server.asked).toEqual([
      { operation: 'GET /version', body: undefined },
      { operation: 'PUT /machine-config', body: { vcpu_count: 1, mem_size_mib: 256, smt: false } },
      {
        operation: 'PUT /boot-source',
        body: { kernel_image_path: 'kernel', initrd_path: 'initial-files', boot_args: 'quiet' },
      },
      { operation: 'PUT /actions', body: { action_type: 'InstanceStart' } },
    ])
    await server.close()
  })

  it('what it says is wrong is said', async () => {
    const socketPath = join(directory, 'api.sock')
    const server = await serveFirecracker(socketPath)
    const start = new FirecrackerClient(socketPath, never).start({ ...MACHINE, memoryBytes: 0.5 * MIB })
    await expect(start).rejects.toMatchObject({
      code: 'SANDBOX_BROKEN',
      message: expect.stringContaining('mem_size_mib'),
    })
    const client = new FirecrackerClient(socketPath, never)
    await client.start(MACHINE)
    await expect(client.start(MACHINE)).rejects.toMatchObject({
      message: expect.stringContaining('not supported after'),
    })
    await server.close()
  })

  it('who gives up while it is asked hears the reason', async () => {
    const ending = new AbortController()
    ending.abort(new Error('enough'))
    const version = new FirecrackerClient(join(directory, 'none.sock'), ending.signal).version()
    await expect(version).rejects.toThrowError('enough')
  })
})

describe('a process that answers as Firecracker does', () => {
  it('runs a program, is ended, and leaves nothing', async () => {
    const program = join(directory, 'firecracker')
    await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${FAKE} "$@"\n`)
    await chmod(program, 0o755)
    const image = { kernel: join(directory, 'kernel'), initialFiles: join(directory, 'files') }
    await writeFile(image.kernel, 'the kernel')
    await writeFile(image.initialFiles, 'first files')
    const tools = { prlimit: PRLIMIT, user: undefined }
    const engine = await createFirecrackerEngine({ firecracker: program, tools, image, bootWithinMs: 20_000 })
    expect(engine).toMatchObject({ version: 'Firecracker v1.99.0', isEmulated: false })
    const home = join(directory, 'home')
    const runs = new OwnedRuns(home)
    // Node, which stands for Firecracker here, reserves more than a machine does.
    const request = probeRequest('t5', { argv: ['/bin/tool'], limits: { memoryBytes: 65_536 * MIB } })
    const command = { kind: 'command' as const, argv: ['/bin/tool'] }
    const result = await engine.run({ request, program: command, environment: {}, options: { signal: never }, runs })
    expect(result).toMatchObject({ runtime: 'microvm', reason: 'exited', code: 5, leftBehind: [] })
    expect(new TextDecoder().decode(result.stdout)).toBe('the kernel true\n')
    runs.close()
    expect(await readdir(home)).toEqual([])
  })

  it('that ends before its machine starts is broken, and what it said is in the message', async () => {
    const program = join(directory, 'firecracker')
    await writeFile(program, '#!/bin/sh\n[ "$1" = --version ] && echo v0 || { echo no device >&2; exit 1; }\n')
    await chmod(program, 0o755)
    const image = { kernel: program, initialFiles: program }
    const tools = { prlimit: PRLIMIT, user: undefined }
    const engine = await createFirecrackerEngine({ firecracker: program, tools, image, bootWithinMs: 20_000 })
    const runs = new OwnedRuns(join(directory, 'home'))
    const request = probeRequest('t5', { argv: ['/bin/tool'] })
    const command = { kind: 'command' as const, argv: ['/bin/tool'] }
    const run = engine.run({ request, program: command, environment: {}, options: { signal: never }, runs })
    await expect(run).rejects.toMatchObject({ code: 'SANDBOX_BROKEN', message: expect.stringContaining('no device') })
    expect(await readdir(runs.directory)).toEqual([])
  })
})
