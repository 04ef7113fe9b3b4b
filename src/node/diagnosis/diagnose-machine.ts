import { access, constants, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { formatBytes } from '../../base/format.ts'
import { openFastestVerifier, type VerifierBackend } from '../../keys/sodium-signatures.ts'
import type { HealthCheck } from '../kernell-node.ts'

/** Below this much free space writes of the cache and the journal are at risk. */
const FREE_BYTES_MIN = 512 * 1024 * 1024

/** Bits of a mode with which the group or everybody may read, write or enter. */
const OTHERS = 0o077

/** The machine under a node: its Node.js, and the disk and privacy of the data directory. Creates the directory when it is not there. */
export async function diagnoseMachine(dataDir: string): Promise<readonly HealthCheck[]> {
  return [
    diagnoseRuntime(process.versions.node),
    diagnoseSignatures(openFastestVerifier().backend),
    await diagnoseDataDir(dataDir),
    ...(await diagnosePrivacy(dataDir, ['', 'store', 'budgets', 'keys', 'audit'])),
  ]
}

/** Prompts, answers and tenants' names lie in the data directory. Silent where there are no modes or no directory. */
async function diagnosePrivacy(dataDir: string, folders: readonly string[]): Promise<readonly HealthCheck[]> {
  if (process.platform === 'win32') return []
  for (const folder of folders) {
    const path = join(dataDir, folder)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || (found.mode & OTHERS) === 0) continue
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
    return [
      {
        name: 'privacy',
        state: 'warning',
        detail: `other users of this machine may look into ${path} (mode ${mode}), which holds prompts and answers`,
        remedy: `Run \`chmod -R go-rwx ${dataDir}\`, or name a directory of its own with \`--data-dir\`.`,
      },
    ]
  }
  return []
}

function diagnoseRuntime(version: string): HealthCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isFit = major > 22 || (major === 22 && minor >= 18)
  if (isFit) return { name: 'node', state: 'ok', detail: version }
  return { name: 'node', state: 'failed', detail: `${version} is too old`, remedy: 'Install Node.js 22.18 or newer.' }
}

/** Which library verifies signatures. Either is right, so a slower one is no warning. */
function diagnoseSignatures(backend: VerifierBackend): HealthCheck {
  const advice = 'a notary is faster with the optional package sodium-native, where it judges by the same rule'
  const detail = backend === 'libsodium' ? 'verified by libsodium' : `verified by ${backend}; ${advice}`
  return { name: 'signatures', state: 'ok', detail }
}

async function diagnoseDataDir(dataDir: string): Promise<HealthCheck> {
  try {
    await createNodeFileSystem().makeDirectory(dataDir)
    await access(dataDir, constants.R_OK | constants.W_OK)
    const { bavail, bsize } = await statfs(dataDir)
    const freeBytes = bavail * bsize
    const detail = `${dataDir}, ${formatBytes(freeBytes)} free`
    if (freeBytes >= FREE_BYTES_MIN) return { name: 'disk', state: 'ok', detail }
    return {
      name: 'disk',
      state: 'warning',
      detail,
      remedy: 'Free some space, or name another disk with `--data-dir`.',
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return {
      name: 'disk',
      state: 'failed',
      detail: `${dataDir}: ${why}`,
      remedy: 'Make the directory writable, or name another with `--data-dir`.',
    }
  }
}
