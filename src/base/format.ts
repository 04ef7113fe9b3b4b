/** Formatting of numbers for people, in one place and without locales, so that output is the same everywhere. */

/** `'$0.0012'`, `'$12.50'`: dollars with as many decimals as the size needs. */
export function formatUsd(usd: number): string {
  if (usd === 0) return '$0'
  const size = Math.abs(usd)
  if (size >= 1) return `$${usd.toFixed(2)}`
  if (size >= 0.01) return `$${usd.toFixed(4)}`
  return `$${Number(usd.toPrecision(3)).toFixed(9).replace(/0+$/, '').replace(/\.$/, '')}`
}

/** `'820 us'`, `'12 ms'`, `'3.4 s'`, `'2 min 5 s'`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} us`
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** `'12.3 %'` of a share 0..1. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** `'1.5 GiB'`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
