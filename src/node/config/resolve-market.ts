import type { MarketDocument } from './config-document.ts'
import type { MarketConfig } from './node-config.ts'

export function resolveMarket({ webhook, gossip, discover, models }: MarketDocument = {}): MarketConfig {
  return {
    ...(webhook !== undefined && { webhook }),
    isGossiping: gossip ?? true,
    isDiscovering: discover ?? false,
    models: models ?? [],
  }
}
