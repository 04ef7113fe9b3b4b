import { ACCESS_TARGETS } from './access.ts'
import { AGENT_TARGETS } from './agents.ts'
import { automaticTargets, type LazyTarget } from './automatic.ts'
import { DASHBOARD_TARGETS } from './dashboard.ts'
import { DECODER_TARGETS } from './decoders.ts'
import { FILE_TARGETS } from './files.ts'
import { KERNEL_TARGETS } from './kernels.ts'
import { A2A_TARGETS } from './a2a.ts'
import { MCP_TARGETS } from './mcp.ts'
import { MODEL_STREAM_TARGETS } from './model-streams.ts'
import { POSTGRES_TARGETS } from './postgres.ts'
import { REQUEST_TARGETS } from './requests.ts'
import { STREAM_TARGETS } from './streams.ts'
import { SUPERVISOR_TARGETS } from './supervisor.ts'
import { TEXT_TARGETS } from './texts.ts'

/** Everything that `npm run fuzz` tries: what is written down, and all decoders that are not among it. */
export function allTargets(): readonly LazyTarget[] {
  const written = [
    ...DECODER_TARGETS,
    ...FILE_TARGETS,
    ...STREAM_TARGETS,
    ...MODEL_STREAM_TARGETS,
    ...TEXT_TARGETS,
    ...REQUEST_TARGETS,
    ...ACCESS_TARGETS,
    ...DASHBOARD_TARGETS,
    ...A2A_TARGETS,
    ...MCP_TARGETS,
    ...POSTGRES_TARGETS,
    ...AGENT_TARGETS,
    ...KERNEL_TARGETS,
    ...SUPERVISOR_TARGETS,
  ]
  const taken = new Set(written.flatMap(({ name, covers = [] }) => [name, ...covers]))
  return [...written, ...automaticTargets().filter(({ name }) => !taken.has(name))]
}
