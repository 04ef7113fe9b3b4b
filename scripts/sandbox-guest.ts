import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeCpio } from '../src/sandbox/guest/cpio.ts'
import { guestPlace } from '../src/node/sandbox/guest-place.ts'
import { baseFiles, buildSupervisor, kernelOfPackage } from './sandbox/guest-parts.ts'

// Makes what machines of a sandbox start from: `node scripts/sandbox-guest.ts [--out DIRECTORY] (--kernel VMLINUZ | --package DEB) [--add PATH-IN-THE-GUEST=FILE]...`
// A package of a kernel is had by `apt-get download linux-image-cloud-amd64` and what that one depends on; gcc and busybox-static have to be installed.
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: dirname(guestPlace().supervisor) },
    kernel: { type: 'string' },
    package: { type: 'string' },
    add: { type: 'string', multiple: true, default: [] },
  },
})
const { out, kernel, package: packagePath } = values
if ((kernel === undefined) === (packagePath === undefined)) {
  console.error('Give --kernel VMLINUZ or --package DEB.')
  process.exit(2)
}
const directory = resolve(out)
mkdirSync(directory, { recursive: true })
const supervisor = join(directory, 'supervisor')
buildSupervisor(supervisor)
const added = values.add.map((each) => {
  const [path = '', file = ''] = each.split('=')
  return { kind: 'file' as const, path: path.replace(/^\/+/, ''), bytes: readFileSync(file), mode: 0o755 }
})
writeFileSync(
  join(directory, 'initial-files'),
  writeCpio([...baseFiles(), ...added, { kind: 'file', path: 'init', bytes: readFileSync(supervisor), mode: 0o755 }]),
)
writeFileSync(
  join(directory, 'kernel'),
  kernel === undefined ? kernelOfPackage(packagePath ?? '') : readFileSync(kernel),
)
console.log(`kernel, initial-files and supervisor are in ${directory}.`)
