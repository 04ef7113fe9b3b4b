/** Writes the pages and files that are made from their sources: `node scripts/docs/write.ts`. Tests hold them to it. */
import { writeFile } from 'node:fs/promises'
import { dashboardDocument } from './dashboard.ts'
import { describedMetrics } from './described-metrics.ts'
import { metricsPage } from './metrics-page.ts'

await writeFile('docs/reference/metrics.md', metricsPage(await describedMetrics()))
await writeFile('deploy/grafana/kernell.json', `${JSON.stringify(dashboardDocument(), null, 2)}\n`)
