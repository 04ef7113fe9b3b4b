import { formatAmount } from '../../base/money.ts'
import type { Environment } from '../config/environment-document.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { HealthCheck } from '../kernell-node.ts'
import { diagnoseNetwork } from './diagnose-network.ts'
import type { FileProbe } from './file-probe.ts'

/** What a configuration promises and does not hold, and what it leaves off. Reads no file but through `isReadable`. */
export function diagnoseConfig(
  config: NodeConfig,
  environment: Environment,
  isReadable: FileProbe,
): readonly HealthCheck[] {
  return [
    {
      name: 'configuration',
      state: 'ok',
      detail: config.configFile ?? 'defaults and environment; no file',
    },
    ...diagnoseProviders(config, environment),
    diagnosePolicy(config, isReadable),
    ...diagnoseAdapter(config, isReadable),
    diagnoseCache(config, isReadable),
    diagnoseUntrusted(config, isReadable),
    diagnoseTelemetry(config),
    ...diagnoseBudgets(config),
    ...diagnosePeers(config),
    ...diagnoseStorage(config, environment),
    ...diagnoseNetwork(config.network),
  ]
}

function diagnoseProviders(config: NodeConfig, environment: Environment): readonly HealthCheck[] {
  return Object.entries(config.providers).map(([name, provider]) => {
    const { apiKeyEnv } = provider
    if (apiKeyEnv !== undefined && !environment[apiKeyEnv]) {
      return {
        name: `provider ${name}`,
        state: 'failed',
        detail: `its key variable ${apiKeyEnv} is not set`,
        remedy: `export ${apiKeyEnv}=..., or remove the provider.`,
      }
    }
    return { name: `provider ${name}`, state: 'ok', detail: `${provider.baseUrl ?? 'files'}, from ${provider.origin}` }
  })
}

function diagnosePolicy(config: NodeConfig, isReadable: FileProbe): HealthCheck {
  const { artefact } = config.policy
  const command =
    '`kernell eval routing --train ... --test ... --save policy.json`, then name the file in `policy.artefact` or `--policy`.'
  if (artefact === undefined) {
    return {
      name: 'policy',
      state: 'warning',
      detail: 'documented priors; no policy was trained on your data',
      remedy: `Run ${command}`,
    }
  }
  if (isReadable(artefact)) return { name: 'policy', state: 'ok', detail: artefact }
  return {
    name: 'policy',
    state: 'failed',
    detail: `${artefact} cannot be read`,
    remedy: `Correct the path, or run ${command}`,
  }
}

function diagnoseAdapter({ policy }: NodeConfig, isReadable: FileProbe): readonly HealthCheck[] {
  const adapter = policy.lite?.adapter
  if (adapter === undefined) return []
  if (isReadable(adapter)) return [{ name: 'policy adapter', state: 'ok', detail: adapter }]
  const remedy = 'Correct the path in `policy.lite.adapter`, or take it out.'
  return [{ name: 'policy adapter', state: 'failed', detail: `${adapter} cannot be read`, remedy }]
}

function diagnoseCache(config: NodeConfig, isReadable: FileProbe): HealthCheck {
  const { isEnabled, calibration } = config.cache
  const command =
    '`kernell eval cache --train ... --test ... --save cache.json`, then name the file in `cache.calibration` or `--cache-calibration`.'
  if (!isEnabled) return { name: 'cache', state: 'warning', detail: 'off', remedy: 'Set `cache.enabled` to true.' }
  if (calibration === undefined) {
    return {
      name: 'cache',
      state: 'warning',
      detail: 'equal requests only; similarity is off without a calibration',
      remedy: `Run ${command}`,
    }
  }
  if (isReadable(calibration))
    return { name: 'cache', state: 'ok', detail: `equal and similar requests, ${calibration}` }
  return {
    name: 'cache',
    state: 'failed',
    detail: `${calibration} cannot be read`,
    remedy: `Correct the path, or run ${command}`,
  }
}

function diagnoseUntrusted({ untrusted: { isEnabled, model } }: NodeConfig, isReadable: FileProbe): HealthCheck {
  const name = 'untrusted text'
  const command =
    '`kernell eval injection --train ... --test ... --save injection.json`, then name the file in `untrusted.model` or `--injection-model`.'
  if (!isEnabled) return { name, state: 'warning', detail: 'not scored', remedy: 'Set `untrusted.enabled` to true.' }
  if (model === undefined) return { name, state: 'warning', detail: 'scored by rules alone', remedy: `Run ${command}` }
  if (isReadable(model)) return { name, state: 'ok', detail: `scored by ${model}` }
  return { name, state: 'failed', detail: `${model} cannot be read`, remedy: `Correct the path, or run ${command}` }
}

function diagnoseTelemetry(config: NodeConfig): HealthCheck {
  if (config.telemetry.consent)
    return {
      name: 'telemetry',
      state: 'ok',
      detail: config.telemetry.keepText ? 'kept, with text' : 'kept, without text',
    }
  return { name: 'telemetry', state: 'ok', detail: 'not kept; set `telemetry.consent` to learn from outcomes' }
}

function diagnoseBudgets(config: NodeConfig): readonly HealthCheck[] {
  const isPaid = Object.values(config.providers).some((provider) => !provider.isLocal)
  if (config.budgets.length > 0)
    return [
      {
        name: 'budgets',
        state: 'ok',
        detail: config.budgets.map(({ scope, window }) => `${scope} per ${window}`).join(', '),
      },
    ]
  if (!isPaid) return []
  return [
    {
      name: 'budgets',
      state: 'warning',
      detail: 'nothing bounds what may be spent',
      remedy: 'Add { "scope": "node", "window": "day", "limitUsd": "5.00" } to `budgets`.',
    },
  ]
}

function diagnoseStorage({ storage }: NodeConfig, environment: Environment): readonly HealthCheck[] {
  if (storage === undefined) return []
  const { urlEnv, schema } = storage
  const name = 'shared store'
  if (!environment[urlEnv])
    return [
      {
        name,
        state: 'failed',
        detail: `its address variable ${urlEnv} is not set`,
        remedy: `export ${urlEnv}=postgresql://USER@HOST/DATABASE, or take \`storage\` out.`,
      },
    ]
  return [{ name, state: 'ok', detail: `PostgreSQL by ${urlEnv}, schema ${schema}` }]
}

/** That strangers read tasks is said whenever somebody looks. */
function diagnosePeers({ peers, budgets }: NodeConfig): readonly HealthCheck[] {
  if (peers === undefined) return []
  const { data, currency, usdNanosPerCredit, priceNanosMax, custody } = peers
  const whose = data.tenants.includes('*') ? 'everybody' : data.tenants.join(', ')
  const price = `${formatAmount(priceNanosMax)} credits of ${currency.slice(currency.indexOf('@') + 1)}`
  const detail = `sellers read tasks of ${whose} up to ${data.riskMax} risk; at most ${price} each (${custody}), $${formatAmount(usdNanosPerCredit)} a credit`
  if (data.tenants.length === 0)
    return [
      {
        name: 'peers',
        state: 'warning',
        detail: 'no tenant has agreed, so nothing is bought',
        remedy: 'Name tenants in `peers.tenants`, or take `peers` out.',
      },
    ]
  if (budgets.length > 0) return [{ name: 'peers', state: 'ok', detail }]
  const remedy = 'Add a limit to `budgets`: what is bought counts there at `peers.usdPerCredit`.'
  return [{ name: 'peers', state: 'warning', detail: `${detail}; nothing bounds the sum`, remedy }]
}
