import type { NodeConfig } from '../node/config/node-config.ts'
import type { GatewayLimits } from './exchange.ts'

/** What a listener holds callers to: what was said when it was made, else what the configuration says, else these. */
export function completeLimits(server: NodeConfig['server'], limits: Partial<GatewayLimits> = {}): GatewayLimits {
  return {
    bodyBytesMax: server.bodyBytesMax,
    concurrentRequestsMax: server.concurrentRequestsMax,
    requestTimeoutMs: server.requestTimeoutMs,
    messagesMax: 4_096,
    headerBytesMax: 16 * 1024,
    headersTimeoutMs: 15_000,
    bodyTimeoutMs: 120_000,
    keepAliveTimeoutMs: 65_000,
    resultWaitMs: 1_000,
    batchConcurrency: 8,
    batchWindowMs: 86_400_000,
    ...limits,
  }
}
