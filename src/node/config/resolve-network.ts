import { resolve } from 'node:path'
import type { NetworkDocument } from './config-document.ts'
import type { NetworkConfig } from './node-config.ts'

/** @param baseDir  Folder that relative paths start from. */
export function resolveNetwork(
  { listen = [], announce = [], bootstrap = [], mdns, relay, table, keyFile }: NetworkDocument = {},
  baseDir: string,
): NetworkConfig {
  return {
    listen,
    announce,
    bootstrap,
    isMdnsOn: mdns ?? false,
    isRelay: relay ?? false,
    ...(table !== undefined && { table }),
    ...(keyFile !== undefined && { keyFile: resolve(baseDir, keyFile) }),
  }
}
