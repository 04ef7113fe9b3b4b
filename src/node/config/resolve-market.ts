import type { WorkQuota, WorkQuotasInit } from '../../market/parties/selling/work-quotas.ts'
import type { MarketDocument, WorkQuotaDocument } from './config-document.ts'
import type { MarketConfig } from './node-config.ts'

/** Largest input or result: 64 MiB. */
const ARTIFACT_BYTES_DEFAULT = 67_108_864

/** Enough for whoever has work done, and not for whoever wants all of it. */
const QUOTA_DEFAULT: WorkQuota = { tasksPerMinute: 600, burst: 120, atOnce: 64, workMsPerHour: 7_200_000 }

export function resolveMarket({
  webhook,
  gossip,
  discover,
  models,
  artifactBytesMax,
  openCalls,
  quotas,
}: MarketDocument = {}): MarketConfig {
  return {
    ...(webhook !== undefined && { webhook }),
    isGossiping: gossip ?? true,
    isDiscovering: discover ?? false,
    isCallingOpenly: openCalls ?? false,
    models: models ?? [],
    artifactBytesMax: artifactBytesMax ?? ARTIFACT_BYTES_DEFAULT,
    quotas: resolveQuotas(quotas),
  }
}

function resolveQuotas({ peer = {}, skills = {} }: NonNullable<MarketDocument['quotas']> = {}): WorkQuotasInit {
  const named = Object.entries(skills).map(([skill, quota]) => [skill, resolveQuota(quota)] as const)
  return { perPeer: resolveQuota(peer), skills: new Map(named) }
}

function resolveQuota({ tasksPerMinute, burst, atOnce, workSecondsPerHour }: WorkQuotaDocument): WorkQuota {
  const perMinute = tasksPerMinute ?? QUOTA_DEFAULT.tasksPerMinute
  return {
    tasksPerMinute: perMinute,
    burst: burst ?? Math.min(perMinute, QUOTA_DEFAULT.burst),
    atOnce: atOnce ?? QUOTA_DEFAULT.atOnce,
    workMsPerHour: workSecondsPerHour === undefined ? QUOTA_DEFAULT.workMsPerHour : workSecondsPerHour * 1_000,
  }
}
