import { createActor } from 'kernell-os/actors'
import { programsOn } from './cases-on-host.ts'
import { createKernellHost } from './kernell-host.ts'
import type { Program } from './program.ts'
import type { CreateActor } from './siblings.ts'

export const programs: Readonly<Record<string, Program>> = programsOn(createKernellHost, createActor as CreateActor)
