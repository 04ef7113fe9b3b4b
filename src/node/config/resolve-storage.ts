import type { StorageDocument } from './config-document.ts'
import type { StorageConfig } from './node-config.ts'

/** `undefined` where the node keeps everything in its data directory. */
export function resolveStorage(
  document: StorageDocument | undefined,
  absolute: (path: string) => string,
): StorageConfig | undefined {
  if (document === undefined || document.kind === 'level') return undefined
  const { urlEnv, schema, passwordFile, poolMax, statementTimeoutMs, leaseMs, staleMs } = document
  return {
    kind: 'postgresql',
    urlEnv: urlEnv ?? 'KERNELL_DATABASE_URL',
    schema: schema ?? 'kernell',
    ...(passwordFile !== undefined && { passwordFile: absolute(passwordFile) }),
    poolMax: poolMax ?? 10,
    statementTimeoutMs: statementTimeoutMs ?? 10_000,
    leaseMs: leaseMs ?? 15_000,
    staleMs: staleMs ?? 300_000,
  }
}
