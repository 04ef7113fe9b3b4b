import { readGateReport, type GateReading } from '../../../core/learning/gate/gate-report.ts'
import type { Signer } from '../../../ports/signer.ts'
import { createNodeFileSystem } from '../../../storage/node-file-system.ts'
import { openSigningKey, verifySignature } from '../../../storage/signing-key.ts'
import { createSystemRandom } from '../../system-random.ts'

/**
 * The key of a data directory, made with the first call. It needs no lock: it is written once, and then only read.
 *
 * Throws `STORE_CORRUPTED`, `STORE_WRITE_FAILED`, `STORE_READ_FAILED`.
 */
export async function openInstallationKey(dataDir: string): Promise<Signer> {
  const fileSystem = createNodeFileSystem()
  await fileSystem.makeDirectory(dataDir)
  return await openSigningKey({ fileSystem, random: createSystemRandom() }, { directory: dataDir })
}

/** Reads gate reports that this installation signed; `undefined` for any other text. */
export function gateReportReader({
  publicKeyHex,
}: Pick<Signer, 'publicKeyHex'>): (text: string) => GateReading | undefined {
  return (text) => readGateReport(text, { verify: verifySignature, publicKeyHex })
}
