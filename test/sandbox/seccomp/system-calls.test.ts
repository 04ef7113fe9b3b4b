import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { systemCallFilter } from '../../../src/sandbox/subprocess/seccomp/system-call-filter.ts'
import { DENIED_CALLS, JUDGED_CALLS, UNCOUNTED_CALLS } from '../../../src/sandbox/subprocess/seccomp/system-calls.ts'

const GROUPS = [...DENIED_CALLS, ...UNCOUNTED_CALLS]
const CALLS = [...GROUPS.flatMap(({ calls }) => calls), ...Object.values(JUDGED_CALLS)]

it('every call has the number that the headers of this machine give it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kernell-calls-'))
  const column = process.arch === 'arm64' ? 'arm64' : 'x64'
  const lines = CALLS.map(
    ({ name, [column]: number }) => `#ifdef SYS_${name}\n_Static_assert(SYS_${name} == ${number}, "${name}");\n#endif`,
  )
  const source = join(directory, 'calls.c')
  await writeFile(source, `#include <sys/syscall.h>\n${lines.join('\n')}\n`)
  await promisify(execFile)('gcc', ['-fsyntax-only', source])
  await rm(directory, { recursive: true })
})

it('no call is named twice, and each group says why', () => {
  expect(new Set(CALLS.map(({ name }) => name)).size).toBe(CALLS.length)
  expect(GROUPS.every(({ why }) => why.endsWith('.'))).toBe(true)
})

it.each(['x64', 'arm64'] as const)('the filter for %s is one that the kernel takes', (architecture) => {
  const bytes = systemCallFilter({ architecture, countsUnmappedMemory: false, bindsPaths: true, hasWayOut: true })
  const view = new DataView(bytes.buffer)
  const count = bytes.length / 8
  expect(count).toBeLessThan(4_096)
  for (let index = 0; index < count; index += 1) {
    const code = view.getUint16(index * 8, true)
    // Every jump lands within, and the last instruction answers.
    if ((code & 0x07) === 0x05)
      for (const at of [2, 3]) expect(index + 1 + view.getUint8(index * 8 + at)).toBeLessThan(count)
  }
  expect(view.getUint16((count - 1) * 8, true)).toBe(0x06)
})
