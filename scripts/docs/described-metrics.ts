import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { DescribedMetric } from '../../src/telemetry/metrics-registry.ts'

/** What a node says of its metrics, asked of one that is started for it and that nothing reaches. */
export async function describedMetrics(): Promise<readonly DescribedMetric[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-metrics-'))
  try {
    const config = resolveConfig({
      document: { discover: false },
      providerOrigins: {},
      environment: {},
      defaultDataDir: join(folder, 'data'),
      baseDir: folder,
    })
    const node = await createNode({ config, environment: {} })
    const described = node.describeMetrics?.() ?? []
    await node.close()
    return described
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
