import { parentPort, workerData } from 'node:worker_threads'
import { CodedError } from '../../base/errors.ts'
import { describeLoaded, type DescribeJob } from './describe-scenario.ts'
import { loadScenario } from './scenario-source.ts'

/** Loads the scenario of a file and tells what it is, on a thread of its own: a module can do anything when it is loaded. */
async function tell({ source, options }: DescribeJob): Promise<void> {
  try {
    parentPort?.postMessage({ described: describeLoaded(await loadScenario(source), options) })
  } catch (error: unknown) {
    const failure = CodedError.is(error)
      ? { code: error.code, message: error.message }
      : { code: 'SIMULATION_SCENARIO_INVALID', message: error instanceof Error ? error.message : String(error) }
    parentPort?.postMessage({ failure })
  }
}

await tell(workerData as DescribeJob)
