import { readGateReport, type GateReading } from '../../../core/learning/gate/gate-report.ts'
import { createNodeSigner, createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import type { Signer } from '../../../ports/signer.ts'
import { createNodeFileSystem } from '../../../storage/node-file-system.ts'
import { openSigningSeed } from '../../../storage/signing-key.ts'
import { createSystemRandom } from '../../system-random.ts'

/**
 * The key of a data directory, made with the first call. It needs no lock: it is written once, and then only read.
 *
 * Throws `STORE_CORRUPTED`, `STORE_WRITE_FAILED`, `STORE_READ_FAILED`.
 */
export async function openInstallationKey(dataDir: string): Promise<Signer> {
  const fileSystem = createNodeFileSystem()
  await fileSystem.makeDirectory(dataDir)
  return createNodeSigner(await openSigningSeed({ fileSystem, random: createSystemRandom() }, { directory: dataDir }))
}

/** Reads gate reports that this installation signed; `undefined` for any other text. */
export function gateReportReader({
  publicKeyHex,
}: Pick<Signer, 'publicKeyHex'>): (text: string) => GateReading | undefined {
  const verify = verifySignatureWith(createNodeVerifier({ keysMax: 1 }))
  return (text) => readGateReport(text, { verify, publicKeyHex })
}
