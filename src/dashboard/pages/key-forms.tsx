import { type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import type { Form, FormField, FormValues } from '../parts/form-dialog.tsx'
import { Words } from '../parts/words.tsx'
import { given, manage, wholeGiven, writtenOf } from '../state/administration.ts'

const ROLES = ['member', 'viewer', 'operator', 'admin'] as const
const WINDOWS = ['hour', 'day', 'month', 'total'] as const
const RATES = ['requests_per_minute', 'tokens_per_minute', 'concurrent_requests'] as const
const DAY_S = 86_400

/** Told the secret of a key, which no other answer of the node has. */
export type OnSecret = (secret: string) => void

export function newKeyForm(tenant: string, onSecret: OnSecret): Form {
  return {
    title: 'New API key',
    text: 'Once there is a key, every request to the node needs one.',
    act: 'Make the key',
    fields: [
      { name: 'tenant', label: 'Tenant', value: tenant, isRequired: true },
      { name: 'team', label: 'Team', hint: 'its name alone; none where empty' },
      { name: 'label', label: 'Label', hint: 'what it is for' },
      { name: 'role', label: 'Role', choices: ROLES, value: 'member' },
      { name: 'days', label: 'Expires in', hint: 'days; never where empty' },
      { name: 'day', label: 'Budget of a day', hint: 'dollars; none where empty' },
      { name: 'requests_per_minute', label: 'Requests per minute', hint: 'no limit where empty' },
    ],
    async run(values) {
      const days = wholeGiven(values, 'days')
      const rate = wholeGiven(values, 'requests_per_minute')
      const { tenant: of = '', team = '', role, day = '' } = values
      const body = {
        ...(team === '' ? { tenant: of } : { team: `${of}/${team}` }),
        role,
        ...given(values, 'label'),
        ...(days !== undefined && { expires_in_seconds: days * DAY_S }),
        ...(day !== '' && { budgets: { day } }),
        ...(rate !== undefined && { rate_limits: { requests_per_minute: rate } }),
      }
      onSecret(textOf((await manage('keys', { method: 'POST', body }))['key']))
    },
  }
}

export function newTenantForm(): Form {
  return {
    title: 'New tenant',
    text: 'What belongs to one tenant, its keys, cached answers and records, no other sees.',
    act: 'Make the tenant',
    fields: [
      { name: 'id', label: 'Name', hint: 'letters, digits and . _ : -', isRequired: true },
      { name: 'organisation', label: 'Organisation', hint: 'one that there is; none where empty' },
    ],
    run: async (values) =>
      await manage('tenants', {
        method: 'POST',
        body: { ...given(values, 'id'), ...given(values, 'organisation') },
      }),
  }
}

/** Limits of a key as they are, to be changed; made to what was read and nothing newer. */
export function limitsForm(key: JsonObject): Form {
  const budgets = budgetTexts(key)
  const rates = objectOf(key['rate_limits'])
  const fields: readonly FormField[] = [
    { name: 'label', label: 'Label', value: textOf(key['label']) },
    {
      name: 'disabled',
      label: 'State',
      choices: ['enabled', 'disabled'],
      value: key['is_disabled'] === true ? 'disabled' : 'enabled',
    },
    ...WINDOWS.map((window) => ({
      name: window,
      label: `Budget, ${window}`,
      hint: 'dollars; none where empty',
      value: budgets[window] ?? '',
    })),
    ...RATES.map((rate) => ({
      name: rate,
      label: rate.replaceAll('_', ' '),
      hint: 'no limit where empty',
      value: writtenOf(rates[rate]),
    })),
  ]
  return {
    title: 'Limits of the key',
    act: 'Set',
    fields,
    run: async (values) => await manage(pathOf(key), { method: 'PATCH', body: changesOf(key, values) }),
  }
}

function changesOf(key: JsonObject, values: FormValues): object {
  const before = budgetTexts(key)
  const budgets = WINDOWS.filter((window) => (before[window] ?? '') !== (values[window] ?? '')).map((window) => [
    window,
    values[window] === '' ? null : values[window],
  ])
  const rates = RATES.flatMap((rate) => {
    const value = wholeGiven(values, rate)
    return value === undefined ? [] : [[rate, value] as const]
  })
  return {
    label: values['label'] === '' ? null : values['label'],
    is_disabled: values['disabled'] === 'disabled',
    rate_limits: rates.length === 0 ? null : Object.fromEntries(rates),
    ...(budgets.length > 0 && { budgets: Object.fromEntries(budgets) }),
    revision: numberOf(key['revision']),
  }
}

export function rotateForm(key: JsonObject, onSecret: OnSecret): Form {
  return {
    title: 'New secret',
    text: (
      <NamedKey
        of={key}
        says="gets another secret. The one of before is taken for a while, so that programs can change over."
      />
    ),
    act: 'Make the secret',
    fields: [
      {
        name: 'hours',
        label: 'The old one is taken for',
        hint: 'hours; 0 for no longer',
        value: '24',
        isRequired: true,
      },
    ],
    async run(values) {
      const hours = wholeGiven(values, 'hours') ?? 0
      const answer = await manage(`${pathOf(key)}/rotate`, { method: 'POST', body: { grace_seconds: hours * 3_600 } })
      onSecret(textOf(answer['key']))
    },
  }
}

export function revokeForm(key: JsonObject): Form {
  return {
    title: 'Revoke the key',
    text: <NamedKey of={key} says="is taken by the node no more, from now on and for good." />,
    act: 'Revoke',
    isDangerous: true,
    fields: [],
    run: async () => await manage(`${pathOf(key)}/revoke`, { method: 'POST' }),
  }
}

export function removeForm(key: JsonObject): Form {
  return {
    title: 'Delete the key',
    text: <NamedKey of={key} says="goes from the list, with its limits. What was recorded of it stays." />,
    act: 'Delete',
    isDangerous: true,
    fields: [],
    run: async () => await manage(pathOf(key), { method: 'DELETE' }),
  }
}

function NamedKey({ of, says }: { readonly of: JsonObject; readonly says: string }) {
  const label = textOf(of['label'])
  return (
    <>
      <Words text={label === '' ? textOf(of['id']) : label} most={80} /> {says}
    </>
  )
}

function pathOf(key: JsonObject): string {
  return `keys/${encodeURIComponent(textOf(key['id']))}`
}

/** Limits by window, as they are written. */
function budgetTexts(key: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    rowsOf(key['budgets']).map((budget): readonly [string, string] => [
      textOf(budget['window']),
      writtenOf(budget['limit_usd']),
    ]),
  )
}
