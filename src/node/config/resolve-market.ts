import type { MarketDocument } from './config-document.ts'
import type { MarketConfig } from './node-config.ts'

/** Largest input or result: 64 MiB. */
const ARTIFACT_BYTES_DEFAULT = 67_108_864

export function resolveMarket({
  webhook,
  gossip,
  discover,
  models,
  artifactBytesMax,
  openCalls,
}: MarketDocument = {}): MarketConfig {
  return {
    ...(webhook !== undefined && { webhook }),
    isGossiping: gossip ?? true,
    isDiscovering: discover ?? false,
    isCallingOpenly: openCalls ?? false,
    models: models ?? [],
    artifactBytesMax: artifactBytesMax ?? ARTIFACT_BYTES_DEFAULT,
  }
}
