import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { PolicyRegistry } from '../../ports/policy-registry.ts'
import { PRIORS_VERSION, type PolicyService } from '../policy-service.ts'

/** The policy that the configuration names: a file, or the documented priors. */
export type ConfiguredPolicy = {
  readonly service: PolicyService
  /** `undefined` for the priors. */
  readonly text: string | undefined
}

export type PolicyShelfComponents = {
  readonly registry: Pick<PolicyRegistry, 'get'>
  readonly configured: ConfiguredPolicy
  /** Makes the service of an artefact, `undefined` for the priors, with the settings of the configuration. */
  readonly createService: (artefact: PolicyArtefact | undefined) => PolicyService
}

/** Policies by version, ready to serve. Opening one takes a while; what is kept open is there at once. */
export type PolicyShelf = {
  /** Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`, `POLICY_FORMAT_NEWER`. */
  open(version: string): Promise<PolicyService>
  /** A policy that is open already. */
  find(version: string): PolicyService | undefined
  /** Lets go of all others but those that were opened last. */
  keep(versions: readonly string[]): void
}

/** Open policies besides those that serve: what a rollback may go back to, or a promotion may be about to need. */
const SPARE_MAX = 2

export function createPolicyShelf({ registry, configured, createService }: PolicyShelfComponents): PolicyShelf {
  const opened = new Map<string, PolicyService>([[configured.service.version, configured.service]])
  const find = (version: string): PolicyService | undefined => {
    if (version === configured.service.version) return configured.service
    const known = opened.get(version)
    if (known !== undefined) return known
    if (version !== PRIORS_VERSION) return undefined
    const priors = createService(undefined)
    opened.set(version, priors)
    return priors
  }
  return {
    find,
    async open(version) {
      const known = find(version)
      if (known !== undefined) return known
      const service = createService(await registry.get(version))
      opened.set(version, service)
      return service
    },
    keep(versions) {
      const spare = [...opened.keys()].filter((version) => !versions.includes(version))
      for (const version of spare.slice(0, Math.max(0, spare.length - SPARE_MAX))) opened.delete(version)
    },
  }
}
