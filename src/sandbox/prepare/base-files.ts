import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Entry } from '../guest/cpio.ts'
import { findProgram } from '../process/find-program.ts'
import { partMissing } from './part-missing.ts'

const DIRECTORIES = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'usr', 'var', 'work', '.kernell']
const PASSWD = 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/work:/bin/sh\n'
const GROUP = 'root:x:0:\nnogroup:x:65534:\n'
const REMEDY = 'Install the package `busybox-static`.'

/** A small Linux without its kernel: busybox under each of its names. Throws `SANDBOX_PART_MISSING`. */
export async function baseFiles(): Promise<readonly Entry[]> {
  const busybox = findProgram('busybox') ?? findProgram('busybox.static')
  if (busybox === undefined) throw partMissing('busybox is not installed', REMEDY)
  const bytes = readFileSync(busybox)
  if (needsLibraries(bytes)) throw partMissing(`${busybox} needs libraries, which a container does not have`, REMEDY)
  const { stdout } = await promisify(execFile)(busybox, ['--list'], { env: {} })
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')
  return [
    ...DIRECTORIES.map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'link', path: 'sbin', target: 'bin' },
    { kind: 'link', path: 'usr/bin', target: '../bin' },
    { kind: 'link', path: 'usr/sbin', target: '../bin' },
    { kind: 'file', path: 'etc/passwd', bytes: Buffer.from(PASSWD) },
    { kind: 'file', path: 'etc/group', bytes: Buffer.from(GROUP) },
    { kind: 'file', path: 'bin/busybox', bytes, mode: 0o755 },
    ...applets.map((name): Entry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
  ]
}

const ELF_PROGRAMS_AT = 32
const ELF_PROGRAM_SIZE_AT = 54
const ELF_PROGRAM_COUNT_AT = 56
/** Of the header that names who loads libraries; a program that is linked with none has no such header. */
const INTERPRETER_TYPE = 3

/** Whether a 64-bit program of this machine names an interpreter, as those do that are linked with libraries; what is no such program counts as if it did. */
export function needsLibraries(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const at = Number(view.readBigUInt64LE(ELF_PROGRAMS_AT))
    const size = view.readUInt16LE(ELF_PROGRAM_SIZE_AT)
    const count = view.readUInt16LE(ELF_PROGRAM_COUNT_AT)
    const headers = Array.from({ length: count }, (_, index) => view.readUInt32LE(at + index * size))
    return headers.includes(INTERPRETER_TYPE)
  } catch {
    return true
  }
}
