import { MONEY_TORTURE } from './torture/money-torture.ts'
const t = performance.now()
const r = await MONEY_TORTURE.run({runs: Number(process.argv[2]), deadlineMs: undefined, firstSeed: Number(process.argv[3] ?? 1), plant:'', log: ()=>{}})
console.log(JSON.stringify(r, null, 1), performance.now()-t)
